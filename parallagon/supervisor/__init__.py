"""The processes of one installation on one machine: started, watched, brought back, ended.

``up`` composes them in this order: ``single`` (one supervisor a data directory), ``ports``,
``valkey``, ``preparation`` (database, first account, demo), ``plan`` (what runs), ``supervisor``
(keeps it running) with ``process`` and ``backoff``, ``readiness`` (when to say so).
"""
