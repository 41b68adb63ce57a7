"""Models: whose keys are set, what the default one needs, what prices are known."""

from collections.abc import Iterator, Mapping

from django.conf import settings

from agents.gateway import prices
from agents.gateway.keys import KeyUnreadable, has_key, read_key
from agents.gateway.models import OFFLINE_MODEL, reachable, resolve
from agents.gateway.offline.writer import write_reply
from agents.gateway.protocol import GatewayError
from agents.gateway.providers import PROVIDERS
from parallagon.doctor.finding import Finding, fine, problem, warning


def examine() -> Iterator[Finding]:
    """Look at what is set; nobody is asked."""
    environment = settings.ENVIRONMENT
    yield from _default(settings.PARALLAGON_MODEL, environment)
    yield _offline()
    yield from _keys(environment)
    yield from _prices(settings.PARALLAGON_MODEL)


def _default(name: str, environment: Mapping[str, str]) -> Iterator[Finding]:
    try:
        resolve(name, environment)
    except GatewayError as error:
        yield problem(
            "models.default",
            f"The model of new missions, {name}, cannot be used: {error}",
            "Do so, or set PARALLAGON_MODEL to another one.",
        )
    else:
        yield fine("models.default", f"New missions use {name}.")


def _offline() -> Finding:
    """Let the offline writer answer a question that is none of Parallagon's."""
    try:
        reply = write_reply([{"role": "user", "content": "Is anybody there?"}])
    except Exception as error:  # noqa: BLE001, RUF100 - whatever is broken in it
        reply = f"{type(error).__name__}: {error}"
        is_well = False
    else:
        is_well = bool(reply.strip())
    if is_well:
        return fine("models.offline", f"{OFFLINE_MODEL} answers, without a key or a network.")
    return problem(
        "models.offline",
        f"{OFFLINE_MODEL} does not answer ({reply.strip() or 'it said nothing'}).",
        "Look whether the installation is complete, and report this.",
    )


def _keys(environment: Mapping[str, str]) -> Iterator[Finding]:
    """Tell names of variables, never what they hold."""
    set_ = []
    for variable in dict.fromkeys(v for one in PROVIDERS for v in one.key_variables):
        if not has_key(variable, environment):
            continue
        try:
            read_key(variable, environment)
            set_.append(variable)
        except KeyUnreadable as error:
            yield problem(
                "models.key", str(error), f"Mend {variable}, or the file it is read from."
            )
    if set_:
        yield fine("models.keys", f"Keys are set in {', '.join(set_)}.")
    else:
        yield fine(
            "models.keys", "No key of a provider is set: the offline writer is all there is."
        )


def _prices(name: str) -> Iterator[Finding]:
    if not prices.is_known():
        yield warning(
            "models.prices",
            "LiteLLM's table of prices is not there: what runs cost is not known.",
            "Install the packages of requirements/base.txt, or tell prices in PARALLAGON_PRICES.",
        )
        return
    known = name == OFFLINE_MODEL or name in settings.PARALLAGON_PRICES or prices.price_of(name)
    if known:
        yield fine("models.prices", f"The price of {name} is known.")
    else:
        yield warning(
            "models.prices",
            f"Nobody told the price of {name}: it counts as its provider's dearest.",
            f"Tell it: PARALLAGON_PRICES={name}=input/output in dollars a million tokens.",
        )


def ask(environment: Mapping[str, str]) -> Iterator[Finding]:
    """Ask every provider whose key or address is set for its models."""
    for provider, answer in reachable(environment).items():
        if answer:
            yield fine("models.reachable", f"{provider} answers, with {len(answer)} models.")
        else:
            yield problem(
                "models.reachable",
                f"{provider} did not tell its models within a second or two.",
                "Look at its key, its address, and whether this machine may reach it.",
            )
