"""Beginning again."""

from dataclasses import dataclass
from datetime import datetime

from missions import decisions, hooks, selectors, standard
from missions.authors import Author
from missions.landing import Change, Landing, land
from missions.models import Mission, Proposal, ProposalFile
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
        files = list(selectors.current_files(mission=self.mission))
        numbers = {file.path: selectors.current_revision(file).number for file in files}
        first = self._first_texts()
        changes = [
            Change(path=path, text=text, base=numbers.get(path)) for path, text in first.items()
        ]
        removed = [
            Change(path=path, text=None, base=number)
            for path, number in numbers.items()
            if path not in first
        ]
        return changes + removed

    def _first_texts(self) -> dict[str, str]:
        request = selectors.revision_of(mission=self.mission, path=standard.REQUEST, number=1)
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
