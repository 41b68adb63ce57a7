"""What a run asked and was told, over HTTP: bounded, without secrets, kept for a time."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from agents import transcript
from agents.gateway import records
from agents.gateway.keys import Scrubber
from agents.gateway.records import RunFiles
from agents.models import Agent, AgentRun
from agents.selectors import run_directory
from tests.agents.factories import make_run

SECRET = "sk-canary-1f0b77e2"
"""Looks like a key, and is none that the gateway knows."""


@pytest.fixture
def run(production: Agent) -> AgentRun:
    return make_run(production, finished_at=timezone.now())


def tell(run: AgentRun, *entries: dict[str, Any]) -> Path:
    """Keep a transcript as the gateway does; return its folder."""
    files = RunFiles(run_directory(run.pk), Scrubber())
    for number, entry in enumerate(entries):
        files.tell({"call": number // 2 + 1, "at": 1_790_000_000.5 + number, **entry})
    files.close()
    return run_directory(run.pk)


def asked(text: str) -> dict[str, Any]:
    return {"request": {"model": "m", "messages": [{"role": "user", "content": text}]}}


def told(text: str | None, **values: Any) -> dict[str, Any]:
    return {"reply": text, "finish_reason": "stop", "failure": None, "detail": "", **values}


def page_of(http: APIClient, run: AgentRun, after: int | None = None) -> Any:
    query = "" if after is None else f"?after={after}"
    answer = http.get(f"/api/v1/runs/{run.pk}/transcript{query}")
    assert answer.status_code == 200, answer.content
    return answer.json()


def lines_of(http: APIClient, run: AgentRun) -> list[Any]:
    answer = http.get(f"/api/v1/runs/{run.pk}/transcript/download")
    assert answer.status_code == 200
    return [json.loads(line) for line in b"".join(answer).splitlines()]


class TestPages:
    def test_show_requests_and_replies_in_order(self, http: APIClient, run: AgentRun):
        tell(run, asked("Write."), told("Written."), asked("More."), told("", failure="empty"))

        page = page_of(http, run)

        seen = [(one["call"], one["kind"], one["messages"]) for one in page["entries"]]
        assert seen == [
            (1, "request", [{"role": "user", "text": "Write."}]),
            (1, "reply", [{"role": "assistant", "text": "Written."}]),
            (2, "request", [{"role": "user", "text": "More."}]),
            (2, "reply", [{"role": "assistant", "text": ""}]),
        ]
        assert page["entries"][0]["at"] == "2026-09-21T14:13:20.500000Z"
        assert page["entries"][3]["failure"] == "empty"
        assert page["has_more"] is False

    @pytest.mark.parametrize(
        "request_",
        [
            {
                "messages": [
                    {"role": "system", "content": "Be."},
                    {"role": "user", "content": "Do."},
                ]
            },
            {"system": "Be.", "messages": [{"role": "user", "content": "Do."}]},
            {
                "system": [{"type": "text", "text": "Be."}],
                "messages": [{"role": "user", "content": [{"type": "text", "text": "Do."}]}],
            },
            {
                "system_instruction": {"parts": [{"text": "Be."}]},
                "contents": [{"role": "user", "parts": [{"text": "Do."}]}],
            },
        ],
    )
    def test_read_the_requests_of_every_family(
        self, http: APIClient, run: AgentRun, request_: dict[str, Any]
    ):
        tell(run, {"request": request_})

        (entry,) = page_of(http, run)["entries"]

        assert entry["messages"] == [
            {"role": "system", "text": "Be."},
            {"role": "user", "text": "Do."},
        ]

    def test_go_on_without_missing_or_doubling(
        self, http: APIClient, run: AgentRun, monkeypatch: pytest.MonkeyPatch
    ):
        monkeypatch.setattr(transcript, "PAGE_BYTES", 300)
        tell(run, *(asked(f"Number {number}.") for number in range(20)))

        page = page_of(http, run)
        seen, pages = page["entries"], 1
        while page["has_more"]:
            page = page_of(http, run, page["next"])
            seen += page["entries"]
            pages += 1

        assert pages > 5
        texts = [entry["messages"][0]["text"] for entry in seen]
        assert texts == [f"Number {number}." for number in range(20)]

    def test_go_on_with_what_a_run_says_later(self, http: APIClient, run: AgentRun):
        folder = tell(run, asked("Write."))
        place = page_of(http, run)["next"]
        with (folder / "transcript.jsonl").open("a") as file:
            file.write('{"call": 1, "at": 5, "repl')
        waiting = page_of(http, run, place)
        with (folder / "transcript.jsonl").open("a") as file:
            file.write('y": "Written."}\n')

        assert (waiting["entries"], waiting["next"]) == ([], place), "a line under way is not read"
        (entry,) = page_of(http, run, place)["entries"]
        assert entry["messages"][0]["text"] == "Written."

    def test_bear_lines_that_are_none(self, http: APIClient, run: AgentRun):
        folder = tell(run, asked("Write."))
        with (folder / "transcript.jsonl").open("ab") as file:
            file.write(b'\xff\n[]\n7\n{"call": "x", "at": 1}\n{"call": 1, "at": 1e99}\n')
            file.write(b"[" * 9**5 + b"\n")
            file.write(b'{"call": 2, "at": 5, "request": {"messages": [3, {"content": [4]}]}}\n')

        first, last = page_of(http, run)["entries"]

        assert first["messages"][0]["text"] == "Write."
        assert last["messages"] == [{"role": "user", "text": ""}]

    def test_cut_what_is_too_long_for_them(
        self, http: APIClient, run: AgentRun, monkeypatch: pytest.MonkeyPatch
    ):
        monkeypatch.setattr(transcript, "LONGEST", 10)
        tell(run, asked("x" * 11), told("x" * 10))

        long, short = page_of(http, run)["entries"]

        assert (long["messages"][0]["text"], long["is_cut"]) == ("x" * 10, True)
        assert (short["messages"][0]["text"], short["is_cut"]) == ("x" * 10, False)
        assert lines_of(http, run)[0]["request"]["messages"][0]["content"] == "x" * 11

    def test_are_empty_for_a_run_that_asked_nothing(self, http: APIClient, run: AgentRun):
        assert page_of(http, run) == {"entries": [], "next": 0, "has_more": False}
        assert lines_of(http, run) == []

    def test_bear_a_place_in_the_middle_or_behind_the_end(self, http: APIClient, run: AgentRun):
        folder = tell(run, asked("Write."), told("Written."))
        size = (folder / "transcript.jsonl").stat().st_size

        assert [one["kind"] for one in page_of(http, run, 5)["entries"]] == ["reply"]
        behind = page_of(http, run, 10**15)
        assert (behind["entries"], behind["next"]) == ([], size)

    @pytest.mark.parametrize("place", ["-1", "x", str(2**70)])
    def test_refuse_a_place_that_is_none(self, http: APIClient, run: AgentRun, place: str):
        assert http.get(f"/api/v1/runs/{run.pk}/transcript?after={place}").status_code == 422


class TestLimit:
    def test_leaves_out_what_is_said_once_it_is_full(
        self, http: APIClient, run: AgentRun, monkeypatch: pytest.MonkeyPatch
    ):
        monkeypatch.setattr(records, "TRANSCRIPT_BYTES", 400)
        folder = tell(run, asked("Write."), told("y" * 1000), asked("z" * 1000), told("w" * 1000))

        kept, *left_out = page_of(http, run)["entries"]

        assert kept["is_left_out"] is False
        assert [(one["kind"], one["messages"]) for one in left_out] == [
            ("reply", []), ("request", []), ("reply", []),
        ]  # fmt: skip
        assert all(one["is_left_out"] for one in left_out)
        assert (folder / "transcript.jsonl").stat().st_size < 1000


class TestSecrets:
    def test_that_stand_in_what_was_said_are_not_shown(
        self, http: APIClient, run: AgentRun, monkeypatch: pytest.MonkeyPatch
    ):
        monkeypatch.setattr(transcript, "LONGEST", 30)
        tell(
            run,
            asked(f"The key of the server is {SECRET}."),
            told(f'password="{SECRET}"', detail=f"refused {SECRET}"),
            {"request": {SECRET: SECRET, "messages": [{"role": SECRET, "content": "Do."}]}},
        )

        shown = http.get(f"/api/v1/runs/{run.pk}/transcript").content
        taken = b"".join(http.get(f"/api/v1/runs/{run.pk}/transcript/download"))

        assert b"The key of the server is" in shown
        assert b"[secret]" in taken
        for text in (shown, taken):
            assert b"canary" not in text
            assert b"sk-" not in text


class TestDownload:
    def test_is_not_sent_again_to_those_who_have_it(self, http: APIClient, run: AgentRun):
        folder = tell(run, asked("Write."))
        url = f"/api/v1/runs/{run.pk}/transcript/download"
        answer = http.get(url)

        assert answer["Content-Disposition"] == f'attachment; filename="production-{run.pk}.jsonl"'
        assert http.get(url, headers={"If-None-Match": answer["ETag"]}).status_code == 304
        with (folder / "transcript.jsonl").open("a") as file:
            file.write("{}\n")
        assert http.get(url, headers={"If-None-Match": answer["ETag"]}).status_code == 200


@pytest.mark.parametrize("end", ["log", "transcript", "transcript/download"])
class TestWhoAndWhen:
    def test_viewers_read_and_strangers_find_nothing(
        self, viewer: APIClient, stranger: APIClient, run: AgentRun, end: str
    ):
        tell(run, asked("Write."))

        assert viewer.get(f"/api/v1/runs/{run.pk}/{end}").status_code == 200
        assert stranger.get(f"/api/v1/runs/{run.pk}/{end}").status_code == 404
        assert viewer.get(f"/api/v1/runs/{uuid4()}/{end}").status_code == 404

    def test_after_its_time_it_is_gone_and_the_answer_says_so(
        self, http: APIClient, run: AgentRun, settings: Any, end: str
    ):
        settings.PARALLAGON_RUN_DAYS = 30
        tell(run, asked("Write."))
        AgentRun.objects.update(finished_at=timezone.now() - timedelta(days=30, minutes=1))

        answer = http.get(f"/api/v1/runs/{run.pk}/{end}")

        assert (answer.status_code, answer.json()["code"]) == (410, "gone")
        assert "30 days" in answer.json()["detail"]
        assert http.get(f"/api/v1/runs/{run.pk}/diff").status_code == 200

    def test_it_stays_for_ever_where_that_is_wanted(
        self, http: APIClient, run: AgentRun, settings: Any, end: str
    ):
        settings.PARALLAGON_RUN_DAYS = 0
        AgentRun.objects.update(finished_at=timezone.now() - timedelta(days=9999))

        assert http.get(f"/api/v1/runs/{run.pk}/{end}").status_code == 200
