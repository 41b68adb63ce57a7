"""The words of engine and gateway, which know no Django, in the language of the mission."""

from django.utils.translation import gettext

from agents.gateway.failures import SENTENCES

ENDINGS = (
    "the engine process ended during the run",
    "the engine process ended",
    "the gateway restarted while the run was at work",
    "the run wrote more output than it may",
    "the run took more than",
)
"""How sentences begin that may end a run; what follows is a figure or a provider's own words."""


def in_words(reason: str) -> str:
    """Return ``reason`` with its known beginning translated."""
    for known in (*SENTENCES.values(), *ENDINGS):
        if reason.startswith(known):
            return gettext(known) + reason.removeprefix(known)
    return reason
