from django.apps import AppConfig


class CoreConfig(AppConfig):
    name = "parallagon.core"
    label = "core"

    def ready(self) -> None:
        from parallagon.core import measures

        measures.register()
