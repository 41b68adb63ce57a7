"""Accounts in the admin."""

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.utils.translation import gettext_lazy as _

from parallagon.accounts.models import User


@admin.register(User)
class UserAdmin(DjangoUserAdmin):  # type: ignore[type-arg] # generic for mypy only
    """Django's list of people, with the language they read."""

    list_display = ("username", "email", "display_name", "language", "is_staff", "last_login")
    list_filter = ("is_staff", "is_superuser", "is_active", "language")
    fieldsets = (*(DjangoUserAdmin.fieldsets or ()), (_("Preferences"), {"fields": ("language",)}))
