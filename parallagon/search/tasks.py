"""What runs in the background for search."""

from celery import shared_task

from parallagon.search.services import RepairIndex, UpdateIndex


@shared_task(name="search.update", time_limit=300)
def update() -> int:
    """Index what changed since the last time."""
    return UpdateIndex().execute()


@shared_task(name="search.repair", time_limit=3000)
def repair() -> int:
    """Mend what the index has otherwise, and drop the words of runs that are not kept any more."""
    return RepairIndex().execute()
