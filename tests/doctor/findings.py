"""What the doctor said, for tests to look into."""

from collections.abc import Iterable

from parallagon.doctor import Finding


def codes(findings: Iterable[Finding]) -> dict[str, str]:
    """Return the level of each code; every finding that is not fine says what to do."""
    found = list(findings)
    assert all(one.advice for one in found if one.level != "fine")
    assert all(one.sentence.endswith((".", ")")) for one in found)
    return {one.code: one.level for one in found}


def bad(findings: Iterable[Finding]) -> dict[str, str]:
    """Return the codes of what is not fine."""
    return {code: level for code, level in codes(findings).items() if level != "fine"}
