"""What people were told, and what is on its way to them; to look at."""

from django.contrib import admin

from missions.admin.base import MissionFilter, ReadOnlyAdmin
from notifications.models import Delivery, Notification, Target


@admin.register(Notification)
class NotificationAdmin(ReadOnlyAdmin):
    list_display = ("pk", "user", "type", "level", "mission", "count", "repeated_at", "read_at")
    list_filter = ("level", "type", MissionFilter)
    list_select_related = ("user", "mission")
    search_fields = ("user__username", "dedupe_key")
    ordering = ("-pk",)


@admin.register(Delivery)
class DeliveryAdmin(ReadOnlyAdmin):
    list_display = ("pk", "notification", "channel", "state", "attempts", "next_attempt_at",
                    "finished_at", "last_error")  # fmt: skip
    list_filter = ("state", "channel")
    list_select_related = ("notification",)
    ordering = ("-pk",)


@admin.register(Target)
class TargetAdmin(ReadOnlyAdmin):
    """Whose channels lead somewhere; what is sealed stays so."""

    list_display = ("user", "channel", "hint", "is_on", "last_error", "failed_at")
    exclude = ("sealed_address", "sealed_secret")
    list_filter = ("channel",)
    list_select_related = ("user",)
