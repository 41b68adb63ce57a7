"""What people can be told: every type of message with its words, weight and audience.

Words are translated when somebody reads them. A title or body names its parameters (``%(name)s``);
what a message was not given reads as an empty text.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final, Literal, Protocol

from django.utils.translation import gettext, override
from django.utils.translation import gettext_lazy as _

from notifications.models import Channel, Notification
from parallagon.core.errors import ValidationError

Level = Notification.Level
Priority = Notification.Priority
Audience = Literal["members", "editors", "owners", "staff"]

OUTSIDE: Final = frozenset({Channel.EMAIL, Channel.SLACK, Channel.WEBHOOK})
TABS: Final = frozenset({Channel.IN_APP, Channel.BROWSER})
EVERYWHERE: Final = TABS | OUTSIDE
LONGEST_PARAM: Final = 1000


class Lazy(Protocol):
    """A text that is translated when it is read."""

    def __str__(self) -> str: ...


derived: dict[str, Callable[[Mapping[str, Any]], Mapping[str, str]]] = {}
"""By type: what its words name beyond its parameters, made of them in the reader's language."""


class UnknownType(ValidationError):  # noqa: N818 - says what was given
    """No message of that type is known."""

    code = "unknown_notification_type"


@dataclass(frozen=True, kw_only=True)
class MessageType:
    """One kind of message.

    ``channels`` are those that a person who said nothing is told over (outside of Parallagon only
    once there is an address); ``once`` means never again for the same key, also after it was read.
    """

    key: str
    label: Lazy
    title: Lazy
    body: Lazy
    level: Notification.Level = Level.INFO
    priority: Notification.Priority = Priority.NORMAL
    expires: timedelta | None = timedelta(days=14)
    channels: frozenset[Channel] = TABS
    audience: Audience = "members"
    once: bool = False


@dataclass(frozen=True, kw_only=True)
class Words:
    """A message as its reader sees it."""

    title: str
    body: str


def message_type(key: str) -> MessageType:
    """Return a type by its key.

    Raises:
        UnknownType: there is none.
    """
    try:
        return TYPES[key]
    except KeyError as error:
        sentence = gettext("There is no notification of the type “%(key)s”.") % {"key": key[:40]}
        raise UnknownType(sentence, type=key[:40]) from error


def words(notification: Notification, *, language: str) -> Words:
    """Return the words of a message in ``language``; of a type that is gone, its name."""
    kind = TYPES.get(notification.type)
    if kind is None:
        return Words(title=notification.type, body="")
    with override(language):
        given = _readable(notification.params)
        if notification.type in derived:
            given.update(derived[notification.type](notification.params))
        title = _one_line(str(kind.title) % given)
        body = (str(kind.body) % given).strip()
        if notification.count > 1:
            times = gettext("%(count)s times") % {"count": notification.count}
            title = f"{title} ({times})"
    return Words(title=title, body=body)


def clean_params(params: Mapping[str, Any]) -> dict[str, Any]:
    """Return parameters that are small enough to be kept with each message."""
    return {
        name: value[:LONGEST_PARAM] if isinstance(value, str) else value
        for name, value in params.items()
    }


