"""What docs/api.md lets people type does what it says."""

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from missions.models import Mission
from parallagon.accounts.services import CreateKey
from tests.factories import make_user
from tests.installation import ROOT

GUIDE = (ROOT / "docs/api.md").read_text(encoding="utf-8")


def commands() -> list[list[str]]:
    """Return the calls of the guide, word by word."""
    (block,) = re.findall(r"```sh\n(.*?)```", GUIDE, re.DOTALL)
    lines = block.replace("\\\n", " ").splitlines()
    return [shlex.split(line) for line in lines if line.startswith("curl")]


def send(words: list[str], *, key: str, mission: int) -> Any:
    """Do what curl would."""
    method, headers, body, address = None, {}, "", ""
    rest = iter(words[1:])
    for word in rest:
        if word == "-X":
            method = next(rest)
        elif word == "-H":
            name, value = next(rest).replace("$KEY", key).split(": ", 1)
            headers[name] = value
        elif word == "-d":
            body = next(rest)
        else:
            address = word.replace("$URL", "/api/v1").replace("missions/1/", f"missions/{mission}/")
    method = method or ("POST" if body else "GET")
    kind = headers.pop("Content-Type", "application/octet-stream")
    return APIClient().generic(method, address, body, content_type=kind, headers=headers)


@pytest.mark.django_db
def test_every_call_is_answered_as_the_guide_goes_on(tmp_path: Path, settings: Any) -> None:
    settings.DATA_DIR = tmp_path
    scopes = ("control", "read", "write")
    made = CreateKey(user=make_user(), name="tool", scopes=scopes, now=timezone.now()).execute()
    listed, created, *others = commands()

    assert send(listed, key=made.secret, mission=0).json()["results"] == []
    mission = send(created, key=made.secret, mission=0).json()["id"]
    answers = [send(words, key=made.secret, mission=mission) for words in others]

    assert [answer.status_code for answer in answers] == [200, 200, 200]
    assert answers[-1].json()["text"] == "Write a short guide, with an index.\n"
    assert Mission.objects.count() == 1
