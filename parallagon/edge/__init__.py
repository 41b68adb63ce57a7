"""The server's edge: what is refused before an application sees it, so that refusing stays cheap.

Too large and too slow (``intake``), and too often (``floods``). It speaks Twisted, and answers as
the API does (``answers``).
"""
