"""Missions, files and proposals over HTTP."""
