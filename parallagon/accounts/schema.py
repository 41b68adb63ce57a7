"""What the API's description says of signing in."""

from typing import Any

from drf_spectacular.authentication import SessionScheme
from drf_spectacular.contrib.rest_framework_simplejwt import SimpleJWTScheme
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema

from parallagon.accounts.scopes import required_scope


class BrowserSession(SessionScheme):  # type: ignore[no-untyped-call] # its base has no types
    """The session's cookie; its name holds the port, so it is read when it is asked for."""

    target_class = "parallagon.accounts.authentication.SessionAuthentication"


class Token(SimpleJWTScheme):  # type: ignore[no-untyped-call] # its base has no types
    """An access token."""

    target_class = "parallagon.accounts.credentials.TokenAuthentication"


class Key(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call] # its base has no types
    """A key, with the scope that each operation asks of it."""

    target_class = "parallagon.accounts.authentication.KeyAuthentication"
    name = "apiKey"

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, Any]:
        description = "A key of one's own, `pk_…`; an operation names the scope that it needs."
        return {"type": "http", "scheme": "bearer", "description": description}

    def get_security_requirement(self, auto_schema: AutoSchema) -> dict[str, list[str]] | None:  # type: ignore[override] # None leaves it out
        scope = required_scope(auto_schema.view, auto_schema.method.upper())
        return None if scope is None else {self.name: [scope]}
