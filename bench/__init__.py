"""Benchmarks: each prints one JSON object a line, with a ratio to what a user would do instead."""
