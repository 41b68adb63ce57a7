"""What every view below a mission does first: find the mission, and what the caller is there."""

from typing import Any, ClassVar

from rest_framework.generics import GenericAPIView
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request

from missions import selectors
from missions.models import Membership, Mission
from parallagon.accounts.authentication import caller
from parallagon.accounts.models import User

Role = Membership.Role


class MissionScoped(GenericAPIView[Any]):
    """A view of one mission: a stranger gets 404, a viewer reads, ``writer`` and above write."""

    writer: ClassVar[Membership.Role] = Role.EDITOR
    shows_deleted: ClassVar[bool] = False  # to the owners
    membership: Membership

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        at_least = Role.VIEWER if request.method in SAFE_METHODS else self.writer
        self.membership = selectors.membership(
            user=caller(request),
            mission_id=kwargs["mission_id"],
            at_least=at_least,
            deleted=self.shows_deleted,
        )

    def require(self, role: Membership.Role) -> None:
        """Refuse a member who is less than ``role``.

        Raises:
            PermissionDeniedError: with a sentence.
        """
        selectors.require(self.membership, role)

    @property
    def mission(self) -> Mission:
        return self.membership.mission

    @property
    def user(self) -> User:
        return caller(self.request)
