"""Addresses of WebSockets."""

from django.urls import URLPattern, path, re_path

from missions.consumers import MissionConsumer
from parallagon.core.consumers import NowhereConsumer

websockets: list[URLPattern] = [
    path("ws/v1/missions/<int:mission_id>/", MissionConsumer.as_asgi()),
    re_path(r"", NowhereConsumer.as_asgi()),
]
