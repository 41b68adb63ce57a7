"""Seeing inside: what is measured (``counted``, ``standing``), what is missing (``readiness``)."""
