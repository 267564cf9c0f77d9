"""Text that MLflow has of somebody, made such that a manifest can hold it: plain, and no longer than told."""

from __future__ import annotations

from rollbook.git.address import without_credentials
from rollbook.text import one_line
from rollbook.yaml.scalars import FORBIDDEN

_LONGEST_LINE = 255  # the schema's `line`
_LONGEST_ADDRESS = 2048  # the schema's `uri`
_INSTEAD = "\N{REPLACEMENT CHARACTER}"


def kept_text(text: object, longest: int) -> str:
    """Return text without the characters that no file of a registry holds; one that is longer is cut, and
    says how much of it is."""
    whole = FORBIDDEN.sub(_INSTEAD, str(text))
    if len(whole) <= longest:
        return whole
    note = f"... ({len(whole)} characters, cut)"
    return whole[: longest - len(note)] + note


def kept_line(text: object) -> str:
    """Return text on one line, as the schema's `line` is; empty where nothing of it can be seen."""
    return kept_text(one_line(kept_text(text, 10_000), 10_000), _LONGEST_LINE)


def kept_address(text: object) -> str:
    """Return an address without credentials; empty where a manifest can't hold it as one."""
    address = without_credentials(str(text))
    if FORBIDDEN.search(address) or any(map(str.isspace, address)) or len(address) > _LONGEST_ADDRESS:
        return ""
    return address
