"""``manage.py mission create|list|export|import``: missions from a shell."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import CommandParser
from django.utils import timezone

from agents.selectors import activities
from agents.services import StartMission
from missions.models import Mission
from missions.services import AdoptFolder, CreateMission
from parallagon.core.errors import ValidationError
from parallagon.management.base import FriendlyCommand
from parallagon.management.people import find_person
from parallagon.management.requests import read_request
from parallagon.management.transfer import add_actions, export_mission, import_mission


class Command(FriendlyCommand):
    help = "Create a mission from a request, list missions, write one to a file or read it back."

    def add_arguments(self, parser: CommandParser) -> None:
        """Describe the actions."""
        actions = parser.add_subparsers(dest="action", required=True)
        create = actions.add_parser("create", help="make a mission; prints its number")
        create.add_argument("name")
        create.add_argument("--request", metavar="FILE", help="- for standard input")
        create.add_argument("--folder", metavar="PATH", help="a folder that is there already")
        create.add_argument("--language", choices=["en", "fr"])
        create.add_argument("--model", default=settings.PARALLAGON_MODEL)
        create.add_argument("--user", help="its owner; the first administrator if omitted")
        create.add_argument("--start", action="store_true", help="start its agents")
        actions.add_parser("list", help="number, state, language, activity and title of each")
        add_actions(actions)

    def handle(self, *args: Any, action: str, **options: Any) -> None:
        """Carry out one action."""
        if action == "create":
            self._create(**options)
        elif action == "export":
            path = export_mission(options["mission"], options["path"], options["form"])
            self.stdout.write(str(path))
        elif action == "import":
            self._import(**options)
        else:
            self._list()

    def _create(self, **options: Any) -> None:
        now = timezone.now()
        if not options["request"] and not options["folder"]:
            raise ValidationError("Give --request FILE, or --folder PATH with a request in it.")
        wanted: dict[str, Any] = {
            "owner": find_person(options["user"]),
            "title": options["name"],
            "request": read_request(options["request"]) if options["request"] else "",
            "language": options["language"] or settings.PARALLAGON_LANGUAGE,
            "model": options["model"],
            "now": now,
        }
        mission = self._adopt(options["folder"], wanted) or CreateMission(**wanted).execute()
        if options["start"]:
            StartMission(mission=mission, now=now).execute()
        self.stdout.write(str(mission.pk))

    def _adopt(self, folder: str | None, wanted: dict[str, Any]) -> Mission | None:
        """Make a mission of a folder, and say which files cannot be part of it."""
        if not folder:
            return None
        placed = AdoptFolder(folder=str(Path(folder).absolute()), **wanted).execute()
        for left in placed.left_alone:
            self.stderr.write(f"left alone: {left.path}: {left.reason}")
        return placed.mission

    def _import(self, **options: Any) -> None:
        """Make a mission of a file, and say what of it was left out."""
        imported = import_mission(
            Path(options["path"]),
            user=options["user"],
            title=options["title"] or "",
            request=read_request(options["request"]) if options["request"] else "",
            language=options["language"] or "",
            model=options["model"],
            start=options["start"],
        )
        for left in imported.skipped:
            self.stderr.write(f"left out: {left.path}: {left.reason}")
        self.stdout.write(str(imported.mission.pk))

    def _list(self) -> None:
        missions = list(Mission.objects.order_by("pk"))
        activity = activities([mission.pk for mission in missions])
        for mission in missions:
            doing = activity.get(mission.pk, "stopped")
            self.stdout.write(
                f"{mission.pk}\t{mission.state}\t{mission.language}\t{doing}\t{mission.title}"
            )
