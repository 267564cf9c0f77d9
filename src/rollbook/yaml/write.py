"""Writing plain data as YAML that every reader, of YAML 1.1 or 1.2, reads back the same."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import yaml

from rollbook.errors import BadCall
from rollbook.yaml.scalars import FORBIDDEN, MAX_DIGITS, is_misread, reads_as_block
from rollbook.yaml.strict import MAX_BYTES, MAX_DEPTH, KeyPath, dotted

_WIDTH = 1 << 24  # never fold a line


def dump(data: Mapping[str, Any], header: str = "") -> bytes:
    """Return `data` as UTF-8 YAML in block style, keys in the order given, `header` as comment lines first.

    `strict.load` reads the same data back. Raises BadCall for what it would refuse: values that are no JSON
    data, NaN and infinity, control characters, too deep or too large.
    """
    if match := FORBIDDEN.search(header):
        raise BadCall(f"forbidden character U+{ord(match[0]):04X} in the header")
    comment = "".join(
        (line if line.startswith("#") else f"# {line}".rstrip()) + "\n" for line in header.splitlines()
    )
    written = (comment + _dumped(plain(data), flow=False)).encode()
    if len(written) > MAX_BYTES:
        raise BadCall(f"the YAML would be larger than {MAX_BYTES} bytes")
    return written


def dump_inline(value: Any) -> str:
    """Return a value on one line, as it may stand in a list or mapping in flow style.

    Raises BadCall as `dump` does.
    """
    return _dumped([plain(value)], flow=True).strip()[1:-1]


def _dumped(value: Any, *, flow: bool) -> str:
    written: str = yaml.dump(
        value, Dumper=_Dumper, default_flow_style=flow, allow_unicode=True, sort_keys=False, width=_WIDTH
    )
    return written


def plain(value: Any, path: KeyPath = ()) -> Any:
    """Return a copy of `value` in plain dict, list, str, int, float, bool and None.

    Raises BadCall, with the key, for what `strict.load` never returns.
    """
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return _plain_text(str(value), path)
    if isinstance(value, int):
        if abs(value) >= 10**MAX_DIGITS:
            raise _unwritable(path, f"an integer of more than {MAX_DIGITS} digits")
        return int(value)
    if isinstance(value, float):
        return float(value)
    if not isinstance(value, Mapping | list | tuple):
        raise _unwritable(path, f"a {type(value).__name__} has no form in YAML")
    if len(path) >= MAX_DEPTH:
        raise _unwritable(path, f"nested more than {MAX_DEPTH} levels deep")
    if isinstance(value, Mapping):
        return {_plain_key(key, path): plain(item, (*path, key)) for key, item in value.items()}
    return [plain(item, (*path, index)) for index, item in enumerate(value)]


def _plain_text(text: str, path: KeyPath) -> str:
    if match := FORBIDDEN.search(text):
        raise _unwritable(path, f"forbidden character U+{ord(match[0]):04X}")
    return text


def _plain_key(key: object, path: KeyPath) -> str:
    if not isinstance(key, str):
        raise _unwritable(path, f"the key {key!r} is no text")
    return _plain_text(str(key), path)


def _unwritable(path: KeyPath, problem: str) -> BadCall:
    where = dotted(path)[:200]
    return BadCall(f"{where}: {problem}" if where else problem)


def _text_style(text: str) -> str | None:
    """How to write `text`: `"` quoted, `|` as a literal block, or None: plain where that is possible."""
    if is_misread(text):
        return '"'
    if reads_as_block(text):
        return "|"
    return '"' if "\n" in text or "\r" in text else None


def float_text(number: float) -> str:
    """Return the shortest text that every reader takes for `number`. Raises BadCall for NaN and infinity."""
    if not math.isfinite(number):
        raise BadCall(f"{number} has no place in a registry file", hint="Leave the value out.")
    mantissa, e, exponent = repr(number).partition("e")
    if not e:
        return mantissa
    # YAML 1.1 wants a dot in the mantissa and a sign before the exponent.
    dot = "" if "." in mantissa else ".0"
    sign = "" if exponent[0] in "+-" else "+"
    return f"{mantissa}{dot}e{sign}{exponent}"


class _Dumper(yaml.SafeDumper):
    """Lists indented below their key; no anchors."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _represent_text(dumper: _Dumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=_text_style(text))


def _represent_float(dumper: _Dumper, number: float) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:float", float_text(number))


# Timestamps stay plain; `_text_style` quotes every other text that would be misread.
_Dumper.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if not tag.endswith(":timestamp")]
    for first, resolvers in yaml.SafeDumper.yaml_implicit_resolvers.items()
}
_Dumper.add_representer(str, _represent_text)
_Dumper.add_representer(float, _represent_float)
