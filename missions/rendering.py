"""Texts as HTML that is safe to show: whatever an agent or a person wrote is untrusted.

The page renders what it shows by itself (``frontend/src/support/markdown.ts``); this is for those
who have no script: clients of the API, messages. Both follow one policy: text and structure only,
links to the web and by mail, and nothing that is fetched from elsewhere when a text is read, since
that would tell that server who reads.
"""

import re
from collections.abc import Iterable
from html import escape

import nh3
import pyromark
from pyromark.event import Range

_OPTIONS = (
    pyromark.Options.ENABLE_TABLES
    | pyromark.Options.ENABLE_STRIKETHROUGH
    | pyromark.Options.ENABLE_TASKLISTS
)
_SCHEMES = {"http", "https", "mailto"}
_ADDRESS = re.compile(r"(?:https?://|mailto:|#)", re.IGNORECASE)
# As the renderer writes them: a picture becomes a link to it, an alignment becomes a class.
_PICTURE = re.compile(r'<img src="([^"]*)" alt="([^"]*)"[^>]*/>')
_ALIGNMENT = re.compile(r'<(t[hd]) style="text-align: (left|center|right)">')
_TAG = re.compile(r"<(/?)([a-z][a-z0-9]*)")
_EMPTY = {"br", "hr", "img", "input"}
# The cleaner's time grows with the square of the depth: 188 s for 1 MB of `<div>`.
_DEEPEST = 100
_PASSES = 3  # a tag that is text no longer hides what follows it
_CLASSES = {"is-left", "is-center", "is-right"}


def _attribute(tag: str, name: str, value: str) -> str | None:
    """Keep an attribute's value, or drop it by ``None``."""
    if (tag, name) == ("a", "href"):
        return value if _ADDRESS.match(value) else None
    return value


_CLEANER = nh3.Cleaner(
    tags={
        "h1", "h2", "h3", "h4", "h5", "h6", "p", "br", "hr", "blockquote", "ul", "ol", "li",
        "strong", "em", "s", "del", "code", "pre", "a", "table", "thead", "tbody", "tr", "th", "td",
        "input",
    },
    clean_content_tags={"script", "style"},
    attributes={
        "a": {"href", "title"},
        "ol": {"start"},
        "input": {"checked"},
    },
    attribute_filter=_attribute,
    allowed_classes={"th": _CLASSES, "td": _CLASSES},
    # Whatever box someone writes is a task's: ticked or not, and dead.
    set_tag_attribute_values={"input": {"type": "checkbox", "disabled": ""}},
    url_schemes=_SCHEMES,
    link_rel="noopener noreferrer nofollow",
)  # fmt: skip


def render(text: str, *, is_markdown: bool) -> str:
    """Return ``text`` as HTML: Markdown with its structure, anything else as it stands.

    HTML in Markdown is text. Markdown that nests deeper than any document does comes as it
    stands, too.
    """
    if is_markdown and (plain := _without_html(text)) is not None:
        html = pyromark.html(plain, options=_OPTIONS)
        if not _is_deep(html):
            html = _PICTURE.sub(r'<a href="\1">\2</a>', html)
            html = _ALIGNMENT.sub(r'<\1 class="is-\2">', html)
            return _CLEANER.clean(html)
    return f"<pre><code>{escape(text)}</code></pre>"


def _without_html(text: str) -> str | None:
    """Return Markdown whose tags are text; ``None`` if more keep appearing."""
    for _ in range(_PASSES):
        html = [
            place
            for event, place in pyromark.events_with_range(text, options=_OPTIONS)
            if "Html" in event or "InlineHtml" in event
        ]
        if not html:
            return text
        text = _escape(text.encode(), html).decode()
    return None


def _escape(source: bytes, places: Iterable[Range]) -> bytes:
    done, parts = 0, []
    for place in places:
        start, end = place["start"], place["end"]
        parts += [source[done:start], source[start:end].replace(b"<", rb"\<")]
        done = end
    return b"".join([*parts, source[done:]])


def _is_deep(html: str) -> bool:
    depth = 0
    for tag in _TAG.finditer(html):
        if tag[2] in _EMPTY:
            continue
        depth += -1 if tag[1] else 1
        if depth > _DEEPEST:
            return True
    return False
