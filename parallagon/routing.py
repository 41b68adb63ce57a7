"""Addresses of WebSockets."""

from django.urls import URLPattern, path, re_path

from missions.consumers import MissionConsumer
from notifications.consumers import NotificationConsumer
from parallagon.core.consumers import NowhereConsumer
from parallagon.overview.consumers import OverviewConsumer

websockets: list[URLPattern] = [
    path("ws/v1/missions/<int:mission_id>/", MissionConsumer.as_asgi()),
    path("ws/v1/notifications/", NotificationConsumer.as_asgi()),
    path("ws/v1/overview/", OverviewConsumer.as_asgi()),
    re_path(r"", NowhereConsumer.as_asgi()),
]
