"""Who looks at alert rules beside the workers outlives what fails."""

import threading
from datetime import timedelta

import pytest
from django.db import DatabaseError

from parallagon import lookout
from parallagon.lookout import Lookout


@pytest.mark.django_db(transaction=True)
class TestLookout:
    def test_outlives_a_database_that_is_gone(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """The thread goes on, and ends when it is told to."""
        is_over = threading.Event()
        looks: list[int] = []

        def deliver() -> int:
            looks.append(1)
            if len(looks) > 1:
                is_over.set()
            raise DatabaseError

        monkeypatch.setattr(lookout, "deliver", deliver)
        monkeypatch.setattr(lookout, "_is_nobody_sending", lambda: True)
        monkeypatch.setattr(lookout, "EVERY", timedelta(milliseconds=10))
        one = Lookout(is_over)

        one.start()
        one.join(60)

        assert not one.is_alive()
        assert len(looks) == 2
