"""The OpenID provider by which people may sign in, where one is set up (``OIDC_…``).

The only module that talks to it: authorization code with PKCE, a nonce and a state; what comes back
counts only if the provider signed it, for us, just now, and for this very attempt.
"""

import hashlib
import logging
import secrets
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

import httpx
import jwt
from cachetools.func import ttl_cache
from django.conf import settings
from django.utils.crypto import constant_time_compare
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from parallagon.core.errors import DependencyUnavailable, PermissionDeniedError

logger = logging.getLogger(__name__)

SECONDS = 5
LEEWAY_SECONDS = 60
LONGEST_SUBJECT = 255
ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512"]
"""Those for which a provider has a key of its own: nothing that our secret could sign."""
_LOOPBACK = {"127.0.0.1", "::1", "localhost"}
_REASONS: dict[type[Exception], Any] = {
    jwt.ExpiredSignatureError: gettext_lazy("it is too old"),
    jwt.InvalidSignatureError: gettext_lazy("somebody else signed it"),
    jwt.InvalidAudienceError: gettext_lazy("it is meant for another application"),
    jwt.InvalidIssuerError: gettext_lazy("it comes from another provider"),
}


class SignInRefused(PermissionDeniedError):  # noqa: N818 - says what happened
    """The provider, or what it says, lets nobody in."""

    code = "sign_in_refused"


class ProviderUnavailable(DependencyUnavailable):
    """The provider does not answer, or not as one."""

    code = "provider_unavailable"


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """What a browser keeps while its person is at the provider."""

    state: str
    nonce: str
    verifier: str
    next: str

    @classmethod
    def begin(cls, next_page: str) -> "Attempt":
        """Return a new one that nobody can guess."""
        state, nonce, verifier = (secrets.token_urlsafe(32) for _number in range(3))
        return cls(state=state, nonce=nonce, verifier=verifier, next=next_page)


@dataclass(frozen=True, kw_only=True)
class Claims:
    """What a provider vouches for: who somebody is there, for good, and how to call them."""

    issuer: str
    subject: str
    email: str = ""
    email_is_verified: bool = False
    username: str = ""
    given_name: str = ""
    family_name: str = ""


@dataclass(frozen=True, kw_only=True)
class Endpoints:
    """Where a provider is asked for what."""

    authorization: str
    token: str
    keys: str
    userinfo: str = ""
    takes_basic: bool = True


@dataclass(frozen=True, kw_only=True)
class Provider:
    """A provider, and how it knows this installation."""

    issuer: str
    client_id: str
    client_secret: str

    def address(self, attempt: Attempt, *, back: str) -> str:
        """Return where a person goes to be let in; they come back to ``back``.

        Raises:
            ProviderUnavailable: it does not say where.
        """
        challenge = hashlib.sha256(attempt.verifier.encode()).digest()
        query = {
            "response_type": "code",
            "client_id": self.client_id,
            "redirect_uri": back,
            "scope": "openid email profile",
            "state": attempt.state,
            "nonce": attempt.nonce,
            "code_challenge": urlsafe_b64encode(challenge).rstrip(b"=").decode(),
            "code_challenge_method": "S256",
        }
        address = self._endpoints().authorization
        return f"{address}{'&' if '?' in address else '?'}{urlencode(query)}"

    def claims(self, code: str, attempt: Attempt, *, back: str) -> Claims:
        """Return who came back with ``code``.

        Raises:
            SignInRefused: the provider does not know the code, or what it says does not hold.
            ProviderUnavailable: it does not answer.
        """
        tokens = self._tokens(code, attempt, back=back)
        said = self._verified(str(tokens.get("id_token", "")), nonce=attempt.nonce)
        if "email" not in said:
            said = {**self._userinfo(tokens, subject=said["sub"]), **said}
        return _read(said)

    def _tokens(self, code: str, attempt: Attempt, *, back: str) -> dict[str, Any]:
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": back,
            "code_verifier": attempt.verifier,
        }
        endpoints, basic = self._endpoints(), None
        if endpoints.takes_basic:
            basic = httpx.BasicAuth(quote(self.client_id, ""), quote(self.client_secret, ""))
        else:
            form |= {"client_id": self.client_id, "client_secret": self.client_secret}
        return _ask("POST", endpoints.token, data=form, auth=basic)

    def _verified(self, token: str, *, nonce: str) -> dict[str, Any]:
        """Return what a token says that this provider signed for us, for this attempt."""
        try:
            key = _keys(self._endpoints().keys).get_signing_key_from_jwt(token)
            said: dict[str, Any] = jwt.decode(
                token,
                key,
                algorithms=ALGORITHMS,
                audience=self.client_id,
                issuer=self.issuer,
                leeway=LEEWAY_SECONDS,
                options={"require": ["iss", "sub", "aud", "exp", "iat"]},
            )
        except jwt.PyJWKClientConnectionError as error:
            raise _unavailable(error) from error
        except (jwt.PyJWTError, ValueError) as error:
            raise _untrusted(error) from error
        if said.get("azp", self.client_id) != self.client_id:
            raise _untrusted(jwt.InvalidAudienceError("it was given to another client"))
        if not constant_time_compare(str(said.get("nonce", "")), nonce):
            raise _untrusted(jwt.InvalidTokenError("the nonce is another"))
        return said

    def _userinfo(self, tokens: dict[str, Any], *, subject: str) -> dict[str, Any]:
        """Return what the provider tells beside the token, if it is of the same person."""
        address = self._endpoints().userinfo
        if not address or not isinstance(tokens.get("access_token"), str):
            return {}
        said = _ask("GET", address, headers={"Authorization": f"Bearer {tokens['access_token']}"})
        return said if said.get("sub") == subject else {}

    def _endpoints(self) -> Endpoints:
        if settings.OIDC_AUTHORIZATION_URL:
            return Endpoints(
                authorization=settings.OIDC_AUTHORIZATION_URL,
                token=settings.OIDC_TOKEN_URL,
                keys=settings.OIDC_KEYS_URL,
                userinfo=settings.OIDC_USERINFO_URL,
            )
        return _discover(self.issuer)


