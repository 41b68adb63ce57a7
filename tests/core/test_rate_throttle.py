"""How often a person may ask the API, by class of view."""

import json
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any, ClassVar

import pytest
from django.conf import LazySettings
from django.core.cache import caches
from django.urls import URLResolver, get_resolver
from rest_framework.response import Response
from rest_framework.test import APIRequestFactory, force_authenticate
from rest_framework.views import APIView

from parallagon.accounts.models import User
from parallagon.core import limits
from parallagon.core.limits import throttle
from parallagon.core.limits.governor import governor


class Plain(APIView):
    permission_classes = ()

    def get(self, request: Any) -> Response:
        return Response()

    post = get


class Costly(Plain):
    limited_as: ClassVar = limits.EXPENSIVE


@pytest.fixture(autouse=True)
def few_requests(settings: LazySettings, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    settings.RATE_LIMITS = {
        "read": (5, 3600), "write": (3, 3600), "expensive": (2, 3600), "anonymous": (4, 3600),
    }  # fmt: skip
    # However long a test takes, its requests fall into one window.
    monkeypatch.setattr("django_ratelimit.core.time", SimpleNamespace(time=lambda: 1e9))
    caches["limits"].clear()
    yield
    caches["limits"].clear()


def ask(
    view: type[APIView] = Plain, *, user: int | None = 1, method: str = "get", **more: Any
) -> Any:
    request = getattr(APIRequestFactory(), method)("/", **more)
    if user is not None:
        force_authenticate(request, User(pk=user, is_active=True))
    return view.as_view()(request).render()


def allowed(**how: Any) -> int:
    """Return how many are let through before one is refused."""
    for count in range(20):
        if ask(**how).status_code == 429:
            return count
    raise AssertionError("none was refused")


class TestRateOfAClass:
    def test_is_that_of_reads_of_writes_or_of_what_a_view_says(self) -> None:
        assert allowed(method="get") == 5
        assert allowed(method="post") == 3
        assert allowed(view=Costly) == 2

    def test_is_each_persons_own(self) -> None:
        allowed(user=1)

        assert ask(user=2).status_code == 200

    def test_is_by_address_for_whoever_is_not_signed_in(self) -> None:
        allowed(user=None, REMOTE_ADDR="192.0.2.1")

        assert ask(user=None, REMOTE_ADDR="192.0.2.1").status_code == 429
        assert ask(user=None, REMOTE_ADDR="192.0.2.2").status_code == 200

    def test_cannot_be_had_again_by_claiming_another_address(self) -> None:
        allowed(user=None, REMOTE_ADDR="192.0.2.1")

        answer = ask(user=None, REMOTE_ADDR="192.0.2.1", HTTP_X_FORWARDED_FOR="192.0.2.9")

        assert answer.status_code == 429

    def test_may_be_none(self, settings: LazySettings) -> None:
        settings.RATE_LIMITS = {"read": None}

        assert all(ask().status_code == 200 for _ in range(10))


class TestRefusal:
    def test_says_when_to_come_again(self) -> None:
        allowed()

        answer = ask()

        assert json.loads(answer.content)["code"] == "throttled"
        assert 1 <= int(answer["Retry-After"]) <= 3601


class TestUnderPressure:
    def test_everybody_gets_less(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(type(governor()), "share", 0.5)

        assert allowed() == 2

    def test_nobody_gets_nothing(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(type(governor()), "share", 0.01)

        assert allowed() == 1


class TestWithoutRedis:
    @pytest.fixture(autouse=True)
    def nothing_counts(self, settings: LazySettings, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(throttle.RateThrottle, "_ignored_until", 0.0)
        settings.CACHES = {
            **settings.CACHES,
            "limits": {
                "BACKEND": "django_redis.cache.RedisCache",
                "LOCATION": "redis://127.0.0.1:1/0",  # nobody listens there
                "OPTIONS": {"IGNORE_EXCEPTIONS": True, "SOCKET_CONNECT_TIMEOUT": 0.25},
            },
        }

    def test_nobody_is_refused_and_the_measures_say_so(self) -> None:
        before = throttle.UNCOUNTED._value.get()

        assert all(ask().status_code == 200 for _ in range(10))

        assert throttle.UNCOUNTED._value.get() > before


def views(resolver: URLResolver) -> Iterator[type[APIView]]:
    for entry in resolver.url_patterns:
        if isinstance(entry, URLResolver):
            yield from views(entry)
        elif hasattr(entry.callback, "cls"):
            yield entry.callback.cls


class TestEveryView:
    def test_names_a_class_that_is_there(self) -> None:
        found = [getattr(view, "limited_as", limits.READ) for view in views(get_resolver())]

        assert set(found) == {limits.READ, limits.EXPENSIVE, limits.CONTROL}
        assert set(found) <= set(limits.CLASSES)
