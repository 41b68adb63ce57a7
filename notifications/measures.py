"""What is counted of notifications, for Prometheus."""

from prometheus_client import Counter, Gauge

TOLD = Counter("parallagon_notifications_total", "Messages told to a person", ["type"])
DELIVERED = Counter(
    "parallagon_notification_deliveries_total",
    "Messages that went out, or did not, over a channel outside",
    ["channel", "outcome"],
)
QUEUED = Gauge(
    "parallagon_notifications_queued",
    "Messages on their way out, by channel",
    ["channel"],
    multiprocess_mode="mostrecent",
)
OLDEST = Gauge(
    "parallagon_notifications_oldest_seconds",
    "Age of the oldest message on its way out",
    multiprocess_mode="mostrecent",
)
