import json
from datetime import UTC, datetime

import pytest
from asgiref.sync import sync_to_async
from channels.layers import channel_layers

from parallagon.core import live

AT = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def fresh_layer() -> None:
    channel_layers.backends.clear()


class TestEncode:
    def test_is_compact_and_keeps_letters(self) -> None:
        text = live.encode("file.changed", {"path": "é.md"}, at=AT, seq=3)

        assert text == (
            '{"v":1,"type":"file.changed","seq":3,"at":"2026-11-23T10:00:00Z","data":{"path":"é.md"}}'
        )

    def test_without_a_number(self) -> None:
        assert json.loads(live.encode("presence", {}, at=AT))["seq"] is None


class TestSend:
    async def test_reaches_the_group(self) -> None:
        layer = channel_layers["default"]
        channel = await layer.new_channel()
        await layer.group_add("group", channel)

        await sync_to_async(live.send)("group", "text", seq=4)

        received = await layer.receive(channel)
        assert received.pop("handed_over_at") > 0
        assert received == {"type": "frame", "text": "text", "seq": 4}

    def test_a_layer_that_is_down_is_only_logged(
        self, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        async def refuse(*_args: object) -> None:
            raise OSError("down")

        monkeypatch.setattr(channel_layers["default"], "group_send", refuse)

        live.send("group", "text")

        assert "was not sent" in caplog.text
