"""Evaluation: says what the production covers and what it lacks.

What it says of a text it must quote, and what it quotes must be there: quotations that stand in
none of the files that it read are flagged in the run, and named to it in its next one. It may
quote its own instructions; what a person wrote into its file is not held against it.
"""

from collections.abc import Iterator, Mapping, Sequence

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from agents.gateway.offline.coverage import (
    read_coverage,
    requirement_numbers,
    requirements_named,
)
from agents.reading.bounds import within_bounds
from agents.reading.checks import find_problems, measure
from agents.reading.quotations import Quotation, Sources, read_quotations
from agents.roles.base import AiderAgent, Flag, RunContext
from agents.roles.patterns import matches_any

MAX_PROBLEMS = 30
MAX_SIZES = 20
MAX_QUOTATIONS = 20
EXCERPT_LENGTH = 200


class Evaluation(AiderAgent):
    role = "evaluation"
    label = _("Evaluation")
    writes = ("evaluation.md",)
    watches = ("specifications.md", "production.md", "production/**")
    reads = ("demande.md", "duplication.md")
    is_told_of_paths = True
    interval = 30

    def review(self, context: RunContext, written: Mapping[str, str]) -> Sequence[Flag]:
        """Flag what the run added and quotes from nowhere."""
        sources = self._sources(context)
        if sources is None:
            return ()
        return [
            Flag(
                path=path,
                line=quotation.line,
                text=quotation.text[:EXCERPT_LENGTH],
                reason=gettext("it quotes what stands in none of the files that it read"),
            )
            for path, text in written.items()
            for quotation in _added(context.files.get(path, ""), text)
            if not sources.hold(quotation.text)
        ]

    def _facts(self, context: RunContext) -> Sequence[str]:
        """Give what a program can check, so that no model has to count."""
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
            *self._false_quotations(context),
        ]

    def _false_quotations(self, context: RunContext) -> Iterator[str]:
        """Yield what its own document quotes from nowhere: made up, or changed meanwhile."""
        sources = self._sources(context)
        if sources is None:
            yield "quotations were not checked: there is too much to read"
            return
        own = [path for path in context.files if matches_any(self.list_files().writes, path)]
        found = [
            f"quotation found in no file, `{path}` line {quotation.line}: {quotation.text}"
            for path in own
            for quotation in read_quotations(context.files[path])
            if not sources.hold(quotation.text)
        ]
        yield from (fact[:EXCERPT_LENGTH] for fact in found[:MAX_QUOTATIONS])

    def _sources(self, context: RunContext) -> Sources | None:
        """Return what may be quoted: every file but its own, and what it was told to do; nothing
        where that is too much to read, since a quotation may stand in what was not."""
        own = self.list_files().writes
        others = {path: text for path, text in context.files.items() if not matches_any(own, path)}
        files, unread = within_bounds(others)
        told = [context.prompt, context.mission_title, *context.instructions]
        return None if unread else Sources([*files.values(), *told])


def _added(before: str, after: str) -> Iterator[Quotation]:
    """Yield the quotations on lines that were not there before."""
    known = set(before.split("\n"))
    lines = after.split("\n")
    for quotation in read_quotations(after):
        if lines[quotation.line - 1] not in known:
            yield quotation


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
