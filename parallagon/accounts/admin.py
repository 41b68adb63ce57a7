"""Accounts in the admin."""

from typing import Any

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from parallagon.accounts.models import ApiKey, Identity, User
from parallagon.accounts.services import RevokeKey


class IdentityInline(admin.TabularInline):  # type: ignore[type-arg] # generic for mypy only
    """Who somebody is at a provider: an administrator takes it away, signing in there brings it."""

    model = Identity
    extra = 0
    readonly_fields = ("issuer", "subject", "created_at")

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(User)
class UserAdmin(DjangoUserAdmin):  # type: ignore[type-arg] # generic for mypy only
    """Django's list of people, with the language they read."""

    list_display = ("username", "email", "display_name", "language", "is_staff", "last_login")
    list_filter = ("is_staff", "is_superuser", "is_active", "language")
    fieldsets = (*(DjangoUserAdmin.fieldsets or ()), (_("Preferences"), {"fields": ("language",)}))
    inlines = (IdentityInline,)


@admin.register(ApiKey)
class ApiKeyAdmin(admin.ModelAdmin):  # type: ignore[type-arg] # generic for mypy only
    """Whose programs have which keys; an administrator ends them, only their owner makes them."""

    list_display = ("name", "prefix", "user", "scopes", "expires_at", "last_used_at", "revoked_at")
    list_select_related = ("user",)
    search_fields = ("name", "prefix", "user__username")
    exclude = ("digest",)
    actions = ("revoke",)

    @admin.action(description=_("Revoke the keys"), permissions=["revoke"])
    def revoke(self, request: HttpRequest, queryset: Any) -> None:
        """End the chosen keys for good."""
        for key in queryset:
            RevokeKey(key=key, now=timezone.now()).execute()

    def has_revoke_permission(self, request: HttpRequest) -> bool:
        return request.user.is_superuser

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
