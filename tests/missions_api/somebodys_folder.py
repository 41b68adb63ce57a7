"""Missions in folders that somebody has."""

from pathlib import Path
from typing import Any

from rest_framework.test import APIClient

from missions.models import Mission
from missions.storage import FileManager

NEW = {"title": "A guide", "language": "en"}


def create(client: APIClient, folder: Any, **more: Any) -> Any:
    return client.post("/api/v1/missions/", {**NEW, "folder": str(folder), **more}, format="json")


def adopted(client: APIClient, folder: Path) -> Mission:
    answer = create(client, folder)
    assert answer.status_code == 201, answer.content
    return Mission.objects.get(pk=answer.json()["id"])


def content(mission: Mission, path: str) -> str:
    return (FileManager(mission).root / path).read_text()


def put(client: APIClient, mission: Mission, path: str, text: str, base: int | None) -> Any:
    url = f"/api/v1/missions/{mission.pk}/files/{path}"
    return client.put(url, {"text": text, "base": base}, format="json")


def move(client: APIClient, mission: Mission, folder: Any) -> Any:
    return client.patch(f"/api/v1/missions/{mission.pk}/", {"folder": str(folder)}, format="json")
