from django.apps import AppConfig


class ParallagonConfig(AppConfig):
    """The frame: its checks and its commands."""

    name = "parallagon"
    label = "frame"

    def ready(self) -> None:
        from parallagon import checks  # noqa: F401 - registers the checks
