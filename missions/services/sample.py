"""A worked example, for whoever wants to see a full mission before writing one."""

from dataclasses import dataclass
from datetime import datetime

from missions import paths, selectors, standard
from missions.authors import Author
from missions.landing import Change, land
from missions.models import Mission
from missions.services.files import refuse_merging, until_it_lands
from missions.services.writing import check_open
from parallagon.accounts.models import User
from parallagon.core.services import BaseService


@dataclass(frozen=True, kw_only=True)
class Loaded:
    """What became of the sample's files: ``kept`` are those that hold somebody's words."""

    written: tuple[str, ...]
    kept: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class LoadSample(BaseService[Loaded]):
    """Write the sample files into a mission, as one change by a person.

    Only where there is no file, or still the template that nobody touched: what people or agents
    wrote stays.
    """

    operation = "missions.mission.load_sample"
    mission: Mission
    user: User
    now: datetime

    def _validate_input(self) -> None:
        check_open(self.mission)

    def _perform(self) -> Loaded:
        return until_it_lands(self._load)

    def _load(self) -> Loaded:
        sample = standard.sample(self.mission.language)
        changes = self._changes(sample)
        land(
            self.mission,
            changes,
            author=Author.person(self.user),
            now=self.now,
            within=refuse_merging,
        )
        written = tuple(change.path for change in changes)
        return Loaded(written=written, kept=tuple(sorted(set(sample) - set(written))))

    def _changes(self, sample: dict[str, str]) -> list[Change]:
        there = {file.path: file for file in selectors.current_files(mission=self.mission)}
        templates = standard.templates(self.mission.language)
        changes = []
        for path, text in sample.items():
            file = there.get(path)
            if file is None:
                if paths.clash(path, there) is None:
                    changes.append(Change(path=path, text=text))
            elif selectors.current_text(file) == templates.get(path):
                base = selectors.current_revision(file).number
                changes.append(Change(path=path, text=text, base=base))
        return changes
