from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class NotificationsConfig(AppConfig):
    name = "notifications"
    verbose_name = _("notifications")
    key_scope = "write"

    def ready(self) -> None:
        """Let missions tell of those who join them, and alerts find their words."""
        from missions import hooks
        from notifications import messages
        from notifications.alerts.wording import fill
        from notifications.listening import tell_newcomer

        hooks.on_joined.append(tell_newcomer)
        messages.derived |= dict.fromkeys(("alert.fired", "alert.cleared"), fill)
