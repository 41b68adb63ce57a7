"""Repeat a run from what was kept of it, and see whether the same bytes come out.

`record.py` keeps what it takes of each run that Aider brought to its end; `repetition.py` stages
the same files, gives the same message and replies to an engine, and compares; `questions.py` says
where what is asked now differs from what was asked then. The replies themselves are kept by the
gateway (`agents/gateway/replies.py`). Everything lies in the run's folder and goes away with it.
"""

from agents.replay.record import has_record, recorded
from agents.replay.repetition import CannotReplay, Repetition, repeat

__all__ = ["CannotReplay", "Repetition", "has_record", "recorded", "repeat"]
