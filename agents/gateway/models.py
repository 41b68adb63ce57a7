"""Know which models this installation can reach, and where their calls go."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from agents.gateway.discovery import Server, ask_all
from agents.gateway.keys import KeyUnreadable, read_key
from agents.gateway.protocol import Upstream
from agents.gateway.providers import BY_PREFIX, PROVIDERS, FamilyName, ModelUnavailable, Provider

OFFLINE_MODEL = "offline/writer"

__all__ = ["OFFLINE_MODEL", "ModelOption", "ModelUnavailable", "available_models",
           "key_variables", "resolve", "variables"]  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class ModelOption:
    """A model that can be chosen. `needs` names the variables that make it reachable."""

    name: str
    label: str
    provider: str
    family: FamilyName
    is_offline: bool
    needs: tuple[str, ...]


def available_models(environment: Mapping[str, str]) -> list[ModelOption]:
    """Return what can be chosen here, the offline writer last.

    Asks servers of the installation's own for their models, all at once: together they are waited
    for little more than a second, and the answers are kept for half a minute.
    """
    reachable = [provider for provider in PROVIDERS if not provider.key_missing(environment)]
    told = _models_told(reachable, environment)
    options = [
        _option(provider, model, environment)
        for provider in reachable
        for model in told.get(provider.prefix, provider.models)
    ]
    named = environment.get("PARALLAGON_MODEL", "").strip()
    if named and named not in {option.name for option in options}:
        options += _named_option(named, environment)
    offline = ModelOption(
        name=OFFLINE_MODEL,
        label="Offline writer",
        provider="offline",
        family="openai",
        is_offline=True,
        needs=(),
    )
    return [*options, offline]


def _models_told(
    providers: list[Provider], environment: Mapping[str, str]
) -> dict[str, tuple[str, ...]]:
    """Return, by provider, the models that servers of the installation's own tell."""
    servers: dict[str, Server] = {}
    told: dict[str, tuple[str, ...]] = {}
    for provider in providers:
        if not provider.is_custom(environment):
            continue
        try:
            servers[provider.prefix] = _server(provider, environment)
        except (ModelUnavailable, KeyUnreadable):
            told[provider.prefix] = ()
    for prefix, models in ask_all(servers).items():
        kept = BY_PREFIX[prefix].models if BY_PREFIX[prefix].keeps_models else ()
        told[prefix] = models or kept
    return told


def reachable(environment: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
    """Ask every provider that is set up for its models; none from one that does not answer."""
    servers: dict[str, Server] = {}
    answers: dict[str, tuple[str, ...]] = {}
    for provider in PROVIDERS:
        is_set = provider.key_variable(environment) or provider.is_custom(environment)
        if not is_set:
            continue
        try:
            servers[provider.label] = _server(provider, environment)
        except (ModelUnavailable, KeyUnreadable):
            answers[provider.label] = ()
    return {**answers, **ask_all(servers)}


def _server(provider: Provider, environment: Mapping[str, str]) -> Server:
    variable = provider.key_variable(environment)
    return Server(
        base_url=provider.address(environment),
        family=provider.family,
        key=read_key(variable, environment) if variable else None,
    )


def _option(provider: Provider, model: str, environment: Mapping[str, str]) -> ModelOption:
    is_custom = provider.is_custom(environment)
    key_variable = provider.key_variable(environment) or provider.key_variables[0]
    return ModelOption(
        name=f"{provider.prefix}/{model}",
        label=f"{model} ({provider.label})",
        provider=provider.prefix,
        family=provider.family,
        is_offline=False,
        needs=(provider.base_variable if is_custom else key_variable,),
    )


def _named_option(name: str, environment: Mapping[str, str]) -> list[ModelOption]:
    """Return the installation's default model as an option, if it can be used."""
    try:
        resolve(name, environment)
    except ModelUnavailable:
        return []
    prefix, _, model = name.partition("/")
    return [_option(BY_PREFIX[prefix], model, environment)] if prefix in BY_PREFIX else []


def resolve(name: str, environment: Mapping[str, str]) -> Upstream:
    """Return where calls to this model go. Raises ModelUnavailable with what to set."""
    if name == OFFLINE_MODEL:
        return Upstream(kind="offline", model="writer")
    prefix, _, model = name.partition("/")
    provider = BY_PREFIX.get(prefix)
    if provider is None or not model:
        known = ", ".join([*(f"{one}/…" for one in BY_PREFIX), OFFLINE_MODEL])
        raise ModelUnavailable(f"The model {name!r} is not known here. Known are {known}.")
    if provider.key_missing(environment):
        variable = provider.key_variables[0]
        raise ModelUnavailable(f"Set {variable} (or {variable}_FILE) to use {name}.")
    base_url = provider.address(environment)
    if not base_url:
        raise ModelUnavailable(f"Set {provider.base_variable} to use {name}.")
    return Upstream(
        kind=provider.family,
        base_url=base_url,
        key_variable=provider.key_variable(environment),
        model=model,
    )


def configured_families(environment: Mapping[str, str]) -> tuple[FamilyName, ...]:
    """Return the protocols that models reachable here speak; the offline writer speaks OpenAI's."""
    reachable = (one.family for one in PROVIDERS if not one.key_missing(environment))
    return tuple(dict.fromkeys(["openai", *reachable]))


def key_variables(model: str) -> tuple[str, ...]:
    """Return the variables of which one holds the key of a model; none where it has no key."""
    provider = BY_PREFIX.get(model.partition("/")[0])
    return provider.key_variables if provider else ()


def variables() -> tuple[str, ...]:
    """Return the variables that make models reachable, for a hint to people."""
    keys = [provider.key_variables[0] for provider in PROVIDERS if provider.needs_key]
    return (*keys, "OPENAI_API_BASE", "OLLAMA_API_BASE")
