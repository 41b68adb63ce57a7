"""A sender that is killed while it sends: nothing is lost, and the receiver can tell."""

import json
import os
import signal
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from notifications.delivering import DeliverDue
from notifications.models import Delivery
from notifications.services import SetTarget, TestTarget
from tests.factories import make_user
from tests.notifications.receiver import receiving

ROOT = Path(__file__).parents[2]
SENDER = """
import django
django.setup()
from django.conf import settings
settings.DATABASES["default"]["NAME"] = {database!r}
from django.db import connection
connection.settings_dict["NAME"] = {database!r}
settings.PARALLAGON_WEBHOOK_HTTP = settings.PARALLAGON_WEBHOOK_PRIVATE = True
settings.SECRET_KEY = {key!r}
from notifications.delivering import DeliverDue
DeliverDue().execute()
"""


@pytest.mark.faults
@pytest.mark.django_db(transaction=True)
def test_killed_while_the_receiver_has_it(settings: Any, tmp_path: Path) -> None:
    settings.PARALLAGON_WEBHOOK_HTTP = settings.PARALLAGON_WEBHOOK_PRIVATE = True
    user, now = make_user(), timezone.now()
    with receiving() as receiver:
        receiver.hold = Event()
        SetTarget(user=user, channel="webhook", address=receiver.address, now=now).execute()
        TestTarget(user=user, channel="webhook", now=now).execute()
        name = str(connection.settings_dict["NAME"])
        program = SENDER.format(database=name, key=settings.SECRET_KEY)
        sender = subprocess.Popen(
            [sys.executable, "-c", program],
            cwd=ROOT,
            env={
                **os.environ,
                "DJANGO_SETTINGS_MODULE": "parallagon.settings.test",
                "PARALLAGON_TEST_DATA_DIR": str(tmp_path),
            },
        )
        try:
            assert receiver.has_come.wait(60)
            sender.send_signal(signal.SIGKILL)
        finally:
            sender.kill()
            sender.wait(10)
        receiver.hold.set()
        assert Delivery.objects.get().state == Delivery.State.SENDING

        later = timezone.now() + timedelta(minutes=3)
        assert DeliverDue(clock=lambda: later).execute() == 1

        ids = [json.loads(body)["id"] for _headers, body in receiver.got]
        assert len(ids) == 2  # at least once …
        assert len(set(ids)) == 1  # … and it can tell
    assert Delivery.objects.get().state == Delivery.State.SENT
