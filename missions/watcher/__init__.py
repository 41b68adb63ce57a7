"""The process that sees what other programs do in mission folders, behind the application.

``Watcher`` keeps one ``WatchedMission`` for each active mission. ``Eyes`` say which paths changed;
whatever they miss, a rescan finds. What is found is compared with what is current, and only what
differs is taken in, under the mission's write lock (``missions.landing.take_in``).
"""

from missions.watcher.watcher import Watcher

__all__ = ["Watcher"]
