"""What is not a plain file in a mission's folder is said, not served."""

from http import HTTPStatus
from pathlib import Path

from rest_framework.test import APIClient

from missions.models import Mission
from missions.storage import FileManager


def test_a_save_over_a_planted_link_is_refused_with_a_sentence(
    client: APIClient, mission: Mission, url: str, tmp_path: Path
) -> None:
    secret = tmp_path / "secret"
    secret.write_text("mine")
    planted = FileManager(mission).root / "production.md"
    planted.unlink()
    planted.symlink_to(secret)

    answer = client.put(f"{url}files/production.md", {"text": "new\n", "base": 1}, format="json")

    assert answer.status_code == HTTPStatus.CONFLICT
    assert answer.json()["code"] == "not_a_plain_file"
    assert secret.read_text() == "mine"
