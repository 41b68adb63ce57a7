"""Addresses of WebSockets."""

from importlib.util import find_spec

from django.urls import URLPattern, path

websockets: list[URLPattern] = []
if find_spec("missions.consumers"):
    from missions.consumers import MissionConsumer

    websockets.append(path("ws/v1/missions/<int:mission_id>/", MissionConsumer.as_asgi()))
