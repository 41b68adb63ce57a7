"""Sign in by a link that works once; sign out."""

from http import HTTPStatus

from django.contrib.auth.views import LogoutView
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils.cache import add_never_cache_headers
from sesame.views import LoginView


class LinkView(LoginView):  # type: ignore[misc] # sesame has no types
    """Sign in whoever holds a fresh link; say how to get another when it is not."""

    def dispatch(self, *args: object, **kwargs: object) -> HttpResponseBase:
        """Keep the address, which is a key until it is used, out of caches and referrers."""
        response: HttpResponseBase = super().dispatch(*args, **kwargs)
        add_never_cache_headers(response)
        response.headers["Referrer-Policy"] = "no-referrer"
        return response

    def login_failed(self) -> HttpResponse:
        """Show the page that says how to get another link."""
        context = {"has_link": "sesame" in self.request.GET}
        return render(
            self.request, "accounts/link_refused.html", context, status=HTTPStatus.FORBIDDEN
        )


login = LinkView.as_view()
logout = LogoutView.as_view()
