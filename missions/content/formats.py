"""Whether a text is well-formed JSON, YAML, TOML or XML, at a cost that hostile text cannot raise.

Nothing is built from the text: no entities, no aliases expanded, no tags resolved.
"""

import json
import re
import tomllib
from io import StringIO
from typing import Any, NoReturn
from xml.sax import SAXParseException

import yaml
from defusedxml import DefusedXmlException
from defusedxml.expatreader import DefusedExpatParser
from django.utils.translation import gettext as _

from parallagon.core.errors import ValidationError

MOST_DEPTH = 100
MOST_ALIASES = 100
# A string that never ends is one token too: each of its quotes would be tried as another's begin.
_JSON_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*+"?|[\[{]|[\]}]', re.DOTALL)
# The parser's time grows with the square of a dotted key's length.
_TOML_NAME = r"""(?:[\w-]++|"[^"\n]*+"|'[^'\n]*+')"""
_TOML_DEEP_KEY = re.compile(
    rf"(?:^[ \t]*+\[*+|[{{,])[ \t]*+{_TOML_NAME}(?:[ \t]*+\.[ \t]*+{_TOML_NAME}){{{MOST_DEPTH}}}",
    re.MULTILINE,
)
_TOML_PLACE = re.compile(r"\(at line (\d+), column (\d+)\)")
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def check_json(text: str) -> None:
    """Raise ``ValidationError`` unless ``text`` is JSON, at most 100 deep."""
    depth = 0
    for token in _JSON_TOKEN.finditer(text):
        sign = token[0]
        if sign in "[{":
            depth += 1
        elif sign in "]}":
            depth -= 1
        if depth > MOST_DEPTH:
            _refuse_depth("JSON", *_place(text, token.start()))
    try:
        # Numbers stay text: a huge one would cost more than reading it.
        json.loads(text, parse_int=str, parse_float=str, parse_constant=_refuse_constant)
    except json.JSONDecodeError as error:
        _refuse("JSON", error.msg, error.lineno, error.colno)


def check_yaml(text: str) -> None:
    """Raise ``ValidationError`` unless ``text`` is YAML, at most 100 deep and with few aliases."""
    depth = aliases = 0
    anchors: set[str] = set()
    try:
        for event in yaml.parse(text, Loader=_Loader):
            line, column = _after(event.start_mark)
            if isinstance(event, yaml.AliasEvent):
                aliases += 1
                _check_alias(event, anchors, aliases, line, column)
            elif isinstance(event, yaml.CollectionEndEvent):
                depth -= 1
            elif isinstance(event, yaml.NodeEvent):
                depth += isinstance(event, yaml.CollectionStartEvent)
                anchors.add(event.anchor or "")
            if depth > MOST_DEPTH:
                _refuse_depth("YAML", line, column)
    except yaml.MarkedYAMLError as error:
        place = _after(error.problem_mark or error.context_mark)
        _refuse("YAML", error.problem or _("it cannot be read"), *place)
    except yaml.YAMLError as error:
        _refuse("YAML", str(error).splitlines()[0], 1, 1)


def _after(mark: Any) -> tuple[int, int]:
    return (mark.line + 1, mark.column + 1) if mark else (1, 1)


def _check_alias(
    event: yaml.AliasEvent, anchors: set[str], aliases: int, line: int, column: int
) -> None:
    if event.anchor not in anchors:
        reason = _("the alias %(name)s has no anchor") % {"name": event.anchor}
        _refuse("YAML", reason, line, column)
    if aliases > MOST_ALIASES:
        reason = _("it has more than %(most)s aliases") % {"most": MOST_ALIASES}
        _refuse("YAML", reason, line, column)


def check_toml(text: str) -> None:
    """Raise ``ValidationError`` unless ``text`` is TOML, its keys at most 100 deep."""
    if deep := _TOML_DEEP_KEY.search(text):
        _refuse_depth("TOML", *_place(text, deep.start()))
    try:
        tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        place = _TOML_PLACE.search(str(error))
        line, column = (int(place[1]), int(place[2])) if place else (text.count("\n") + 1, 1)
        _refuse("TOML", _TOML_PLACE.sub("", str(error)).strip(), line, column)
    except RecursionError:
        _refuse_depth("TOML", 1, 1)
    except ValueError as error:  # a number with thousands of digits
        _refuse("TOML", str(error), 1, 1)


class _XMLParser(DefusedExpatParser):
    """Refuses declared attributes too: each would be repeated in every element."""

    def reset(self) -> None:
        super().reset()
        expat: Any = self._parser  # type: ignore[attr-defined] # the stubs do not know it

        def refuse(*_declared: Any) -> NoReturn:
            place = (expat.CurrentLineNumber, expat.CurrentColumnNumber + 1)
            _refuse("XML", _("it declares attributes"), *place)

        expat.AttlistDeclHandler = refuse


def check_xml(text: str) -> None:
    """Raise ``ValidationError`` unless ``text`` is XML without entities of its own."""
    try:
        # As text, not bytes: what the declaration says of the encoding is not true any more.
        _XMLParser(forbid_entities=True, forbid_external=True).parse(StringIO(text))
    except SAXParseException as error:
        _refuse(
            "XML",
            error.getMessage(),
            error.getLineNumber() or 1,
            (error.getColumnNumber() or 0) + 1,
        )
    except DefusedXmlException:
        _refuse("XML", _("it declares entities or refers to other files"), 1, 1)


def _refuse_constant(name: str) -> NoReturn:
    _refuse("JSON", _("%(name)s is not a JSON number") % {"name": name}, 1, 1)


def _refuse_depth(name: str, line: int, column: int) -> NoReturn:
    _refuse(name, _("it is nested more than %(most)s deep") % {"most": MOST_DEPTH}, line, column)


def _refuse(name: str, reason: str, line: int, column: int) -> NoReturn:
    sentence = _("this is not valid %(format)s: %(reason)s (line %(line)s, column %(column)s).")
    facts = {"format": name, "reason": reason, "line": line, "column": column}
    raise ValidationError(sentence % facts, format=name, line=line, column=column)


def _place(text: str, position: int) -> tuple[int, int]:
    start = text.rfind("\n", 0, position)
    return text.count("\n", 0, position) + 1, position - start
