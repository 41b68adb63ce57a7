"""Alerts: what is measured, when it is too much, and who hears of it.

``measures`` is the registry that apps fill, ``machine`` the pure rule, ``evaluate`` the look at
everything, ``rules`` what people change.
"""
