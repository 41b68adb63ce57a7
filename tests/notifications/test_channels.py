"""The ways out: where they may lead, what is sent, how it is signed."""

import hashlib
import hmac
import ipaddress
import json
import socket
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from threading import Thread
from typing import Any

import pytest
from django.core import mail

from notifications.channels import addresses, http, sending
from notifications.channels.letters import DeliveryFailed, Item, Letter
from parallagon.settings.env import Environment
from tests.notifications.receiver import Receiver, receiving

AT = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
ITEM = Item(
    id=7, type="note", level="info", title="Title <a>", body="Body", mission=None, link="",
    count=1, at=AT,
)  # fmt: skip
LETTER = Letter(id="one", subject="[Parallagon] Title", items=[ITEM, ITEM], at=AT)


@pytest.fixture
def receiver(settings: Any) -> Iterator[Receiver]:
    settings.PARALLAGON_WEBHOOK_HTTP = True
    settings.PARALLAGON_WEBHOOK_PRIVATE = True
    with receiving() as receiver:
        yield receiver


ANYWHERE = "0.0.0.0"  # noqa: S104 - nobody listens there


class TestAddresses:
    @pytest.mark.parametrize(
        "address",
        [
            "127.0.0.1", "127.9.9.9", ANYWHERE, "10.0.0.1", "172.16.0.1", "192.168.1.1",
            "169.254.169.254", "100.64.0.1", "224.0.0.1", "255.255.255.255", "192.0.2.1",
            "::1", "::", "fe80::1", "fc00::1", "ff02::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1",
            "2002:7f00:1::", "64:ff9b::7f00:1", "64:ff9b::a00:1", "2001:db8::1",
        ],
    )  # fmt: skip
    def test_never_to_this_machine_or_network(self, address: str) -> None:
        assert not addresses.may_reach(ipaddress.ip_address(address))

    @pytest.mark.parametrize("address", ["1.1.1.1", "2606:4700::1111", "64:ff9b::101:101"])
    def test_to_what_everybody_can_reach(self, address: str) -> None:
        assert addresses.may_reach(ipaddress.ip_address(address))

    @pytest.mark.parametrize("host", ["localhost", "127.1", "2130706433", "0x7f.1", "[::1]"])
    def test_by_what_a_name_leads_to(self, host: str) -> None:
        with pytest.raises(DeliveryFailed) as refused:
            http.post(f"https://{host}/", b"", {})

        assert refused.value.for_good or "resolved" in refused.value.reason

    def test_one_bad_address_of_a_name_is_enough(self, monkeypatch: pytest.MonkeyPatch) -> None:
        found = [(socket.AF_INET, 1, 6, "", (one, 443)) for one in ("1.1.1.1", "10.0.0.1")]
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_args, **_options: found)

        with pytest.raises(addresses.AddressRefused):
            addresses.locate("https://example.org/")

    def test_a_name_that_nobody_knows_is_tried_again(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def unknown(*_args: Any, **_options: Any) -> None:
            raise socket.gaierror("unknown")

        monkeypatch.setattr(socket, "getaddrinfo", unknown)

        with pytest.raises(DeliveryFailed) as failure:
            http.post("https://example.org/", b"", {})
        assert not failure.value.for_good


class TestWebhook:
    def test_is_signed(self, receiver: Receiver) -> None:
        sending.send("webhook", LETTER, address=receiver.address, secret="s" * 20)

        ((headers, body),) = receiver.got
        at, mac = (part.partition("=")[2] for part in headers["Parallagon-Signature"].split(","))
        ours = hmac.new(b"s" * 20, f"{at}.".encode() + body, hashlib.sha256).hexdigest()
        assert mac == ours
        assert int(at) == AT.timestamp()
        told = json.loads(body)
        assert told["id"] == headers["Parallagon-Delivery"] == "one"
        assert [one["id"] for one in told["notifications"]] == [7, 7]
        assert headers["Host"] == f"127.0.0.1:{receiver.port}"

    @pytest.mark.parametrize(
        ("status", "for_good"),
        [(302, True), (307, True), (400, True), (410, True), (429, False), (500, False)],
    )
    def test_what_is_refused(self, receiver: Receiver, status: int, for_good: bool) -> None:
        receiver.answers = [status]

        with pytest.raises(DeliveryFailed) as failure:
            sending.send("webhook", LETTER, address=receiver.address, secret="x")

        assert failure.value.for_good is for_good
        assert "hidden" not in failure.value.reason
        assert len(receiver.got) == 1  # no redirect was followed

    def test_one_that_is_not_there(self, receiver: Receiver) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            address = f"http://127.0.0.1:{free.getsockname()[1]}/"

            with pytest.raises(DeliveryFailed) as failure:
                sending.send("webhook", LETTER, address=address, secret="x")
        assert not failure.value.for_good

    def test_one_that_drips_is_cut_off(
        self, settings: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        settings.PARALLAGON_WEBHOOK_HTTP = settings.PARALLAGON_WEBHOOK_PRIVATE = True
        monkeypatch.setattr(http, "ALL_SECONDS", 0.3)
        with socket.create_server(("127.0.0.1", 0)) as server:
            dripping = Thread(target=_drip, args=(server,))
            dripping.start()
            address = f"http://127.0.0.1:{server.getsockname()[1]}/"

            with pytest.raises(DeliveryFailed):
                http.post(address, b"{}", {})
            dripping.join(10)

        assert not dripping.is_alive()  # it noticed that nobody listens


def _drip(server: socket.socket) -> None:
    client, _address = server.accept()
    with client:
        client.settimeout(0.02)
        client.sendall(b"HTTP/1.1 200 OK\r\nX: ")
        with suppress(OSError):  # the other side has gone
            while _is_there(client):
                client.sendall(b"x")


def _is_there(client: socket.socket) -> bool:
    """Take what comes, for a moment; tell whether the other side is still there."""
    try:
        return bool(client.recv(1000))
    except TimeoutError:
        return True


class TestSlackAndMail:
    def test_slack_gets_text_without_marks(self, receiver: Receiver) -> None:
        sending.send("slack", LETTER, address=receiver.address, secret="")

        assert json.loads(receiver.got[0][1])["text"].startswith("Title &lt;a&gt;\nBody")

    def test_mail(self) -> None:
        sending.send("email", LETTER, address="ada@example.org", secret="")

        (sent,) = mail.outbox
        assert (sent.to, sent.subject) == (["ada@example.org"], "[Parallagon] Title")
        assert sent.extra_headers["Message-ID"] == "<one@parallagon>"

    def test_a_mail_server_that_is_down(self, settings: Any) -> None:
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            settings.EMAIL_HOST, settings.EMAIL_PORT = free.getsockname()

            with pytest.raises(DeliveryFailed) as failure:
                sending.send("email", LETTER, address="ada@example.org", secret="")
        assert not failure.value.for_good

    def test_the_mail_servers_setting(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("EMAIL_URL", "smtp://ada:p%40ss@mail.example.org?tls=1")

        read = Environment().mail("EMAIL_URL")

        assert (read["EMAIL_HOST"], read["EMAIL_PORT"]) == ("mail.example.org", 587)
        assert (read["EMAIL_HOST_PASSWORD"], read["EMAIL_USE_TLS"]) == ("p@ss", True)
