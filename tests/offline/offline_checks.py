"""What a reader with a script would check in the documents; nothing of ours is used."""

import re

MODAL = re.compile(r"\b(must|shall|should|doit|doivent|devra|devront|faut)\b", re.IGNORECASE)


def plain(text: str) -> str:
    return " ".join(text.split())


def obliging_sentences(request: str) -> list[str]:
    """Return the sentences of a request that oblige, split naively, without code and headings."""
    text = re.sub(r"^(```|~~~).*?^\1", "", request, flags=re.MULTILINE | re.DOTALL)
    text = re.sub(r"^#.*$", "", text, flags=re.MULTILINE)
    text = re.sub(r"^\s*(?:[-*+]|\d+[.)]|>)\s+", "\n", text, flags=re.MULTILINE)
    sentences = []
    for paragraph in re.split(r"\n\s*\n", text):
        sentences += re.split(r"(?<=[.!?])\s+", " ".join(paragraph.split()))
    return [sentence for sentence in sentences if MODAL.search(sentence)]


def numbers(specifications: str) -> list[int]:
    """Return the numbers of the requirements, in the order of the text."""
    found = re.findall(r"^- \*\*R(\d+)\*\*", specifications, re.MULTILINE)
    return [int(number) for number in found]


def sections(production: str) -> dict[int, str]:
    """Return the bodies of the requirements' sections."""
    parts = re.split(r"^## R(\d+)\b.*$", production, flags=re.MULTILINE)
    return {int(n): body.strip() for n, body in zip(parts[1::2], parts[2::2], strict=True)}


def coverage(files: dict[str, str]) -> tuple[int, int]:
    """Return how many requirements have a section that says something, and how many have not."""
    wanted = set(re.findall(r"\bR(\d+)\b", files["specifications.md"]))
    written = {str(n) for n, body in sections(files["production.md"]).items() if body}
    return len(wanted & written), len(wanted - written)


def stated_coverage(evaluation: str) -> tuple[int, int]:
    covered = re.search(r"^- (?:Covered|Couvertes)\s?: (\d+)$", evaluation, re.MULTILINE)
    uncovered = re.search(r"^- (?:Uncovered|Non couvertes)\s?: (\d+)$", evaluation, re.MULTILINE)
    assert covered
    assert uncovered
    return int(covered[1]), int(uncovered[1])


def repeated_sentences(text: str) -> list[str]:
    """Return the sentences of four words or more that stand twice, marks and leads left out."""
    seen: set[str] = set()
    repeated = []
    for line in text.splitlines():
        if line.startswith(("|", "#")):
            continue
        bare = re.sub(r"^[\s>*+-]*(?:\[.\] )?(?:\*\*[^*]+\*\*\s*(?:—\s*)?)?[«“]?", "", line)
        for sentence in re.split(r"(?<=[.!?;])\s+", bare):
            key = " ".join(re.findall(r"\w+", sentence.lower()))
            if len(key.split()) >= 4:
                repeated += [sentence] if key in seen else []
                seen.add(key)
    return repeated
