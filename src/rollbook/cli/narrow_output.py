"""Output to where not every character can be written: another one, or its number, stands in its place.

A terminal may be one of ASCII (`LC_ALL=C`), or have one of the encodings from before Unicode.
"""

from __future__ import annotations

import codecs
import io
import sys

_PLAIN = {"├": "|", "└": "`", "│": "|", "─": "-", "→": "->", "✅": "+", "❌": "x", "⏳": "...", "…": "..."}
_SUBSTITUTES = "rollbook-substitutes"
# Where Python says `ascii`, click takes the setting for a mistake, and writes UTF-8.
_ASCII = "rollbook-ascii"


def print_in_any_encoding() -> None:
    """Have this process's standard output and error take every character, whatever their encoding."""
    codecs.register_error(_SUBSTITUTES, _substitute)
    codecs.register(_find)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper) and not stream.encoding.lower().startswith("utf"):
            is_ascii = codecs.lookup(stream.encoding).name == "ascii"
            stream.reconfigure(encoding=_ASCII if is_ascii else stream.encoding, errors=_SUBSTITUTES)


def _substitute(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    failed = error.object[error.start : error.end]
    plain = (
        _PLAIN.get(char) or char.encode("ascii", errors="backslashreplace").decode("ascii") for char in failed
    )
    return "".join(plain), error.end


class _Encoder(codecs.IncrementalEncoder):
    def encode(self, input: str, final: bool = False) -> bytes:  # noqa: A002
        return input.encode("ascii", self.errors)


def _find(name: str) -> codecs.CodecInfo | None:
    if name.replace("_", "-") != _ASCII:
        return None
    plain = codecs.lookup("ascii")
    return codecs.CodecInfo(
        plain.encode, plain.decode, name=_ASCII,
        incrementalencoder=_Encoder, incrementaldecoder=plain.incrementaldecoder,
    )  # fmt: skip
