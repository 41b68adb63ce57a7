"""Know which models this installation can reach, and where their calls go."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from agents.gateway.discovery import list_models
from agents.gateway.keys import KeyUnreadable, has_key, read_key
from agents.gateway.protocol import GatewayError, Upstream

OFFLINE_MODEL = "offline/writer"


class ModelUnavailable(GatewayError):  # noqa: N818 - says what happened
    """A model that cannot be used here; the text is a sentence that names what to set."""


@dataclass(frozen=True, kw_only=True)
class ModelOption:
    """A model that can be chosen. `needs` names the variables that make it reachable."""

    name: str
    label: str
    provider: str
    is_offline: bool
    needs: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Provider:
    """Someone who speaks the OpenAI protocol.

    Without `base_url` the address comes from `base_variable` alone, and so does what is offered:
    the server itself is asked for its models.
    """

    prefix: str
    label: str
    key_variable: str
    base_url: str = ""
    base_variable: str = ""
    base_ending: str = ""
    needs_key: bool = True
    models: tuple[str, ...] = ()

    def address(self, environment: Mapping[str, str]) -> str:
        """Return where the provider is, "" when that is not known here.

        Raises ModelUnavailable for an address that is none.
        """
        own = environment.get(self.base_variable, "").strip().rstrip("/")
        if not own:
            return self.base_url
        if not _is_address(own):
            raise ModelUnavailable(
                f"{self.base_variable} is not an address such as http://127.0.0.1:8001/v1."
            )
        return own if own.endswith(self.base_ending) else own + self.base_ending

    def is_custom(self, environment: Mapping[str, str]) -> bool:
        """Tell whether calls go to an address of the installation's own."""
        return bool(environment.get(self.base_variable, "").strip())

    def key_missing(self, environment: Mapping[str, str]) -> bool:
        """Tell whether a key is needed and not set. Servers of one's own may do without."""
        needs_key = self.needs_key and not self.is_custom(environment)
        return needs_key and not has_key(self.key_variable, environment)


PROVIDERS = (
    Provider(
        prefix="openai",
        label="OpenAI",
        key_variable="OPENAI_API_KEY",
        base_url="https://api.openai.com/v1",
        base_variable="OPENAI_API_BASE",
        models=("gpt-4o", "gpt-4o-mini", "gpt-4.1", "gpt-4.1-mini"),
    ),
    Provider(
        prefix="openrouter",
        label="OpenRouter",
        key_variable="OPENROUTER_API_KEY",
        base_url="https://openrouter.ai/api/v1",
        base_variable="OPENROUTER_API_BASE",
        models=(
            "anthropic/claude-sonnet-4",
            "google/gemini-2.5-pro",
            "deepseek/deepseek-chat",
            "mistralai/mistral-large",
        ),
    ),
    Provider(
        prefix="mistral",
        label="Mistral",
        key_variable="MISTRAL_API_KEY",
        base_url="https://api.mistral.ai/v1",
        base_variable="MISTRAL_API_BASE",
        models=("mistral-large-latest", "mistral-medium-latest", "mistral-small-latest"),
    ),
    Provider(
        prefix="deepseek",
        label="DeepSeek",
        key_variable="DEEPSEEK_API_KEY",
        base_url="https://api.deepseek.com/v1",
        base_variable="DEEPSEEK_API_BASE",
        models=("deepseek-chat",),
    ),
    Provider(
        prefix="ollama",
        label="Ollama",
        key_variable="OLLAMA_API_KEY",
        base_variable="OLLAMA_API_BASE",
        base_ending="/v1",
        needs_key=False,
    ),
)
_BY_PREFIX = {provider.prefix: provider for provider in PROVIDERS}


def available_models(environment: Mapping[str, str]) -> list[ModelOption]:
    """Return what can be chosen here, the offline writer last.

    Asks servers of the installation's own for their models: each is waited for at most a second,
    and the answer is kept for half a minute.
    """
    options = [option for provider in PROVIDERS for option in _options(provider, environment)]
    named = environment.get("PARALLAGON_MODEL", "").strip()
    if named and named not in {option.name for option in options}:
        options += _named_option(named, environment)
    offline = ModelOption(
        name=OFFLINE_MODEL,
        label="Offline writer",
        provider="offline",
        is_offline=True,
        needs=(),
    )
    return [*options, offline]


def _is_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def _options(provider: Provider, environment: Mapping[str, str]) -> Iterator[ModelOption]:
    if provider.key_missing(environment):
        return
    for model in _models_of(provider, environment):
        yield _option(provider, model, environment)


def _models_of(provider: Provider, environment: Mapping[str, str]) -> tuple[str, ...]:
    """Return the models' names at a provider: its own list, or a few known ones."""
    if not provider.is_custom(environment):
        return provider.models if provider.base_url else ()
    try:
        key = read_key(provider.key_variable, environment)
        return list_models(provider.address(environment), key)
    except (ModelUnavailable, KeyUnreadable):
        return ()


def _option(provider: Provider, model: str, environment: Mapping[str, str]) -> ModelOption:
    is_custom = provider.is_custom(environment)
    needs = (provider.base_variable if is_custom else provider.key_variable,)
    return ModelOption(
        name=f"{provider.prefix}/{model}",
        label=f"{model} ({provider.label})",
        provider=provider.prefix,
        is_offline=False,
        needs=needs,
    )


def _named_option(name: str, environment: Mapping[str, str]) -> list[ModelOption]:
    """Return the installation's default model as an option, if it can be used."""
    try:
        resolve(name, environment)
    except ModelUnavailable:
        return []
    prefix, _, model = name.partition("/")
    return [_option(_BY_PREFIX[prefix], model, environment)] if prefix in _BY_PREFIX else []


def resolve(name: str, environment: Mapping[str, str]) -> Upstream:
    """Return where calls to this model go. Raises ModelUnavailable with what to set."""
    if name == OFFLINE_MODEL:
        return Upstream(kind="offline", model="writer")
    prefix, _, model = name.partition("/")
    provider = _BY_PREFIX.get(prefix)
    if provider is None or not model:
        known = ", ".join([*(f"{one}/…" for one in _BY_PREFIX), OFFLINE_MODEL])
        raise ModelUnavailable(f"The model {name!r} is not known here. Known are {known}.")
    if provider.key_missing(environment):
        variable = provider.key_variable
        raise ModelUnavailable(f"Set {variable} (or {variable}_FILE) to use {name}.")
    base_url = provider.address(environment)
    if not base_url:
        raise ModelUnavailable(f"Set {provider.base_variable} to use {name}.")
    has_own_key = has_key(provider.key_variable, environment)
    return Upstream(
        kind="openai",
        base_url=base_url,
        key_variable=provider.key_variable if has_own_key else None,
        model=model,
    )


def variables() -> tuple[str, ...]:
    """Return the variables that make models reachable, for a hint to people."""
    keys = [provider.key_variable for provider in PROVIDERS if provider.needs_key]
    return (*keys, "OPENAI_API_BASE", "OLLAMA_API_BASE")
