"""How much is read in one run: whole files, the smallest first, as long as there is room."""

from collections.abc import Mapping

MOST_CHARACTERS = 8_000_000
"""Some two seconds of reading; a mission that holds more is far beyond what a model is shown."""


def within_bounds(files: Mapping[str, str]) -> tuple[dict[str, str], tuple[str, ...]]:
    """Return the files that fit, by path, and the paths of those that do not."""
    room = MOST_CHARACTERS
    fitting: set[str] = set()
    for path in sorted(files, key=lambda path: (len(files[path]), path)):
        room -= len(files[path])
        if room < 0:
            break
        fitting.add(path)
    left = tuple(path for path in sorted(files) if path not in fitting)
    return {path: files[path] for path in sorted(fitting)}, left
