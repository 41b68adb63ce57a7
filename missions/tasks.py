"""What runs in the background for missions."""

from celery import shared_task

from missions import landing


@shared_task(name="missions.recover", time_limit=300)
def recover() -> int:
    """Finish the landings that a dead process, or a full disk, left open."""
    return landing.recover_all()
