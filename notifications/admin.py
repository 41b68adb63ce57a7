"""What people were told, what is on its way to them and what is watched over.

Past and messages are to look at; rules can be made and changed.
"""

from typing import Any

from django import forms
from django.contrib import admin
from django.core import exceptions
from django.http import HttpRequest
from django.utils import timezone

from missions.admin.base import MissionFilter, ReadOnlyAdmin
from notifications.alerts.measures import MEASURES
from notifications.alerts.rules import ChangeRule, CreateRule, DeleteRule, check
from notifications.models import Alert, AlertRule, Channel, Delivery, Notification, Target
from parallagon.core.errors import ParallagonError


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


class AlertRuleForm(forms.ModelForm[AlertRule]):
    """A rule as staff fill it in: what can be watched, and channels by name."""

    measure = forms.ChoiceField(
        choices=lambda: [(key, str(one.label)) for key, one in sorted(MEASURES.items())]
    )
    channels = forms.MultipleChoiceField(
        choices=Channel.choices, required=False, widget=forms.CheckboxSelectMultiple
    )

    class Meta:
        model = AlertRule
        fields = ("mission", "measure", "name", "comparison", "threshold", "clear_at", "window",
                  "cool_down", "level", "channels", "is_on")  # fmt: skip

    def clean(self) -> dict[str, Any]:
        """Refuse what the service would refuse, where a person can mend it."""
        found: dict[str, Any] = super().clean() or self.cleaned_data
        if self.errors:
            return found
        try:
            kept = {"measure": self.instance.measure, "mission": self.instance.mission}
            check(AlertRule(**{**kept, **found}))
        except ParallagonError as error:
            raise exceptions.ValidationError(error.message) from error
        return found


@admin.register(AlertRule)
class AlertRuleAdmin(admin.ModelAdmin[AlertRule]):
    """What is watched; measure and place of a rule that is there stay as they are."""

    form = AlertRuleForm
    list_display = ("__str__", "measure", "mission", "comparison", "threshold", "window", "level",
                    "is_on", "state", "state_changed_at")  # fmt: skip
    list_filter = ("state", "is_on", "measure", MissionFilter)
    list_select_related = ("mission",)
    raw_id_fields = ("mission",)
    actions = None
    show_full_result_count = False

    def get_readonly_fields(self, _request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return ("mission", "measure") if obj else ()

    def save_model(self, request: HttpRequest, obj: AlertRule, form: Any, change: bool) -> None:  # noqa: FBT001, RUF100
        """Keep what was filled in, by the same services as the API."""
        values = {name: form.cleaned_data[name] for name in form.cleaned_data if name != "mission"}
        now = timezone.now()
        if change:
            before = AlertRule.objects.get(pk=obj.pk)
            ChangeRule(rule=before, values=values, now=now).execute()
            return
        user: Any = request.user
        made = CreateRule(user=user, mission=obj.mission, values=values, now=now).execute()
        obj.pk = made.pk

    def delete_model(self, _request: HttpRequest, obj: AlertRule) -> None:
        """Watch no more."""
        DeleteRule(rule=obj, now=timezone.now()).execute()


@admin.register(Alert)
class AlertAdmin(ReadOnlyAdmin):
    list_display = ("pk", "rule", "measure", "mission", "level", "value", "fired_at", "cleared_at",
                    "acknowledged_by")  # fmt: skip
    list_filter = ("level", "measure", "rule", MissionFilter)
    list_select_related = ("rule", "mission", "acknowledged_by")
    ordering = ("-pk",)
