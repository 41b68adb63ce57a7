"""Sign in by a link that works once or with a password; sign out."""

from datetime import timedelta
from http import HTTPStatus
from typing import Any, cast

from django import forms
from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.contrib.auth.forms import AuthenticationForm, UsernameField
from django.contrib.auth.views import LoginView as DjangoLoginView
from django.contrib.auth.views import LogoutView
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils import timezone
from django.utils.cache import add_never_cache_headers
from django.utils.decorators import method_decorator
from django.utils.formats import time_format
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.generic import FormView
from sesame.views import LoginView

from parallagon.accounts import attempts, sessions
from parallagon.accounts.errors import TooManyAttempts
from parallagon.accounts.models import User
from parallagon.accounts.provider import provider
from parallagon.accounts.services import ChangePassword
from parallagon.core.errors import ParallagonError


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


class SignInForm(AuthenticationForm):
    """A user name and a password."""

    username = UsernameField(max_length=150)
    password = forms.CharField(strip=False, max_length=4096)


class SignInView(DjangoLoginView):
    """Sign in with a password; too many attempts are told until when to wait."""

    template_name = "accounts/sign_in.html"
    authentication_form = SignInForm
    redirect_authenticated_user = True

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Offer the provider too, where there is one."""
        name = settings.OIDC_NAME if provider() else ""
        return super().get_context_data(provider=name, **kwargs)

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Count the attempt, then check it; unknown names take as long as known ones."""
        wait = attempts.seconds_to_wait(request, request.POST.get("username", ""))
        if not wait:
            return super().post(request, *args, **kwargs)
        until = timezone.localtime(timezone.now() + timedelta(seconds=wait))
        sentence = _("Too many attempts: try again at %(time)s.")
        context = self.get_context_data(
            form=SignInForm(request, initial={"username": request.POST.get("username", "")[:150]}),
            locked=sentence % {"time": time_format(until, "H:i:s e")},
        )
        status = HTTPStatus.TOO_MANY_REQUESTS
        return self.render_to_response(context, status=status, headers={"Retry-After": str(wait)})


class PasswordForm(forms.Form):
    """The password one has and the one one wants, twice."""

    current = forms.CharField(strip=False, max_length=4096, required=False)
    new = forms.CharField(strip=False, max_length=4096)
    again = forms.CharField(strip=False, max_length=4096)

    def clean(self) -> dict[str, Any]:
        given = self.cleaned_data
        if given.get("new") != given.get("again"):
            raise forms.ValidationError(_("The two new passwords differ."))
        return given


@method_decorator([login_required, never_cache, sensitive_post_parameters()], name="dispatch")
class PasswordView(FormView[PasswordForm]):
    """Change one's password, or choose the first one after signing in by link."""

    template_name = "accounts/password.html"
    form_class = PasswordForm
    success_url = settings.LOGIN_REDIRECT_URL

    def form_valid(self, form: PasswordForm) -> HttpResponse:
        """Change it and keep this session; say on the same page what is wrong."""
        user = cast("User", self.request.user)
        key = self.request.session.session_key
        current, new = form.cleaned_data["current"], form.cleaned_data["new"]
        try:
            if attempts.seconds_to_wait(self.request, f"password {user.pk}"):
                raise TooManyAttempts(_("Too many attempts: try again in a minute."))
            ChangePassword(user=user, current=current, new=new, session_key=key).execute()
        except ParallagonError as error:
            context = self.get_context_data(form=form, refusal=error.message)
            return self.render_to_response(context, status=error.status)
        sessions.renew(self.request, user)
        return super().form_valid(form)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        has_password = cast("User", self.request.user).has_usable_password()
        return super().get_context_data(has_password=has_password, **kwargs)


sign_in = SignInView.as_view()
password = PasswordView.as_view()
