"""The words of engine and gateway, which know no Django, in the language of the mission."""

from django.utils.translation import gettext

from agents.aider.protocol import REMARKS
from agents.gateway.failures import SENTENCES
from agents.models import Failure

ENDINGS = (
    "the engine process ended during the run",
    "the engine process ended",
    "the gateway restarted while the run was at work",
    "the run wrote more output than it may",
    "the run took more than",
    *REMARKS.values(),
)
"""How sentences begin that may end a run; what follows is a figure or a provider's own words."""


def in_words(reason: str) -> str:
    """Return ``reason`` with its known beginning translated."""
    for known in (*SENTENCES.values(), *ENDINGS):
        if reason.startswith(known):
            return gettext(known) + reason.removeprefix(known)
    return reason


def with_advice(failure: str, reason: str) -> str:
    """Return ``reason`` in words, followed by what a person can do where only a person can."""
    words = in_words(reason)
    advices: dict[str, str] = {
        Failure.UNAUTHORIZED: gettext("Check the provider's key, or choose another model."),
        Failure.NOT_FOUND: gettext("Choose another model, or check the provider's address."),
        Failure.REPLY_TOO_LONG: gettext(
            "Shorten the files, or choose a model that writes longer replies."
        ),
        Failure.CONTEXT_TOO_LONG: gettext(
            "Shorten the files, or choose a model that reads longer ones."
        ),
    }
    advice = advices.get(failure)
    return f"{words.rstrip('.')}. {advice}" if advice else words
