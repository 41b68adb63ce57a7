"""Evaluation: says what the production covers and what it lacks.

What it says of a text it must quote, and what it quotes must be there: claims that quote nothing
and quotations that stand in none of the files that it read are flagged in the run, and named to it
in its next one. It may quote its own instructions, and repeat what a program worked out for it;
what a person wrote into its file is not held against it.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from itertools import islice

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from agents.gateway.offline.coverage import (
    read_coverage,
    requirement_numbers,
    requirements_named,
)
from agents.reading.bounds import within_bounds
from agents.reading.checks import find_problems, measure
from agents.reading.claims import Claim, unquoted_claims
from agents.reading.quotations import Quotation, Sources, read_quotations
from agents.roles.base import AiderAgent, Flag, RunContext
from agents.roles.patterns import matches_any

MAX_PROBLEMS = 30
MAX_SIZES = 20
MAX_DOUBTFUL = 20
EXCERPT_LENGTH = 200


class Evaluation(AiderAgent):
    role = "evaluation"
    label = _("Evaluation")
    writes = ("evaluation.md",)
    watches = ("specifications.md", "production.md", "production/**")
    reads = ("demande.md", "duplication.md")
    is_told_of_paths = True
    may_shrink = True
    interval = 30

    def review(self, context: RunContext, written: Mapping[str, str]) -> Sequence[Flag]:
        """Flag what the run added and quotes from nowhere, or claims and does not quote."""
        sources = self._sources(context)
        flags: list[Flag] = []
        for path, text in written.items():
            known = set(context.files.get(path, "").split("\n"))
            lines = text.split("\n")
            added = {at for at, line in enumerate(lines, start=1) if line not in known}
            if sources is not None:
                flags += _untrue(path, added, read_quotations(text), sources)
            flags += _unquoted(path, added, self._claims(context, text))
        return flags

    def _facts(self, context: RunContext) -> Sequence[str]:
        """Give what a program can check, so that no model has to count."""
        own = {
            path: text
            for path, text in context.files.items()
            if matches_any(self.list_files().writes, path)
        }
        computed = self._computed(context)
        return [
            *computed,
            *_listed("quotations found in no file", list(self._false_quotations(context, own))),
            *_listed("claims that quote nothing", list(_bare_claims(own, computed))),
        ]

    def _computed(self, context: RunContext) -> Sequence[str]:
        """Return what a program works out of the texts that it judges."""
        watched, unread = within_bounds(
            {path: text for path, text in context.files.items() if self.is_watched(path)}
        )
        known = self.known_files(context)
        return [
            *read_coverage(known).as_facts(),
            *_unknown_requirements(known),
            *_sizes(watched),
            *_problems(watched, context.paths),
            *([f"files too large to be checked: {len(unread)}"] if unread else []),
        ]

    def _false_quotations(self, context: RunContext, own: Mapping[str, str]) -> Iterator[str]:
        """Yield what its own document quotes from nowhere: made up, or changed meanwhile."""
        sources = self._sources(context)
        if sources is None:
            yield "quotations were not checked: there is too much to read"
            return
        for path, text in own.items():
            for quotation in read_quotations(text):
                if not sources.hold(quotation.text):
                    place = f"`{path}` line {quotation.line}"
                    yield f"quotation found in no file, {place}: {quotation.text}"

    def _claims(self, context: RunContext, text: str) -> Sequence[Claim]:
        """Return the claims of a text that quote nothing; the rest is read only for their sake."""
        found = unquoted_claims(text)
        return unquoted_claims(text, self._computed(context)) if found else found

    def _sources(self, context: RunContext) -> Sources | None:
        """Return what may be quoted: every file but its own, and what it was told to do; nothing
        where that is too much to read, since a quotation may stand in what was not."""
        own = self.list_files().writes
        others = {path: text for path, text in context.files.items() if not matches_any(own, path)}
        files, unread = within_bounds(others)
        told = [context.prompt, context.mission_title, *context.instructions]
        return None if unread else Sources([*files.values(), *told])


def _untrue(
    path: str, added: Set[int], quotations: Iterable[Quotation], sources: Sources
) -> Iterator[Flag]:
    reason = gettext("it quotes what stands in none of the files that it read")
    for quotation in quotations:
        if quotation.line in added and not sources.hold(quotation.text):
            text = quotation.text[:EXCERPT_LENGTH]
            yield Flag(path=path, line=quotation.line, text=text, reason=reason)


def _unquoted(path: str, added: Set[int], claims: Iterable[Claim]) -> Iterator[Flag]:
    reason = gettext("it says this of a text and quotes nothing of it")
    found = (
        (claim, line) for claim in claims if (line := min(added & set(claim.lines), default=0))
    )
    for claim, line in islice(found, MAX_DOUBTFUL):
        yield Flag(path=path, line=line, text=claim.text[:EXCERPT_LENGTH], reason=reason)


def _bare_claims(own: Mapping[str, str], computed: Sequence[str]) -> Iterator[str]:
    for path, text in own.items():
        for claim in unquoted_claims(text, computed):
            yield f"claim that quotes nothing, `{path}` line {claim.lines[0]}: {claim.text}"


def _listed(what: str, facts: Sequence[str]) -> Iterator[str]:
    """Yield the first facts, cut where they are long, and how many are left out."""
    yield from (fact[:EXCERPT_LENGTH] for fact in facts[:MAX_DOUBTFUL])
    if len(facts) > MAX_DOUBTFUL:
        yield f"{what} that are not listed here: {len(facts) - MAX_DOUBTFUL}"


def _unknown_requirements(files: Mapping[str, str]) -> Iterator[str]:
    known = requirement_numbers(files.get("specifications.md", ""))
    named = requirements_named(files.get("production.md", ""))
    if unknown := sorted(named - known):
        numbers = ", ".join(f"R{number}" for number in unknown)
        yield f"numbers in production.md that no requirement has: {numbers}"


def _sizes(files: Mapping[str, str]) -> Iterator[str]:
    for path in sorted(files)[:MAX_SIZES]:
        size = measure(files[path])
        yield f"size of `{path}`: {size.words} words, {size.headings} headings"


def _problems(files: Mapping[str, str], paths: Sequence[str]) -> Iterator[str]:
    found = find_problems(files, paths=paths)
    yield f"problems of form found: {len(found)}"
    yield from (f"problem: {problem}" for problem in found[:MAX_PROBLEMS])
    if len(found) > MAX_PROBLEMS:
        yield f"problems not listed here: {len(found) - MAX_PROBLEMS}"
