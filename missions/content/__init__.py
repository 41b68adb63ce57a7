"""Bytes of a file and the text in it: decoding, encoding, and what a mission accepts."""

from missions.content.check import (
    MOST_CHARACTERS,
    check_bytes,
    check_size,
    check_text,
    is_well_formed,
)
from missions.content.text import TextContent, decode, encode, encode_new, to_lf

__all__ = [
    "MOST_CHARACTERS",
    "TextContent",
    "check_bytes",
    "check_size",
    "check_text",
    "decode",
    "encode",
    "encode_new",
    "is_well_formed",
    "to_lf",
]
