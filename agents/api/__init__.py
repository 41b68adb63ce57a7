"""Agents, runs and models over HTTP."""
