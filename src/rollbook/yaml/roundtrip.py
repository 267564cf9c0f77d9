"""ruamel.yaml set up to read scalars as `strict` does and to write each one as it was written.

Imported only where a file is edited: ruamel.yaml takes long to load.
"""

from __future__ import annotations

import io
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap
from ruamel.yaml.constructor import RoundTripConstructor
from ruamel.yaml.error import YAMLError
from ruamel.yaml.nodes import MappingNode, SequenceNode
from ruamel.yaml.representer import RoundTripRepresenter
from ruamel.yaml.resolver import BaseResolver
from ruamel.yaml.scalarstring import PlainScalarString
from ruamel.yaml.tag import Tag

from rollbook.yaml.scalars import value_of
from rollbook.yaml.write import WIDTH, float_text, text_style

_TAG = "tag:yaml.org,2002:"


class WrittenInt(int):
    """An integer that remembers how it is written."""

    written = ""


class WrittenFloat(float):
    """A float that remembers how it is written."""

    written = ""


class _Resolver(BaseResolver):
    """Takes a scalar for what `strict.load` takes it for."""

    def __init__(self, version: Any = None, loader: Any = None, loadumper: Any = None) -> None:
        super().__init__(loadumper or loader)

    @property
    def processing_version(self) -> tuple[int, int]:
        return (1, 2)

    def resolve(self, kind: Any, value: Any, implicit: Any) -> Any:
        if kind is MappingNode:
            return Tag(suffix=f"{_TAG}map")
        if kind is SequenceNode:
            return Tag(suffix=f"{_TAG}seq")
        plain = implicit[0] if isinstance(implicit, tuple) else implicit
        found = value_of(str(value)) if plain else str(value)
        return Tag(suffix=_TAG + ("null" if found is None else type(found).__name__))


class _Constructor(RoundTripConstructor):
    pass


def _construct_int(constructor: Any, node: Any) -> WrittenInt:
    value: Any = value_of(node.value)
    number = WrittenInt(value)
    number.written = node.value
    return number


def _construct_float(constructor: Any, node: Any) -> WrittenFloat:
    value: Any = value_of(node.value)
    number = WrittenFloat(value)
    number.written = node.value
    return number


def _construct_bool(constructor: Any, node: Any) -> bool:
    return bool(value_of(node.value))


def _construct_text(constructor: Any, node: Any) -> Any:
    text = constructor.construct_scalar(node)
    return PlainScalarString(text) if type(text) is str and not node.style else text


for _name, _construct in {
    "int": _construct_int,
    "float": _construct_float,
    "bool": _construct_bool,
    "str": _construct_text,
}.items():
    _Constructor.add_constructor(_TAG + _name, _construct)


class _Representer(RoundTripRepresenter):
    def ignore_aliases(self, data: Any) -> bool:
        return True


def _represent_written(representer: Any, number: WrittenInt | WrittenFloat) -> Any:
    name = "int" if isinstance(number, int) else "float"
    return representer.represent_scalar(_TAG + name, number.written)


def _represent_float(representer: Any, number: float) -> Any:
    return representer.represent_scalar(f"{_TAG}float", float_text(number))


def _represent_text(representer: Any, text: str) -> Any:
    return representer.represent_scalar(f"{_TAG}str", text, style=text_style(text))


def _represent_plain(representer: Any, text: str) -> Any:
    return representer.represent_scalar(f"{_TAG}str", str(text))


def _represent_null(representer: Any, data: None) -> Any:
    return representer.represent_scalar(f"{_TAG}null", "null")


_Representer.add_representer(WrittenInt, _represent_written)
_Representer.add_representer(WrittenFloat, _represent_written)
_Representer.add_representer(float, _represent_float)
_Representer.add_representer(str, _represent_text)
_Representer.add_representer(PlainScalarString, _represent_plain)
_Representer.add_representer(type(None), _represent_null)


def _yaml() -> YAML:
    yaml = YAML(typ="rt", pure=True)
    yaml.Constructor = _Constructor
    yaml.Representer = _Representer
    yaml.Resolver = _Resolver
    yaml.preserve_quotes = True
    yaml.width = WIDTH
    yaml.allow_unicode = True
    return yaml


def compose(text: str) -> Any:
    """The document in `text` with its comments; an empty mapping when there is none.

    Raises ValueError for the rare text that `strict.load` reads and ruamel.yaml does not.
    """
    try:
        document = _yaml().load(text)
    except (YAMLError, AttributeError, TypeError, IndexError, AssertionError) as error:
        raise ValueError(str(error)) from error
    return CommentedMap() if document is None else document


def emit(document: Any, *, list_offset: int, mapping_indent: int) -> str:
    """Write `document`, `-` standing `list_offset` columns right of its key."""
    yaml = _yaml()
    yaml.indent(mapping=mapping_indent, sequence=list_offset + 2, offset=list_offset)
    stream = io.StringIO()
    yaml.dump(document, stream)
    return stream.getvalue()
