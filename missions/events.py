"""Events: written in the transaction of the change, sent as frames once it is committed.

``seq`` is taken by updating the mission's counter row, so that the row's lock makes number order
the order of commits: publish last in a transaction.
"""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from functools import partial
from typing import Any, Literal

from django.db import connection, transaction
from django.db.models import F

from missions import measures
from missions.models import Event, Mission
from missions.turns import turn
from parallagon.core import live

EventType = Literal[
    "file.changed",
    "file.removed",
    "file.set_aside",
    "agent.changed",
    "run.started",
    "run.finished",
    "proposal.changed",
    "mission.changed",
    "breaker.changed",
]


def group(mission_id: int) -> str:
    """Return the name of the group of everyone who looks on."""
    return f"mission.{mission_id}"


def publish(mission_id: int, kind: EventType, data: dict[str, Any], *, at: datetime) -> Event:
    """Write an event with the mission's next number and send its frame on commit.

    Raises:
        TransactionManagementError: outside a transaction.
    """
    with transaction.atomic(savepoint=False):
        seq = _next_number(mission_id)
        event = Event.objects.create(mission_id=mission_id, seq=seq, type=kind, data=data, at=at)
    transaction.on_commit(partial(send, event))
    return event


def _next_number(mission_id: int) -> int:
    """Raise the mission's counter and read it in one statement; its row stays locked.

    Raises:
        Mission.DoesNotExist: there is no such mission.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE missions_mission SET seq = seq + 1 WHERE id = %s RETURNING seq", [mission_id]
        )
        row = cursor.fetchone()
    if row is None:
        raise Mission.DoesNotExist(f"There is no mission {mission_id}.")
    return int(row[0])


def publish_many(
    facts: Sequence[tuple[int, EventType, dict[str, Any]]], *, at: datetime
) -> list[Event]:
    """Write many events, of many missions, with a handful of queries.

    The counters of missions with the same number of events are raised together; order within a
    mission is the order given.
    """
    counts = Counter(mission_id for mission_id, _kind, _data in facts)
    with turn(*counts):
        for count in set(counts.values()):
            same = [mission_id for mission_id, number in counts.items() if number == count]
            Mission.objects.filter(pk__in=same).update(seq=F("seq") + count)
        ends = dict(Mission.objects.filter(pk__in=counts).values_list("pk", "seq"))
        following = {mission_id: ends[mission_id] - count for mission_id, count in counts.items()}
        events = []
        for mission_id, kind, data in facts:
            following[mission_id] += 1
            seq = following[mission_id]
            events.append(Event(mission_id=mission_id, seq=seq, type=kind, data=data, at=at))
        Event.objects.bulk_create(events)
    for event in events:
        transaction.on_commit(partial(send, event))
    return events


def frame(event: Event) -> str:
    """Return the text of a numbered frame."""
    return live.encode(event.type, event.data, at=event.at, seq=event.seq)


def send(event: Event) -> None:
    measures.EVENTS.labels(event.type).inc()
    live.send(group(event.mission_id), frame(event), seq=event.seq)


def access_changed(mission_id: int) -> None:
    """Let every socket of the mission look, on commit, whether its person may still look on."""
    transaction.on_commit(partial(live.signal, group(mission_id), "access.changed"))


def send_live(
    mission_id: int, kind: Literal["run.output", "presence"], data: dict[str, Any], *, at: datetime
) -> None:
    """Send a frame that is not kept and has no number."""
    live.send(group(mission_id), live.encode(kind, data, at=at))
