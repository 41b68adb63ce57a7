"""A mission as it was elsewhere, with everything that ever happened to its files."""

import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from missions.landing.recovery import put_in_folder
from missions.locks import write_lock
from missions.models import Blob, LandingRecord, Mission, MissionFile, Revision
from missions.paths import path_key
from missions.services.create import check_model, check_title, open_mission
from missions.storage import BlobStore, FileManager
from missions.transfer.past import Past, PastRevision, current_of, read_content
from missions.transfer.sources import Source
from missions.turns import hold
from parallagon.accounts.models import User
from parallagon.core.services import BaseService

_AT_ONCE = 500


@dataclass(frozen=True, kw_only=True)
class RecreateMission(BaseService[Mission]):
    """A mission with the files, revisions, authors and moments that an archive tells of.

    People are known by the names that it tells, agents by their roles; no revision belongs to an
    account or a run of this installation. As after a landing, whoever is killed leaves a record
    from which the files are put in their folder.
    """

    operation = "missions.mission.recreate"
    owner: User
    title: str
    language: str
    model: str
    source: Source
    past: Past
    now: datetime
    start: bool = False

    def _validate_input(self) -> None:
        check_title(self.title)
        check_model(self.model)

    def _perform(self) -> Mission:
        store = BlobStore()
        blobs = list(self._keep(store))
        mission = Mission.objects.create(
            title=self.title.strip(), owner=self.owner, language=self.language, model=self.model
        )
        folder = FileManager(mission)
        try:
            folder.create()
            with write_lock(mission.pk):
                self._write(mission, blobs)
                put_in_folder(folder, store, now=self.now)
        except BaseException:
            Mission.objects.filter(pk=mission.pk, memberships=None).delete()
            if not Mission.objects.filter(pk=mission.pk).exists():
                shutil.rmtree(folder.root, ignore_errors=True)
            raise
        mission.refresh_from_db()
        return mission

    def _keep(self, store: BlobStore) -> Iterator[Blob]:
        """Put every content into the store, one at a time."""
        for hash_, entry in sorted(self.past.contents.items()):
            content = read_content(self.source, entry)
            store.put(content)
            yield Blob(hash=hash_, size=len(content))

    def _write(self, mission: Mission, blobs: Sequence[Blob]) -> None:
        with transaction.atomic(durable=True):
            hold(mission.pk)
            Blob.objects.bulk_create(blobs, ignore_conflicts=True, batch_size=_AT_ONCE)
            files = self._files(mission)
            _revise(files, self.past.revisions)
            LandingRecord.objects.create(
                mission=mission,
                entries=[
                    {"path": one.path, "before": None, "after": one.hash}
                    for one in current_of(self.past.revisions)
                ],
                created_at=self.now,
            )
            open_mission(mission, now=self.now, start=self.start)

    def _files(self, mission: Mission) -> list[MissionFile]:
        """Return the rows of the files, each as its last revision left it."""
        last = {one.file: one for one in self.past.revisions}
        return MissionFile.objects.bulk_create(
            [
                MissionFile(
                    mission=mission,
                    path=last[number].path,
                    path_key=path_key(last[number].path),
                    is_removed=last[number].hash is None,
                )
                for number in range(len(last))
            ],
            batch_size=_AT_ONCE,
        )


def _revise(files: Sequence[MissionFile], past: Sequence[PastRevision]) -> None:
    """Write the revisions in their order, each after the one before it in its file."""
    numbers = [0] * len(files)
    rows = []
    for one in past:
        numbers[one.file] += 1
        rows.append(
            Revision(
                file=files[one.file],
                number=numbers[one.file],
                path=one.path,
                operation=one.operation,
                blob_id=one.hash,
                author_kind=one.kind,
                author_name=one.name,
                role=one.role,
                created_at=one.at,
            )
        )
    Revision.objects.bulk_create(rows, batch_size=_AT_ONCE)
    last: dict[int, Revision] = {}
    for row in rows:
        row.parent = last.get(row.file_id)
        last[row.file_id] = row
    for file in files:
        file.current = last[file.pk]
    Revision.objects.bulk_update(rows, ["parent"], batch_size=_AT_ONCE)
    MissionFile.objects.bulk_update(files, ["current"], batch_size=_AT_ONCE)
