"""What browsers may not do with our answers, beside what the content security policy says."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse


class BrowserPolicyMiddleware:
    """Deny browsers what no page of ours needs, and other sites our answers as their parts."""

    HEADERS = (
        ("Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()"),
        ("Cross-Origin-Resource-Policy", "same-origin"),
    )

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        for name, value in self.HEADERS:
            response.headers.setdefault(name, value)
        return response
