"""Addresses of WebSockets."""

from django.urls import URLPattern

websockets: list[URLPattern] = []
