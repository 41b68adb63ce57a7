"""What a program can tell of documents without understanding them: their shape, their quotations.

Pure functions of texts; they know no Django, and what they cost is bounded whatever they are given.
"""
