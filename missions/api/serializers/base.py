"""What all shapes share."""

from typing import Any

from rest_framework import serializers

from missions.selectors import LARGEST_ID

Fields = dict[str, "serializers.Field[Any, Any, Any, Any]"]


class Shape(serializers.Serializer[Any]):
    """A shape whose input is a plain dictionary."""


class TextField(serializers.CharField):
    """A file's text, exactly as it was sent."""

    def __init__(self, **options: Any) -> None:
        super().__init__(trim_whitespace=False, **{"allow_blank": True, **options})

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):  # a number is no text
            self.fail("invalid")
        return super().to_internal_value(data)


class FileKeyField(serializers.IntegerField):
    """The ``id`` of a file, which stays when it moves; may be left out."""

    def __init__(self, **options: Any) -> None:
        super().__init__(min_value=1, max_value=LARGEST_ID, required=False, **options)
