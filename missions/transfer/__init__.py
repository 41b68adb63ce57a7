"""Missions on their way out and in: what an archive holds, how it is written, and how it is read.

Writing: ``outgoing`` (a ZIP of the files, with the history if asked for) and ``git`` (a bundle).
Reading: ``zips`` and ``folders`` open what a person brought, ``sorting`` says what each name in it
is, ``incoming`` makes a mission's files of it. Nothing here writes into a mission.
"""
