"""Which browser a session was begun with, in words that its person recognizes."""

from typing import Final

# In this order: most browsers claim to be others too.
_BROWSERS: Final = {
    "Edg": "Edge",
    "OPR/": "Opera",
    "Firefox/": "Firefox",
    "FxiOS/": "Firefox",
    "Chrome/": "Chrome",
    "CriOS/": "Chrome",
    "Safari/": "Safari",
}
_SYSTEMS: Final = {
    "Windows": "Windows",
    "Android": "Android",
    "iPhone": "iPhone",
    "iPad": "iPad",
    "CrOS": "ChromeOS",
    "Mac OS X": "macOS",
    "Linux": "Linux",
}


def browser_of(agent: str) -> str:
    """Return browser and system; the beginning of what it calls itself where it is another."""
    names = [_first(agent, _BROWSERS), _first(agent, _SYSTEMS)]
    return " · ".join(name for name in names if name) or agent[:40]


def _first(agent: str, names: dict[str, str]) -> str:
    return next((name for mark, name in names.items() if mark in agent), "")
