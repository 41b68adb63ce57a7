from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AccountsConfig(AppConfig):
    name = "parallagon.accounts"
    label = "accounts"
    verbose_name = _("accounts")

    def ready(self) -> None:
        from parallagon.accounts import schema, sessions  # noqa: F401 - they register themselves
