from django.apps import AppConfig


class ParallagonConfig(AppConfig):
    """The frame: its checks, its commands, and what alerts can watch of it."""

    name = "parallagon"
    label = "frame"

    def ready(self) -> None:
        from parallagon import checks  # noqa: F401 - registers the checks
        from parallagon.alerts import register_measures

        register_measures()