def _readable(params: Mapping[str, Any]) -> defaultdict[str, str]:
    given: defaultdict[str, str] = defaultdict(str)
    given.update((name, "" if value is None else str(value)) for name, value in params.items())
    return given


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _all() -> Iterator[MessageType]:
    yield MessageType(
        key="run.failing",
        label=_("an agent fails again and again"),
        title=_("%(role)s fails again and again"),
        body=_("%(mission)s: %(reason)s"),
        level=Level.ERROR,
        priority=Priority.URGENT,
        channels=EVERYWHERE,
        audience="editors",
    )
    yield MessageType(
        key="agent.loop",
        label=_("agents go round in circles"),
        title=_("%(role)s went round in circles and was paused"),
        body=_("%(mission)s: %(reason)s"),
        level=Level.WARNING,
        channels=EVERYWHERE,
        audience="editors",
    )
    yield MessageType(
        key="agent.stuck",
        label=_("an agent does not get on"),
        title=_("%(role)s does not get on"),
        body=_("%(mission)s: %(reason)s"),
        level=Level.WARNING,
        audience="editors",
    )
    yield MessageType(
        key="breaker.opened",
        label=_("a model is left alone"),
        title=_("%(model)s does not answer and is left alone for now"),
        body=_("Its agents wait and go on by themselves once it answers."),
        level=Level.WARNING,
        expires=timedelta(days=2),
        audience="editors",
    )
    yield MessageType(
        key="breaker.closed",
        label=_("a model answers again"),
        title=_("%(model)s answers again"),
        body=_("Its agents go on."),
        level=Level.SUCCESS,
        priority=Priority.LOW,
        expires=timedelta(days=1),
        audience="editors",
    )
    yield MessageType(
        key="budget.warning",
        label=_("most of a budget is used"),
        title=_("%(percent)s %% of a budget of %(mission)s is used"),
        body=_("Agents stop when it is used up."),
        level=Level.WARNING,
        channels=EVERYWHERE,
        audience="owners",
    )
    yield MessageType(
        key="budget.reached",
        label=_("a budget is used up"),
        title=_("A budget of %(mission)s is used up"),
        body=_("Agents wait until it is raised, or until midnight UTC where it is for a day."),
        level=Level.ERROR,
        priority=Priority.URGENT,
        channels=EVERYWHERE,
        audience="owners",
    )
    yield MessageType(
        key="mission.settled",
        label=_("a mission rests"),
        title=_("%(mission)s rests: its agents have nothing more to do"),
        body=_("They go on when somebody changes something."),
        level=Level.SUCCESS,
        expires=timedelta(days=7),
    )
    yield MessageType(
        key="proposal.waits",
        label=_("a proposal waits"),
        title=_("A proposal in %(mission)s waits for a decision"),
        body=_("%(role)s proposes changes that do not land by themselves."),
        channels=EVERYWHERE,
        audience="editors",
    )
    yield MessageType(
        key="proposal.expiring",
        label=_("a proposal is about to expire"),
        title=_("A proposal in %(mission)s expires soon"),
        body=_("%(role)s proposed it; nobody has decided since."),
        level=Level.WARNING,
        channels=EVERYWHERE,
        audience="editors",
        once=True,
    )
    yield MessageType(
        key="file.set_aside",
        label=_("a file was set aside"),
        title=_("A file in %(mission)s was set aside"),
        body=_("What another program saved as %(path)s lies in %(aside)s now: %(reason)s"),
        level=Level.WARNING,
        audience="editors",
    )
    yield MessageType(
        key="member.added",
        label=_("somebody lets me take part"),
        title=_("You take part in %(mission)s now"),
        body="",
        channels=EVERYWHERE,
        audience="members",
    )
    yield MessageType(
        key="transfer.finished",
        label=_("a long import or export is done"),
        title=_("%(mission)s: the import or export is done"),
        body="",
        level=Level.SUCCESS,
        expires=timedelta(days=3),
    )
    yield MessageType(
        key="note",
        label=_("a note by an owner"),
        title=_("%(author)s about %(mission)s: %(title)s"),
        body="%(text)s",
        channels=EVERYWHERE,
    )
    yield MessageType(
        key="announcement",
        label=_("a note by those who run this installation"),
        title="%(title)s",
        body="%(text)s",
    )
    yield MessageType(
        key="alert.fired",
        label=_("an alert"),
        title=_("Alert: %(name)s"),
        body="%(detail)s",
        level=Level.ERROR,
        priority=Priority.URGENT,
        channels=EVERYWHERE,
        audience="staff",
    )
    yield MessageType(
        key="alert.cleared",
        label=_("an alert is over"),
        title=_("Over: %(name)s"),
        body="%(detail)s",
        level=Level.SUCCESS,
        expires=timedelta(days=2),
        audience="staff",
    )
    yield MessageType(
        key="test",
        label=_("a test"),
        title=_("This is a test from Parallagon"),
        body=_("Messages will arrive here."),
        priority=Priority.URGENT,
        expires=timedelta(hours=1),
        channels=frozenset(),
    )


TYPES: Final[Mapping[str, MessageType]] = {kind.key: kind for kind in _all()}
CHOSEN: Final = tuple(key for key in TYPES if key != "test")
"""The types about which people have a say."""
