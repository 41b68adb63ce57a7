"""The web pages: templates, and the Vue source that Vite builds into ``static/frontend``."""

from django.apps import AppConfig


class FrontendConfig(AppConfig):
    name = "frontend"
