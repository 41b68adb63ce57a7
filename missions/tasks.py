"""What runs in the background for missions."""

import logging

from celery import shared_task
from django.utils import timezone

from missions import integrity, landing, retention, selectors
from missions.services import (
    ExpireProposals,
    FollowFiles,
    MailUnavailable,
    PurgeMission,
    SendInvitation,
    ThinRevisions,
    tidy_moved,
)
from parallagon.core.errors import ParallagonError

logger = logging.getLogger(__name__)


@shared_task(name="missions.recover", time_limit=300)
def recover() -> int:
    """Finish the landings, and the moves of missions, that a dead process left half-way."""
    tidy_moved()
    return landing.recover_all()


@shared_task(name="missions.prune_events", time_limit=300)
def prune_events() -> int:
    """Remove the events that nobody needs any more to catch up, and records that are closed."""
    now = timezone.now()
    return retention.prune_events(now) + retention.prune_records(now)


@shared_task(name="missions.thin", time_limit=3000)
def thin() -> int:
    """Remove old revisions of which nothing is lost."""
    return ThinRevisions(now=timezone.now()).execute()


@shared_task(name="missions.prune_locks", time_limit=300)
def prune_locks() -> int:
    """Remove what is left of locks that nobody needs any more."""
    return retention.prune_locks(timezone.now())


@shared_task(name="missions.sweep", time_limit=3000)
def sweep() -> int:
    """Look whether files, contents and rows agree; return how many findings are open."""
    return integrity.sweep_and_keep(now=timezone.now()).open_count


@shared_task(name="missions.purge", time_limit=1800)
def purge() -> int:
    """Remove the missions that were deleted too long ago to be restored; return how many."""
    now = timezone.now()
    purged = 0
    for mission in selectors.missions_to_purge(now=now):
        try:
            PurgeMission(mission=mission, now=now).execute()
            purged += 1
        except ParallagonError as error:
            logger.warning("mission %s is not purged yet: %s", mission.pk, error.message)
    return purged


@shared_task(name="missions.follow_files", time_limit=300)
def follow_files() -> int:
    """Work out who wrote what where much has been written, before anybody asks."""
    return FollowFiles().execute()


@shared_task(name="missions.expire_proposals", time_limit=600)
def expire_proposals() -> int:
    """Close the proposals that nobody decided in time; return how many."""
    return ExpireProposals(now=timezone.now()).execute()


@shared_task(name="missions.send_invitations", time_limit=300)
def send_invitations() -> int:
    """Mail the invitations that wait for it; return how many left."""
    now, sent = timezone.now(), 0
    for invitation in selectors.invitations_to_send(now=now):
        try:
            sent += SendInvitation(invitation=invitation, now=now).execute()
        except MailUnavailable as error:
            logger.warning("invitation %s is not sent yet: %s", invitation.pk, error.message)
            break  # the next one would wait as long
    return sent
