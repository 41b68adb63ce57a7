"""Overview: how the whole is doing, for the page that watches it.

Staff see the installation; everyone else the same figures of the missions that they are a member
of, without what belongs to the installation (cap of the day, models left alone, workers, disk).
"""