def provider() -> Provider | None:
    """Return the provider that is set up; ``None`` where none is, or not completely."""
    if not settings.OIDC_ISSUER or missing():
        return None
    return Provider(
        issuer=settings.OIDC_ISSUER,
        client_id=settings.OIDC_CLIENT_ID,
        client_secret=settings.OIDC_CLIENT_SECRET,
    )


def missing() -> list[str]:
    """Return the settings that are missing beside those that are there."""
    needed = ["OIDC_ISSUER", "OIDC_CLIENT_ID", "OIDC_CLIENT_SECRET"]
    endpoints = ["OIDC_AUTHORIZATION_URL", "OIDC_TOKEN_URL", "OIDC_KEYS_URL"]
    if _any_set(*endpoints, "OIDC_USERINFO_URL"):
        needed += endpoints
    is_begun = _any_set(*needed, "OIDC_USERINFO_URL")
    return [name for name in needed if is_begun and not _any_set(name)]


def _any_set(*names: str) -> bool:
    return any(getattr(settings, name) for name in names)


def is_safe(address: str) -> bool:
    """Tell whether nobody on the way can read or change what is asked there."""
    try:
        parts = urlsplit(address)
        host = parts.hostname
    except ValueError:
        return False
    return bool(host) and (
        parts.scheme == "https" or (parts.scheme == "http" and host in _LOOPBACK)
    )


@ttl_cache(maxsize=8, ttl=3600)
def _discover(issuer: str) -> Endpoints:
    """Ask a provider where it is asked for what."""
    said = _ask("GET", f"{issuer.rstrip('/')}/.well-known/openid-configuration")
    names = ["authorization_endpoint", "token_endpoint", "jwks_uri"]
    found = [str(said.get(name, "")) for name in names]
    userinfo = str(said.get("userinfo_endpoint", ""))
    if said.get("issuer") != issuer or not all(map(is_safe, found)):
        raise _unavailable("its description names another issuer, or no safe addresses")
    methods = said.get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
    authorization, token, keys = found
    return Endpoints(
        authorization=authorization,
        token=token,
        keys=keys,
        userinfo=userinfo if is_safe(userinfo) else "",
        takes_basic="client_secret_basic" in methods,
    )


@lru_cache(maxsize=8)
def _keys(address: str) -> jwt.PyJWKClient:
    # It keeps them for five minutes, and asks again for a key that it does not know.
    return jwt.PyJWKClient(address, timeout=SECONDS, cooldown_duration=SECONDS)


def _ask(method: str, address: str, **given: Any) -> dict[str, Any]:
    try:
        answer = httpx.request(method, address, timeout=SECONDS, **given)
        said = answer.json()
    except (httpx.HTTPError, ValueError) as error:
        raise _unavailable(error) from error
    if answer.is_client_error and isinstance(said, dict):
        logger.info("the OpenID provider refused with %s", answer.status_code)
        raise SignInRefused(_("The provider does not confirm this sign-in: start again."))
    if not answer.is_success or not isinstance(said, dict):
        raise _unavailable(f"it answered {answer.status_code}")
    return said


def _read(said: dict[str, Any]) -> Claims:
    def text(name: str, most: int) -> str:
        value = said.get(name)
        return value.strip()[:most] if isinstance(value, str) and value.isprintable() else ""

    subject = said["sub"]
    if not 0 < len(subject) <= LONGEST_SUBJECT or not subject.isprintable():
        raise _untrusted(jwt.InvalidTokenError("the subject is no name"))
    return Claims(
        issuer=said["iss"],
        subject=subject,
        email=text("email", 254),
        # Some write it as a text.
        email_is_verified=said.get("email_verified") in (True, "true"),
        username=text("preferred_username", 150),
        given_name=text("given_name", 150),
        family_name=text("family_name", 150),
    )


def _untrusted(error: Exception) -> SignInRefused:
    logger.info("an answer of the OpenID provider was refused: %s", type(error).__name__)
    reason = _REASONS.get(type(error), _("it does not belong to this attempt"))
    sentence = _("What the provider says cannot be trusted: %(reason)s. Start again.")
    return SignInRefused(sentence % {"reason": reason})


def _unavailable(reason: object) -> ProviderUnavailable:
    logger.warning("the OpenID provider cannot be used: %s", reason)
    return ProviderUnavailable(
        _("The provider cannot be reached just now: try again, or sign in another way.")
    )
