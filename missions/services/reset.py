"""Beginning again."""

from dataclasses import dataclass
from datetime import datetime

from missions import decisions, hooks, selectors, standard
from missions.authors import Author
from missions.landing import Change, Landing, land
from missions.models import Mission, MissionFile, Proposal, ProposalFile
from missions.paths import path_key
from missions.services.files import refuse_merging, until_it_lands
from missions.services.writing import check_open, publish_mission
from parallagon.accounts.models import User
from parallagon.core.services import BaseService


@dataclass(frozen=True, kw_only=True)
class ResetMission(BaseService[Mission]):
    """Put the templates back, the request as it was at first; everything else is removed.

    Every revision stays, so whatever was there can be restored. Open proposals are rejected: what
    they would change is gone.
    """

    operation = "missions.mission.reset"
    mission: Mission
    user: User
    now: datetime

    def _validate_input(self) -> None:
        check_open(self.mission)

    def _perform(self) -> Mission:
        until_it_lands(self._land)
        self.mission.refresh_from_db()
        return self.mission

    def _land(self) -> Landing:
        return land(
            self.mission,
            self._changes(),
            author=Author.person(self.user),
            now=self.now,
            allow_invalid=True,
            within=self._finish,
        )

    def _changes(self) -> list[Change]:
        files = selectors.current_files(mission=self.mission)
        there = {path_key(file.path): file for file in files}
        changes = [
            _put_back(path, text, there.pop(path_key(path), None))
            for path, text in self._first_texts().items()
        ]
        removed = [
            Change(path=file.path, text=None, base=selectors.current_revision(file).number)
            for file in there.values()
        ]
        return changes + removed

    def _first_texts(self) -> dict[str, str]:
        request = selectors.first_request(mission=self.mission)
        return standard.templates(self.mission.language) | {
            standard.REQUEST: selectors.text_of(request)
        }

    def _finish(self, landing: Landing) -> None:
        refuse_merging(landing)
        for hook in hooks.on_reset:
            hook(hooks.Reset(mission=self.mission, now=self.now))
        waiting = Proposal.objects.filter(mission=self.mission, state=Proposal.State.OPEN)
        rejected = ProposalFile.State.REJECTED
        decisions.close(waiting.order_by("pk"), rejected, now=self.now, user=self.user)
        publish_mission(self.mission, now=self.now)


def _put_back(path: str, text: str, file: MissionFile | None) -> Change:
    """Return the change that makes ``file``, or a new one, what it was at first."""
    if file is None:
        return Change(path=path, text=text)
    old = file.path if file.path != path else None  # spelled with other case by now
    base = selectors.current_revision(file).number
    return Change(path=path, text=text, base=base, moved_from=old)
