"""The warm Aider engine: the only place that knows Aider.

`engine.py` is what a caller uses. It starts `server.py`, one preloaded process with Aider and
LiteLLM warmed up, and asks it for a forked `child.py` for each run. The child shuts itself in
(`sandbox.py`), runs a contained Aider (`coder.py`, `gate.py`) on a staging folder, and ends.
"""
