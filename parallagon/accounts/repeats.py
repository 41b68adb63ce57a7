"""Requests that may be repeated: one with the same ``Idempotency-Key`` gets the first one's answer.

A client that never heard the answer of a request cannot know whether it was carried out. With a key
of its own it asks again and again, and the thing is done once. The key is taken, for one person,
before anything is done, and the answer kept with it afterwards; what was refused gives the key
back. Between the two lies the operation, which is a transaction of its own: a process that dies
there, or a failure that nobody foresaw, leaves a key of which nobody knows, and a repetition is
told so.
"""

import functools
import json
import re
from collections.abc import Callable
from datetime import datetime, timedelta
from hashlib import sha256
from http import HTTPStatus
from typing import Any, Final

from django.core.exceptions import PermissionDenied
from django.core.files.uploadedfile import UploadedFile
from django.core.serializers.json import DjangoJSONEncoder
from django.db import IntegrityError, transaction
from django.http import Http404
from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter
from rest_framework.request import Request
from rest_framework.response import Response

from parallagon.accounts.authentication import caller
from parallagon.accounts.models import KeptAnswer
from parallagon.core.errors import Conflict, ValidationError

HEADER: Final = "Idempotency-Key"
IDEMPOTENCY_KEY = OpenApiParameter(
    HEADER,
    OpenApiTypes.STR,
    OpenApiParameter.HEADER,
    description="of your making: the same request with the same key is carried out once a day",
)
KEPT = timedelta(hours=24)
LONGEST_AT_WORK = timedelta(minutes=2)
_KEY = re.compile(r"[!-~]{1,200}")
_KEPT_HEADERS = ("ETag", "Location")
Post = Callable[..., Response]


class KeyReused(ValidationError):  # noqa: N818 - says what is wrong
    code = "idempotency_key_reused"


class StillAtWork(Conflict):
    code = "idempotency_in_progress"


class OutcomeUnknown(Conflict):
    code = "idempotency_unknown"


def repeatable(post: Post) -> Post:
    """Let a view's method be repeated by those who send a key; others are served as before.

    The method raises:
        ValidationError: the key is no key, or was another request's (``KeyReused``).
        StillAtWork: the first request with this key is being carried out.
        OutcomeUnknown: it was begun, and whether it was carried out is not known.
    """

    @functools.wraps(post)
    def once(view: Any, request: Request, *args: Any, **kwargs: Any) -> Response:
        key = request.headers.get(HEADER)
        if key is None:
            return post(view, request, *args, **kwargs)
        if not _KEY.fullmatch(key):
            raise ValidationError(
                _("An idempotency key has 1 to 200 letters, digits and signs, and no spaces."),
                header=HEADER,
            )
        taken = _take(request, key, now=timezone.now())
        if taken.status is not None:
            return _again(taken)
        try:
            answer = post(view, request, *args, **kwargs)
        except Exception as error:
            if _is_refusal(error):
                taken.delete()
            else:
                KeptAnswer.objects.filter(pk=taken.pk).update(
                    status=HTTPStatus.INTERNAL_SERVER_ERROR
                )
            raise
        return _keep(taken, answer)

    return once


def forget_answers(*, now: datetime) -> int:
    """Forget keys that are older than a day; returns how many."""
    return KeptAnswer.objects.filter(created_at__lt=now - KEPT).delete()[0]


def _take(request: Request, key: str, *, now: datetime) -> KeptAnswer:
    """Return the key's record: with a status where its request has been answered."""
    user, print_ = caller(request), _fingerprint(request)
    KeptAnswer.objects.filter(user=user, key=key, created_at__lt=now - KEPT).delete()
    try:
        with transaction.atomic():
            return KeptAnswer.objects.create(user=user, key=key, fingerprint=print_, created_at=now)
    except IntegrityError:
        kept = KeptAnswer.objects.filter(user=user, key=key).first()
    if kept is None:  # given back in this very moment
        return _take(request, key, now=now)
    if kept.fingerprint != print_:
        raise KeyReused(_("This idempotency key belongs to another request."), header=HEADER)
    if kept.status is None and kept.created_at > now - LONGEST_AT_WORK:
        raise StillAtWork(_("This request is being carried out: ask again in a moment."))
    if kept.status in {None, HTTPStatus.INTERNAL_SERVER_ERROR}:
        raise OutcomeUnknown(
            _("Nobody knows what came of this request: look, then use another key.")
        )
    return kept


def _is_refusal(error: Exception) -> bool:
    """Return whether a failure was foreseen, so that nothing has been done."""
    status = getattr(error, "status", None) or getattr(error, "status_code", None)
    return isinstance(error, (Http404, PermissionDenied)) or status not in {
        None,
        HTTPStatus.INTERNAL_SERVER_ERROR,
    }


def _keep(taken: KeptAnswer, answer: Response) -> Response:
    taken.status = answer.status_code
    taken.body = json.dumps(answer.data, cls=DjangoJSONEncoder)
    taken.headers = {name: answer[name] for name in _KEPT_HEADERS if answer.has_header(name)}
    taken.save(update_fields=["status", "body", "headers"])
    return answer


def _again(kept: KeptAnswer) -> Response:
    headers = {**kept.headers, "Idempotency-Replayed": "true"}
    return Response(json.loads(kept.body), status=kept.status, headers=headers)


def _fingerprint(request: Request) -> str:
    """Return the hash of what is asked: method, address and body."""
    asked = sha256(f"{request.method} {request.get_full_path()}\n".encode())
    data = request.data
    if not hasattr(data, "lists"):  # JSON
        asked.update(json.dumps(data, sort_keys=True).encode())
        return asked.hexdigest()
    for name, values in sorted(data.lists()):
        for value in values:
            asked.update(f"\n{name}\n".encode())
            if isinstance(value, UploadedFile):
                for piece in value.chunks():
                    asked.update(piece)
                value.seek(0)
            else:
                asked.update(str(value).encode())
    return asked.hexdigest()
