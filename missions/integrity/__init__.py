"""A look at everything that is stored: does it agree, is it whole, is nothing left over?

``sweep()`` runs once an hour. What can be mended without losing anything is mended; the rest is
reported until a person has dealt with it.
"""

import logging
from collections.abc import Callable, Iterable
from datetime import datetime

from django.db.models import QuerySet
from django.utils import timezone
from prometheus_client import Counter

from missions.integrity.blobs import BlobCheck
from missions.integrity.findings import MOST_KEPT, Finding, Kind, Report
from missions.integrity.folders import FolderCheck, orphan_folders
from missions.integrity.records import RecordCheck
from missions.models import Mission, Sweep

__all__ = ["Finding", "Kind", "Report", "more", "sweep", "sweep_and_keep"]

logger = logging.getLogger(__name__)
FOUND = Counter(
    "parallagon_integrity_findings", "What sweeps found, by kind.", ["kind", "is_mended"]
)
KEPT_SWEEPS = 100

# Checks that other apps add in their ``AppConfig.ready()``: (now, mends) → findings.
more: list[Callable[[datetime, bool], Iterable[Finding]]] = []


def sweep(
    *,
    now: datetime,
    missions: QuerySet[Mission] | None = None,
    mends: bool = True,
    everything: bool = False,
) -> Report:
    """Look at files, contents and rows, and mend what can be mended.

    Args:
        now: the moment of the look.
        missions: whose folders are compared; all of them when omitted.
        mends: otherwise everything stays as it is.
        everything: read every content, not only this hour's part of the day.
    """
    report = Report()
    report.add(RecordCheck(mends=mends, now=now).look())
    chosen = Mission.objects.all() if missions is None else missions
    for mission in chosen.order_by("pk").iterator():
        count, found = FolderCheck(mission=mission, mends=mends, now=now).look()
        report.file_count += count
        report.add(found)
    report.add(orphan_folders(mends=mends))
    blobs = BlobCheck(mends=mends, now=now, everything=everything)
    report.add(blobs.look())
    report.blob_count = blobs.read_count
    for check in more:
        report.add(check(now, mends))
    return report


def sweep_and_keep(*, now: datetime, everything: bool = False) -> Sweep:
    """Sweep, count and log what was found, and keep the result for people to read."""
    report = sweep(now=now, everything=everything)
    for finding in report.findings:
        FOUND.labels(finding.kind.value, str(finding.is_mended).lower()).inc()
        say = logger.info if finding.is_mended else logger.warning
        say("%s: %s %s (%s)", finding.kind.value, finding.mission, finding.path, finding.detail)
    kept = Sweep.objects.create(
        started_at=now,
        finished_at=timezone.now(),
        file_count=report.file_count,
        blob_count=report.blob_count,
        finding_count=len(report.findings),
        open_count=len(report.open),
        findings=[finding.as_data() for finding in report.findings[:MOST_KEPT]],
    )
    old = Sweep.objects.order_by("-pk").values_list("pk", flat=True)[KEPT_SWEEPS:]
    Sweep.objects.filter(pk__in=list(old)).delete()
    return kept
