from django.apps import AppConfig


class CoreConfig(AppConfig):
    name = "parallagon.core"
    label = "core"
