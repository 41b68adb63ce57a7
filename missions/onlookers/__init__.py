"""Those who look on a mission, in one process: what they hear of it, and who they are."""

from missions.onlookers.filters import BadFilter, Filter
from missions.onlookers.room import Room, enter

__all__ = ["BadFilter", "Filter", "Room", "enter"]
