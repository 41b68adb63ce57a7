"""The people who use an installation, and what lets them in."""

from collections.abc import Iterator
from datetime import datetime
from typing import ClassVar

from django.conf import settings
from django.contrib.auth.models import AbstractUser
from django.db import models
from django.db.models import Q
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext_lazy as _


class User(AbstractUser):
    """A person: Django's user, with the language they read."""

    class Language(models.TextChoices):
        ENGLISH = "en", "English"
        FRENCH = "fr", "Français"

    language = models.CharField(_("language"), max_length=2, choices=Language, blank=True)

    signed_out_at = models.DateTimeField(_("signed out everywhere"), null=True, editable=False)

    def get_session_auth_hash(self) -> str:
        """Return what a session must know: another password or other privileges end it."""
        return self._session_hash()

    def get_session_auth_fallback_hash(self) -> Iterator[str]:
        """Yield the same for the secret keys of before."""
        for secret in settings.SECRET_KEY_FALLBACKS:
            yield self._session_hash(secret)

    def _session_hash(self, secret: str | bytes | None = None) -> str:
        facts = (self.password, self.is_staff, self.is_superuser, self.signed_out_at)
        value = " ".join(map(str, facts))
        return salted_hmac("accounts.session", value, secret=secret, algorithm="sha256").hexdigest()

    def display_name(self) -> str:
        """Return the full name, or the user name where there is none."""
        return self.get_full_name() or self.get_username()


class Identity(models.Model):
    """Who a person is at an OpenID provider, by the name that never changes there."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="identities"
    )
    issuer = models.CharField(_("provider"), max_length=255)
    subject = models.CharField(_("name there"), max_length=255)
    created_at = models.DateTimeField(_("made"))

    class Meta:
        verbose_name = _("identity")
        verbose_name_plural = _("identities")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["issuer", "subject"], name="identity_of_one_person"),
            models.UniqueConstraint(fields=["user", "issuer"], name="one_identity_at_a_provider"),
        ]

    def __str__(self) -> str:
        return f"{self.subject} at {self.issuer}"


class ApiKeyQuerySet(models.QuerySet["ApiKey"]):
    def alive(self, now: datetime) -> "ApiKeyQuerySet":
        """Return the keys that open something."""
        return self.filter(Q(expires_at=None) | Q(expires_at__gt=now), revoked_at=None)


class ApiKey(models.Model):
    """What lets a program act for a person, within scopes; only a digest of it is kept."""

    PREFIX_LENGTH = 11

    class Scope(models.TextChoices):
        READ = "read", _("read")
        WRITE = "write", _("change files")
        CONTROL = "control", _("direct agents")
        ADMIN = "admin", _("own missions")

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="api_keys"
    )
    name = models.CharField(_("name"), max_length=100)
    prefix = models.CharField(_("prefix"), max_length=PREFIX_LENGTH)
    digest = models.CharField(max_length=64, unique=True)
    scopes = models.JSONField(_("scopes"))
    created_at = models.DateTimeField(_("made"))
    expires_at = models.DateTimeField(_("ends"), null=True, blank=True)
    last_used_at = models.DateTimeField(_("last used"), null=True, blank=True)
    revoked_at = models.DateTimeField(_("revoked"), null=True, blank=True)

    objects = ApiKeyQuerySet.as_manager()

    class Meta:
        verbose_name = _("API key")
        verbose_name_plural = _("API keys")

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"


class SocketTicket(models.Model):
    """A ticket that was made and not used yet."""

    digest = models.CharField(max_length=64, unique=True)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    session_key = models.CharField(max_length=40, blank=True)
    ends_at = models.DateTimeField(null=True)
    expires_at = models.DateTimeField()

    class Meta:
        indexes: ClassVar = [models.Index(fields=["expires_at"], name="ticket_expiry")]

    def __str__(self) -> str:
        return f"for {self.user_id} until {self.expires_at}"


class SignedIn(models.Model):
    """A session of a person, as they would recognize it; it ends with the session itself."""

    LONGEST_AGENT = 200

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="sign_ins"
    )
    session_key = models.CharField(max_length=40, unique=True)
    created_at = models.DateTimeField()
    seen_at = models.DateTimeField()
    address = models.GenericIPAddressField(null=True)
    agent = models.CharField(max_length=LONGEST_AGENT, blank=True)

    def __str__(self) -> str:
        return f"of {self.user_id} since {self.created_at}"


class KeptAnswer(models.Model):
    """What a request with an idempotency key was answered; without a status it is at work.

    See ``parallagon/accounts/repeats.py``.
    """

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="kept_answers"
    )
    key = models.CharField(max_length=200)
    fingerprint = models.CharField(max_length=64, help_text=_("of method, address and body"))
    status = models.PositiveSmallIntegerField(null=True)
    body = models.TextField(blank=True, help_text=_("JSON"))
    headers = models.JSONField(default=dict)
    created_at = models.DateTimeField(db_index=True)

    class Meta:
        verbose_name = _("kept answer")
        verbose_name_plural = _("kept answers")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["user", "key"], name="one_answer_for_a_key"),
        ]

    def __str__(self) -> str:
        return self.key
