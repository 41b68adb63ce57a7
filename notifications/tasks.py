"""What runs in the background for notifications."""

from celery import shared_task


@shared_task(name="notifications.deliver", time_limit=120)
def deliver() -> int:
    """Send what waits for channels outside; any number of these may run at once."""
    return 0
