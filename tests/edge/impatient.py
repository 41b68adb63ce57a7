"""The application of the edge's tests, behind an edge that waits half a second only."""

from parallagon.edge import intake
from tests.edge.application import application

__all__ = ["application"]

intake.GRACE = 0.5  # type: ignore[misc] # a constant, but for this process
