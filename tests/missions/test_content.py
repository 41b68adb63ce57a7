import re
import time
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from missions.content import TextContent, check_bytes, decode, encode, to_lf
from parallagon.core.errors import ValidationError

MEBIBYTE = 1 << 20
BOMB = b"".join(b"a%d: &b%d [*a, *a]\n" % (at, at) for at in range(60))
DECLARED = (
    b"<!DOCTYPE a [\n"
    + b"".join(b"<!ATTLIST b c%d CDATA 'x'>\n" % at for at in range(15_000))
    + b"]><a>"
)


def seconds(path: str, content: bytes) -> float:
    """Return how long a look at the content takes at best: other work must not decide."""
    best = float("inf")
    for _ in range(4):
        started = time.thread_time()
        with suppress(ValidationError):
            check_bytes(path, content)
        best = min(best, time.thread_time() - started)
        if best < 1:
            break
    return best


def raw(lines: list[tuple[str, str]], *, has_bom: bool) -> bytes:
    return (b"\xef\xbb\xbf" if has_bom else b"") + "".join(map("".join, lines)).encode()


def decode_plain(content: bytes) -> str:
    """Return the text of bytes with the line ends that are there, without BOM."""
    return content.decode("utf-8-sig")


class TestRoundTrip:
    @given(st.binary(max_size=40) | st.text("ab\r\n\ufeff\u2028\x0c", max_size=30).map(str.encode))
    def test_untouched_bytes_come_back(self, content: bytes) -> None:
        try:
            decoded = decode(content)
        except ValidationError:
            return

        assert "\r" not in decoded.text
        assert encode(decoded.text, like=decoded) == content

    @given(
        st.lists(st.tuples(st.text("abc", max_size=3), st.sampled_from(["\n", "\r\n"]))),
        st.integers(0, 10),
    )
    def test_an_inserted_line_leaves_the_endings_of_the_others(
        self, lines: list[tuple[str, str]], place: int
    ) -> None:
        before = decode("".join(text + end for text, end in lines).encode())
        texts = before.text.split("\n")
        place = min(place, len(texts) - 1)
        texts.insert(place, "NEW")

        after = encode("\n".join(texts), like=before).decode()

        kept = [text + end for text, end in lines]
        written = after.splitlines(keepends=True)
        assert len(written) == len(kept) + 1
        assert [line for line in written if not line.startswith("NEW")] == kept

    @given(st.data())
    def test_lines_changed_in_place_leave_every_other_byte(self, data: st.DataObject) -> None:
        """Also where lines repeat, which a comparison could take for each other."""
        lines = data.draw(
            st.lists(
                st.tuples(st.sampled_from(["", "a", "b"]), st.sampled_from(["\n", "\r\n", "\r"])),
                max_size=12,
            )
        )
        has_bom = data.draw(st.booleans())
        edited = data.draw(st.sets(st.integers(0, max(0, len(lines) - 1))))
        before = decode(raw(lines, has_bom=has_bom))
        assume(before.text.count("\n") == len(lines))  # "\r" then "\n" is one line end
        texts = before.text.split("\n")
        for at in edited & set(range(len(lines))):
            texts[at] = f"new {at}"

        after = encode("\n".join(texts), like=before)

        assert after.startswith(b"\xef\xbb\xbf") == has_bom
        written = re.findall("[^\r\n]*(?:\r\n|\r|\n)", decode_plain(after))
        assert len(written) == len(lines)
        kept = {at: text + end for at, (text, end) in enumerate(lines) if at not in edited}
        assert {at: line for at, line in enumerate(written) if at not in edited} == kept

    @given(st.text("ab\r\n\ufeff", max_size=30), st.text("ab\n", max_size=30))
    def test_whatever_replaces_the_text_is_what_is_read_back(self, old: str, new: str) -> None:
        like = decode(old.encode())

        assert decode(encode(new, like=like)).text == new

    @pytest.mark.parametrize("repeated", [["\n"], ["a\n", "b\n"], ["{\n", "}\n", "\n"]])
    def test_costs_little_where_lines_repeat(self, repeated: list[str]) -> None:
        lines = (repeated * MEBIBYTE)[: MEBIBYTE // 16]
        ends = ["\r\n" if at % 3 else "\n" for at in range(len(lines))]
        like = decode(
            "".join(f"{x[:-1]}{end}" for x, end in zip(lines, ends, strict=True)).encode()
        )
        new = "".join(f"{line[:-1]}x\n{line}" if at % 2 else line for at, line in enumerate(lines))

        def seconds() -> float:
            started = time.thread_time()
            encode(new, like=like)
            return time.thread_time() - started

        assert min(seconds() for _ in range(3)) < 2

    def test_puts_crlf_and_bom_back(self) -> None:
        like = TextContent(text="a\n", newline="\r\n", has_bom=True)

        assert encode("a\nb\n", like=like) == b"\xef\xbb\xbfa\r\nb\r\n"

    def test_new_text_is_taken_as_it_is(self) -> None:
        assert encode("a\nb") == b"a\nb"

    def test_lf_is_what_is_compared(self) -> None:
        assert to_lf("\ufeffa\r\nb\rc\n") == "a\nb\nc\n"


class TestCheck:
    @pytest.mark.parametrize(
        ("path", "content"),
        [
            ("a.md", b"\xff"),
            ("a.md", b"a\0"),
            ("a.md", b"x" * 20_001),
            ("a.json", b""),
            ("a.json", b"{'a': 1}"),
            ("a.json", b"[NaN]"),
            ("a.json", b"[" * 101 + b"]" * 101),
            ("a.json", b"[" * MEBIBYTE),
            ("a.yaml", b"a: [1\nb: 2"),
            ("a.yml", b"a: *nothing"),
            ("a.yaml", b"a: &a 1\n" + b"b: *a\n" * 101),
            ("a.yaml", b"- " * 400_000),
            ("a.toml", b"a = "),
            ("a.toml", b"a = " + b"[" * 15_000),
            ("a.xml", b"<a></b>"),
            ("a.xml", b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>'),
            ("a.xml", b'<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>'),
            ("a.JSON", b"{"),
            ("a.json", b'"' + (b'\\"' * 9500 + b"\n") * 55),  # each quote may begin a string
            ("a.json", b"\n" * 500_000),
            ("a.yaml", b"a: &a [x, x]\n" + BOMB),
            ("a.yaml", (b"[{" * 9500 + b"\n") * 55),
            ("a.yaml", (b"? " * 9500 + b"\n") * 55),
            ("a.toml", b"a." * 9900 + b"a = 1"),
            ("a.toml", (b"[" + b"a." * 9000 + b"b]\n") * 55),
            ("a.toml", b"a = {b = 1, " + b"c . " * 4000 + b"c = 1}"),
            ("a.toml", b"a = " + b"{a = " * 3000),
            ("a.toml", b"a = " + b"1" * 19_000),
            ("a.xml", b'<!DOCTYPE a [<!ATTLIST a b CDATA "x">]><a/>'),
            ("a.xml", DECLARED + b"<b/>\n" * 60_000 + b"</a>"),  # minutes, were they repeated
            ("a.xml", b"<a>\n" * 250_000),
            ("a.xml", b'<!DOCTYPE a [<!ENTITY % b "c"> %b;]><a/>'),
            ("a.xml", b'<!DOCTYPE a PUBLIC "b" "http://127.0.0.1/c.dtd"><a/>'),
        ],
        ids=range(33),
    )
    def test_refuses(self, path: str, content: bytes) -> None:
        assert len(content) <= MEBIBYTE

        with pytest.raises(ValidationError):
            check_bytes(path, content)

        assert seconds(path, content) < 3

    @pytest.mark.parametrize(
        ("path", "content"),
        [
            ("a.json", b"[" + b"{},\n" * 250_000 + b"1]"),
            ("a.json", b"[" + b",\n".join([b"9" * 19_000] * 50) + b"]"),
            ("a.yaml", b"---\n" * 250_000),
            ("a.yaml", b"".join(b"- &a%d x\n" % at for at in range(70_000))),
            ("a.yaml", b"a: {" + b"b: 1,\n" * 140_000 + b"}"),
            ("a.toml", b"[[a]]\n" * 170_000),
            ("a.toml", b"".join(b"[a%d]\n" % at for at in range(100_000))),
            ("a.toml", b'a = """\n' + (b"a." * 9000 + b"\n") * 50 + b'"""'),
            ("a.toml", b"a = [" + b"1,\n" * 300_000 + b"]"),
            ("a.xml", b"<a>" + b"<b/>\n" * 200_000 + b"</a>"),
            ("a.xml", b"<a " + b"".join(b"x%d='1'\n" % at for at in range(80_000)) + b"/>"),
        ],
        ids=range(11),
    )
    def test_costs_a_bounded_time(self, path: str, content: bytes) -> None:
        assert len(content) <= MEBIBYTE

        assert seconds(path, content) < 3

    @pytest.mark.parametrize(
        ("path", "content"),
        [
            ("a.md", "é\x0c\u2028\n".encode()),
            ("a.md", b"x" * 20_000),
            ("a.json", b'\xef\xbb\xbf{"a": [1, 2.5, "[[[\\""]}'),
            ("a.json", b"1" * 10_000),
            ("a.yaml", b"a: &a 1\nb: *a\n---\nc: !tag 2\n"),
            ("a.yaml", b""),
            ("a.toml", b'a = 1\n[b]\nc = "d"\n'),
            ("a.xml", '<?xml version="1.0" encoding="latin-1"?><a>é</a>'.encode()),
            ("a.xml", b"<!DOCTYPE html><a/>"),
            ("a.html", b"<b>"),
        ],
    )
    def test_accepts(self, path: str, content: bytes) -> None:
        check_bytes(path, content)

    def test_names_the_place(self) -> None:
        with pytest.raises(ValidationError) as refusal:
            check_bytes("a.xml", b"<a>\n</b>")

        assert (refusal.value.details["line"], refusal.value.details["column"]) == (2, 3)
        assert refusal.value.message.startswith("a.xml: this is not valid XML")

    def test_the_size_is_a_setting(self, settings: Any) -> None:
        settings.PARALLAGON_MAX_FILE_SIZE = 10

        with pytest.raises(ValidationError, match="at most 10"):
            check_bytes("a.md", b"x" * 11)

    def test_a_form_can_be_waived_but_not_the_rest(self) -> None:
        check_bytes("a.json", b"{", allow_invalid=True)
        with pytest.raises(ValidationError):
            check_bytes("a.json", b"\0", allow_invalid=True)

    def test_half_a_character_is_refused(self) -> None:
        with pytest.raises(ValidationError, match="half"):
            encode("\ud800")
