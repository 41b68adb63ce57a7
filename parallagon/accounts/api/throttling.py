"""How often somebody may try to sign in."""

from django.views import View
from rest_framework.request import Request
from rest_framework.throttling import SimpleRateThrottle


class SignInThrottle(SimpleRateThrottle):
    """Count attempts by address and account, so that one cannot lock out everyone."""

    scope = "sign_in"
    rate = "5/min"

    def get_cache_key(self, request: Request, view: View) -> str:
        name = request.data.get("username") if isinstance(request.data, dict) else None
        ident = f"{self.get_ident(request)}-{str(name)[:150]}".encode().hex()
        return self.cache_format % {"scope": self.scope, "ident": ident}
