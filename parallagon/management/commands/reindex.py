"""``manage.py reindex``: put everything into the search index anew."""

from typing import Any

from django.core.management.base import CommandParser

from missions.models import Mission
from parallagon.management.base import FriendlyCommand
from parallagon.search.services import IndexMission, forget


class Command(FriendlyCommand):
    help = "Index missions anew for search; they are found as before until each is done."

    def add_arguments(self, parser: CommandParser) -> None:
        """Describe what can be chosen."""
        parser.add_argument("missions", nargs="*", type=int, help="numbers; all when omitted")

    def handle(self, *args: Any, missions: list[int], **options: Any) -> None:
        """Index one mission after the other, then print a sum."""
        chosen = Mission.objects.filter(pk__in=missions) if missions else Mission.objects.all()
        numbers = list(chosen.order_by("pk").values_list("pk", flat=True))
        forget(numbers)
        count = sum(IndexMission(mission_id=number).execute() for number in numbers)
        self.stdout.write(f"{len(numbers)} missions, {count} entries.")
