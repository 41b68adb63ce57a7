"""Python and the packages: are they those that Parallagon was tested with?"""

import importlib.metadata
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from django.conf import settings
from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from parallagon.doctor.finding import Finding, fine, problem, warning

OLDEST, NEWEST = (3, 11), (3, 12)
LOCK: Final = "requirements/base.txt"
_NAMED: Final = 5
INSTALL: Final = f"Install exactly what it names: pip install -r {LOCK}."


def examine() -> Iterator[Finding]:
    """Compare with what the lock names."""
    version = ".".join(str(part) for part in sys.version_info[:3])
    if OLDEST <= sys.version_info[:2] <= NEWEST:
        yield fine("code.python", f"Python is {version}.")
    else:
        yield problem(
            "code.python",
            f"Python is {version}, which Parallagon is not made for.",
            "Use Python 3.11 or 3.12.",
        )
    yield from packages(Path(settings.BASE_DIR) / LOCK)


def packages(lock: Path) -> Iterator[Finding]:
    """Compare the installed packages with a lock."""
    try:
        wanted = dict(_wanted(lock.read_text(encoding="utf-8")))
    except OSError:
        yield warning(
            "code.lock",
            f"There is no {LOCK} beside the code, so packages could not be compared.",
            "Look whether the installation is complete.",
        )
        return
    found = {
        str(canonicalize_name(one.metadata["Name"] or "")): one.version
        for one in importlib.metadata.distributions()
    }
    missing = [name for name in wanted if name not in found]
    if missing:
        yield problem("code.missing", f"Packages are missing: {_some(missing)}.", INSTALL)
    others = [
        f"{name} {found[name]} instead of {version}"
        for name, version in wanted.items()
        if found.get(name, version) != version
    ]
    if others:
        yield warning(
            "code.packages", f"Packages are not those of {LOCK}: {_some(others)}.", INSTALL
        )
    if not missing and not others:
        yield fine("code.packages", f"All {len(wanted)} packages are those of {LOCK}.")


def _wanted(text: str) -> Iterator[tuple[str, str]]:
    """Yield name and version of each package that this machine needs."""
    for line in text.splitlines():
        if not line or line[0] in " #-":
            continue
        try:
            one = Requirement(line.rstrip("\\ "))
        except InvalidRequirement:
            continue
        versions = [each.version for each in one.specifier if each.operator == "=="]
        if versions and (one.marker is None or one.marker.evaluate()):
            yield canonicalize_name(one.name), versions[0]


def _some(names: list[str]) -> str:
    rest = len(names) - _NAMED
    return ", ".join(names[:_NAMED]) + (f" and {rest} more" if rest > 0 else "")
