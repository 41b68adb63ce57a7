"""The application of the edge's tests, behind an edge that lets few requests in."""

from django.conf import settings

from tests.edge.application import application

__all__ = ["application"]

settings.RATE_LIMITS = {"flood": (5, 3600), "static": (7, 3600), "address": (12, 3600)}
