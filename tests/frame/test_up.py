"""``manage.py up``: everything comes up, comes back and goes."""

import http.client
import re
import signal
import urllib.error
import urllib.request
from collections.abc import Iterator
from http import HTTPStatus
from http.cookiejar import CookieJar
from pathlib import Path

import psutil
import pytest

from tests.installation import Installation
from tests.waiting import wait_until

pytestmark = [pytest.mark.faults, pytest.mark.timeout(300)]
SECONDS_TO_START = 60


@pytest.fixture(scope="module")
def data_directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("up")


@pytest.fixture(scope="module")
def installation(data_directory: Path) -> Iterator[Installation]:
    one = Installation(data_directory)
    try:
        yield one
    finally:
        one.close()


@pytest.fixture(scope="module")
def link(installation: Installation) -> str:
    return installation.wait_until_ready(within=SECONDS_TO_START)


def get(url: str, jar: CookieJar | None = None) -> tuple[int, str]:
    """Return status and body, following redirects with the cookies in ``jar``."""
    opener = urllib.request.build_opener(
        urllib.request.HTTPCookieProcessor(CookieJar() if jar is None else jar)
    )
    try:
        with opener.open(url, timeout=20) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


class TestUp:
    """One installation, told as a story: each test goes on where the one before ended."""

    def test_says_when_it_is_ready_and_signs_in_once(
        self, installation: Installation, link: str
    ) -> None:
        host = f"http://127.0.0.1:{installation.port}"
        jar = CookieJar()

        first, second = get(link, jar), get(link)

        assert re.fullmatch(rf"{host}/login/\?sesame=\S+", link)
        assert first[0] == HTTPStatus.OK
        assert get(f"{host}/api/v1/auth/me", jar)[0] == HTTPStatus.OK
        assert get(f"{host}/api/v1/auth/me")[0] == HTTPStatus.UNAUTHORIZED
        assert (second[0], "make link" in second[1]) == (HTTPStatus.FORBIDDEN, True)

    def test_is_ready_for_requests(self, installation: Installation, link: str) -> None:
        status, body = get(f"http://127.0.0.1:{installation.port}/health/ready")

        assert (status, '"ok"' in body) == (HTTPStatus.OK, True)

    def test_refuses_a_second_one_on_its_data(self, installation: Installation, link: str) -> None:
        second = Installation(installation.data_directory)

        second.wait_for_line("Parallagon already runs on", within=SECONDS_TO_START)

        assert second.process.wait(10) == 1

    def test_refuses_a_second_one_on_its_port(
        self, installation: Installation, link: str, tmp_path: Path
    ) -> None:
        second = Installation(tmp_path, port=installation.port)

        second.wait_for_line(f"Port {installation.port} is in use", within=SECONDS_TO_START)

        assert second.process.wait(10) == 1

    def test_takes_in_what_another_program_writes(
        self, installation: Installation, link: str
    ) -> None:
        folder = next((installation.data_directory / "missions").iterdir())
        metrics = f"http://127.0.0.1:{installation.port}/metrics"

        (folder / "notes.md").write_text("From another program.\n")

        counted = 'parallagon_watch_taken_in_total{operation="CREATE"} 1.0'
        wait_until(lambda: counted in get(metrics)[1])

    def test_prints_another_link_while_it_runs(self, installation: Installation, link: str) -> None:
        printed = installation.manage("link")

        assert get(printed.strip())[0] == HTTPStatus.OK

    @pytest.mark.parametrize(
        "part", ["parallagon.server", "--queues default", "--queues cycles", "valkey", "watch"]
    )
    def test_brings_back_what_was_killed(
        self, installation: Installation, link: str, part: str
    ) -> None:
        victim = installation.find(part)

        victim.kill()

        def is_back() -> bool:
            try:
                return installation.find(part).pid != victim.pid
            except (StopIteration, psutil.NoSuchProcess):
                return False

        def answers() -> bool:
            try:
                url = f"http://127.0.0.1:{installation.port}/health/ready"
                return get(url)[0] == HTTPStatus.OK
            except (OSError, http.client.HTTPException):
                return False

        wait_until(is_back)
        wait_until(answers)

    def test_leaves_no_process_after_one_signal(
        self, installation: Installation, link: str
    ) -> None:
        everything = installation.processes()

        code = installation.stop(signal.SIGTERM)

        assert code == 0
        assert len(everything) >= 6
        wait_until(lambda: not any(one.is_running() for one in everything), 5)

    def test_keeps_the_data_for_the_next_time(
        self, installation: Installation, data_directory: Path, link: str
    ) -> None:
        again = Installation(data_directory)
        try:
            again.wait_until_ready(within=SECONDS_TO_START)
            host = f"http://127.0.0.1:{again.port}"

            listed = again.manage("mission", "list")

            assert len(listed.splitlines()) == 1
            assert get(f"{host}/health/live")[0] == HTTPStatus.OK
            assert again.stop(signal.SIGINT) == 0
        finally:
            again.close()
