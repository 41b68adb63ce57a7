"""What a key may do: each route and method asks for one scope, or is closed to keys.

An app says with ``key_scope`` what its writing asks for; its reading asks for ``read``. A view
says otherwise, method by method, with ``key_scopes``. Where neither speaks, no key enters: a route
that somebody forgot is closed.
"""

from typing import Any

from django.apps import apps
from django.utils.translation import gettext as _
from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request

from parallagon.accounts.models import ApiKey
from parallagon.core.errors import PermissionDeniedError


class ScopeMissing(PermissionDeniedError):  # noqa: N818 - says what is missing
    """The key was made without the scope that this asks for."""

    code = "scope_missing"


class WithinScope(BasePermission):
    """Keep a key to its scopes; who comes with a session or a token is the person."""

    def has_permission(self, request: Request, view: Any) -> bool:
        """Let pass whoever may.

        Raises:
            ScopeMissing: a key may not; the error names the scope that would do.
        """
        if not isinstance(request.auth, ApiKey):
            return True
        scope = required_scope(view, str(request.method))
        if scope in request.auth.scopes:
            return True
        if scope is None:
            raise ScopeMissing(_("No key may do this: sign in."), scope=None)
        raise ScopeMissing(
            _("The key lacks the scope “%(scope)s”.") % {"scope": scope}, scope=scope
        )


def required_scope(view: Any, method: str) -> str | None:
    """Return the scope that a key needs for ``method`` of a view; ``None``: none will do."""
    said: dict[str, str | None] = getattr(view, "key_scopes", {})
    if method in said:
        return said[method]
    app = apps.get_containing_app_config(type(view).__module__)
    writing: str | None = getattr(app, "key_scope", None)
    if writing is None:
        return None
    return ApiKey.Scope.READ.value if method in SAFE_METHODS else writing
