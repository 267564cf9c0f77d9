"""Reading a record's fields from YAML data, with an error that names the file and the key.

Reading commands must be quick and must not fail on a field that they don't need, so they read with
these functions; the schemas judge the whole file, and only `rollbook check` asks them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rollbook.errors import InvalidFile
from rollbook.yaml.strict import dotted, load, locate

if TYPE_CHECKING:
    from collections.abc import Container, Mapping

_TEXT = "text"
_CHECK = "Run `rollbook check --all`."


class Fields:
    """The fields of one mapping in a file."""

    def __init__(self, data: object, path: str, key: str = "", text: bytes = b"") -> None:
        """`key` says where `data` stands in the file, dotted; the file's `text` tells an error's line."""
        if not isinstance(data, dict):
            raise InvalidFile(
                "a mapping is needed here", path=path, line=_line(text, key), key=key, hint=_CHECK
            )
        self._data: dict[str, Any] = data
        self._path = path
        self._key = key
        self._text = text

    @property
    def path(self) -> str:
        """The file that they stand in."""
        return self._path

    def has(self, name: str) -> bool:
        """Whether the field is there, even if it is empty."""
        return self._data.get(name) is not None

    def names(self) -> list[str]:
        """Return the names of the fields, in the order of the file."""
        return list(self._data)

    def text(self, name: str) -> str:
        """Return a required string."""
        return str(self._typed(name, str, _TEXT, required=True))

    def optional_text(self, name: str) -> str:
        """Return a string, empty when it isn't there."""
        return str(self._typed(name, str, _TEXT) or "")

    def integer(self, name: str) -> int:
        """Return a required whole number."""
        return int(self._typed(name, int, "a whole number", required=True))

    def optional_integer(self, name: str) -> int | None:
        value = self._typed(name, int, "a whole number")
        return None if value is None else int(value)

    def optional_number(self, name: str) -> float | None:
        value = self._data.get(name)
        if value is not None and (isinstance(value, bool) or not isinstance(value, int | float)):
            raise self._wrong(name, "a number")
        return value

    def flag(self, name: str, *, default: bool) -> bool:
        value = self._typed(name, bool, "true or false")
        return default if value is None else value

    def holds_list(self, name: str) -> bool:
        """Whether the field is a list, where it may be one or something else."""
        return isinstance(self._data.get(name), list)

    def mapping(self, name: str) -> Mapping[str, Any]:
        """Return a mapping as it stands in the file, empty when it isn't there."""
        return self._typed(name, dict, "a mapping") or {}

    def besides(self, names: Container[str]) -> dict[str, Any]:
        """Return all fields but these, as they stand in the file."""
        return {name: value for name, value in self._data.items() if name not in names}

    def tags(self, name: str) -> Mapping[str, Any]:
        """Return tags: text by name. A list of names stands for tags without a text; see `tags_of`."""
        value = self._data.get(name)
        found = {} if value is None else tags_of(value)
        if found is None:
            raise self._wrong(name, "a mapping, or a list of names")
        return found

    def items(self, name: str) -> list[Any]:
        """Return a list as it stands in the file, empty when it isn't there."""
        return self._typed(name, list, "a list") or []

    def texts(self, name: str) -> tuple[str, ...]:
        """Return a list of strings, empty when it isn't there."""
        values = self.items(name)
        if not all(isinstance(value, str) for value in values):
            raise self._wrong(name, "a list of texts")
        return tuple(values)

    def mappings(self, name: str) -> tuple[Mapping[str, Any], ...]:
        """Return a list of mappings as they stand in the file, empty when it isn't there."""
        values = self.items(name)
        if not all(isinstance(value, dict) for value in values):
            raise self._wrong(name, "a list of mappings")
        return tuple(values)

    def numbers(self, name: str) -> Mapping[str, float]:
        """Return a mapping whose values are numbers."""
        values = self.mapping(name)
        if not all(
            isinstance(value, int | float) and not isinstance(value, bool) for value in values.values()
        ):
            raise self._wrong(name, "a mapping of names to numbers")
        return values

    def inner(self, name: str) -> Fields:
        """Return the fields of a mapping inside this one; without any when it isn't there."""
        return Fields(self.mapping(name), self._path, self.key_of(name), self._text)

    def each(self, name: str) -> list[Fields]:
        """Return the fields of each mapping in a list; none when it isn't there."""
        key = self.key_of(name)
        return [
            Fields(item, self._path, f"{key}.{place}", self._text)
            for place, item in enumerate(self.items(name))
        ]

    def required(self, name: str) -> Fields:
        """Return the fields of a mapping inside this one, which must be there."""
        return Fields(self._data.get(name), self._path, self.key_of(name), self._text)

    def key_of(self, name: str) -> str:
        """Return where a field stands in the file, dotted."""
        return f"{self._key}.{name}" if self._key else name

    def fault(self, name: str, message: str, hint: str = "") -> InvalidFile:
        """Return the error that a field is not as it should be."""
        key = self.key_of(name)
        return InvalidFile(message, path=self._path, line=_line(self._text, key), key=key, hint=hint)

    def _typed(self, name: str, kind: type, called: str, *, required: bool = False) -> Any:
        value = self._data.get(name)
        if value is None and not required:
            return None
        if not isinstance(value, kind) or (isinstance(value, bool) and kind is int):
            raise self._wrong(name, called)
        return value

    def _wrong(self, name: str, called: str) -> InvalidFile:
        fault = "is missing" if name not in self._data else f"must be {called}"
        unquoted = called == _TEXT and isinstance(self._data.get(name), int | float)
        key = self.key_of(name)
        return InvalidFile(
            f"the field {fault}",
            path=self._path,
            line=_line(self._text, key) or _line(self._text, self._key),
            key=key,
            hint="Put the value in quotes." if unquoted else _CHECK,
        )


def tags_of(value: object) -> dict[str, Any] | None:
    """Return tags as a mapping, as they are written; of a list of names, each with an empty text. None for
    what is neither."""
    if isinstance(value, dict):
        return value
    if isinstance(value, list) and all(isinstance(name, str) for name in value):
        return dict.fromkeys(value, "")
    return None


def read_fields(data: bytes, path: str) -> Fields:
    """Return the fields of a YAML file. Raises InvalidFile when it isn't strict YAML or no mapping."""
    return Fields(load(data, path), path, text=data)


def _line(text: bytes, key: str) -> int | None:
    if not text:
        return None
    return next((line for key_path, line in locate(text).items() if dotted(key_path) == key), None)
