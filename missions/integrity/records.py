"""Whether the rows of the database agree with each other."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Exists, F, Max, OuterRef, Q, Subquery

from missions.integrity.findings import Finding, Kind
from missions.landing.recovery import recover
from missions.models import (
    LandingRecord,
    Lease,
    Membership,
    Mission,
    MissionFile,
    Revision,
)
from missions.storage import FileManager
from parallagon.core.errors import ParallagonError

GRACE = timedelta(minutes=5)
HALF_MADE_AFTER = timedelta(hours=1)


@dataclass(frozen=True, kw_only=True)
class RecordCheck:
    """Look for rows that no living process will put right."""

    mends: bool
    now: datetime

    def look(self) -> Iterator[Finding]:
        """Yield what is wrong."""
        yield from self._open_records()
        yield from self._wrong_currents()
        yield from self._wrong_removals()
        yield from self._counters()
        yield from self._leases()
        yield from self._half_made()

    def _open_records(self) -> Iterator[Finding]:
        old = LandingRecord.objects.filter(
            state=LandingRecord.State.OPEN, created_at__lt=self.now - GRACE
        )
        for record in old.order_by("pk"):
            is_mended = self.mends and self._recover(record)
            paths = ", ".join(entry["path"] for entry in record.entries[:3])
            detail = f"landing {record.pk} of {record.created_at:%Y-%m-%d %H:%M}"
            yield Finding(
                kind=Kind.RECORD_OPEN,
                mission=record.mission_id,
                path=paths,
                detail=detail,
                is_mended=is_mended,
            )

    def _recover(self, record: LandingRecord) -> bool:
        try:
            recover(record.mission_id)
        except ParallagonError:
            return False
        record.refresh_from_db()
        return record.state == LandingRecord.State.DONE

    def _wrong_currents(self) -> Iterator[Finding]:
        newest = Revision.objects.filter(file=OuterRef("pk")).order_by("-number").values("pk")[:1]
        files = MissionFile.objects.annotate(newest=Subquery(newest)).filter(newest__isnull=False)
        wrong = files.filter(~Q(current=F("newest")) | Q(current=None))
        for file in wrong:
            rows = MissionFile.objects.filter(pk=file.pk, current_id=file.current_id)
            last = Revision.objects.filter(file=file).order_by("-number").values("pk")[:1]
            is_mended = bool(self.mends and rows.update(current_id=Subquery(last)))
            yield self._of_file(Kind.CURRENT_WRONG, file, "the last one is another", is_mended)

    def _wrong_removals(self) -> Iterator[Finding]:
        wrong = Q(is_removed=True, current__blob__isnull=False)
        wrong |= Q(is_removed=False, current__isnull=False, current__blob__isnull=True)
        for file in MissionFile.objects.filter(wrong):
            rows = MissionFile.objects.filter(pk=file.pk, is_removed=file.is_removed)
            is_mended = bool(self.mends and rows.update(is_removed=not file.is_removed))
            said = "it has a text" if file.is_removed else "its last revision removed it"
            yield self._of_file(Kind.REMOVED_WRONG, file, said, is_mended)

    def _counters(self) -> Iterator[Finding]:
        counted = Mission.objects.annotate(
            last_event=Max("events__seq", default=0), last_token=Max("leases__token", default=0)
        )
        for mission in counted.filter(Q(last_event__gt=F("seq")) | Q(last_token__gt=F("fence"))):
            is_mended = self.mends and self._raise_counters(mission.pk)
            yield Finding(
                kind=Kind.COUNTER_BEHIND,
                mission=mission.pk,
                detail="numbers beyond it were given already",
                is_mended=is_mended,
            )

    @staticmethod
    def _raise_counters(mission_id: int) -> bool:
        for name, related in (("seq", "events__seq"), ("fence", "leases__token")):
            last = Mission.objects.filter(pk=mission_id).aggregate(last=Max(related))["last"] or 0
            behind = Mission.objects.filter(pk=mission_id, **{f"{name}__lt": last})
            behind.update(**{name: last})
        return True

    def _leases(self) -> Iterator[Finding]:
        left = Lease.objects.filter(released_at=None, ends_at__lt=self.now - GRACE)
        for lease in left:
            rows = Lease.objects.filter(pk=lease.pk, released_at=None)
            is_mended = bool(self.mends and rows.update(released_at=self.now))
            yield Finding(
                kind=Kind.LEASE_LEFT,
                mission=lease.mission_id,
                detail=f"{lease.role}, run {str(lease.run_id)[:8]}",
                is_mended=is_mended,
            )

    def _half_made(self) -> Iterator[Finding]:
        """Find missions whose creation was killed: nobody ever became a member."""
        members = Membership.objects.filter(mission=OuterRef("pk"))
        old = Mission.objects.filter(created_at__lt=self.now - HALF_MADE_AFTER)
        for mission in old.filter(~Exists(members)):
            is_mended = False
            if self.mends:
                folder = None if mission.folder else FileManager(mission).root
                mission.delete()
                if folder is not None:
                    shutil.rmtree(folder, ignore_errors=True)
                is_mended = True
            yield Finding(
                kind=Kind.MISSION_HALF_MADE,
                mission=None if is_mended else mission.pk,
                detail=f"“{mission.title}” has no members",
                is_mended=is_mended,
            )

    @staticmethod
    def _of_file(kind: Kind, file: MissionFile, detail: str, is_mended: bool) -> Finding:
        return Finding(
            kind=kind,
            mission=file.mission_id,
            path=file.path,
            detail=detail,
            is_mended=is_mended,
        )
