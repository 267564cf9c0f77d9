"""Each message that the page on recovering explains is one that is said."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

import rollbook

SOURCE = Path(rollbook.__file__).parent
PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "recover.md"
MESSAGES = re.findall(r"^\| `([^`]+)` \|", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
# Commands stand in the first table's first column; git's own words begin so.
COMMANDS = re.compile(r"(register|promote|land|audit|fetch)( |$)")
GIT_SAYS = re.compile(r"git [a-z-]+ failed: ")
LEAST = 12  # letters that a message has of its own


@cache
def said() -> list[re.Pattern[str]]:
    """Every text of the source, with room for what is filled in, and its beginnings up to a colon."""
    texts = []
    for path in sorted(SOURCE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            parts = node.values if isinstance(node, ast.JoinedStr) else [node]
            known = [part.value for part in parts if isinstance(part, ast.Constant)]
            if sum(len(part) for part in known if isinstance(part, str)) >= LEAST:
                whole = "".join(_pattern(part) for part in parts)
                texts += [whole, *(whole[: colon.start()] for colon in re.finditer(r":\\ ", whole))]
    return [re.compile(text, re.DOTALL) for text in set(texts) if len(re.sub(r"\\|\.\+", "", text)) >= LEAST]


def _pattern(part: ast.expr) -> str:
    return re.escape(str(part.value)) if isinstance(part, ast.Constant) else ".+"


@pytest.mark.parametrize("message", [text for text in MESSAGES if not COMMANDS.match(text)])
def test_a_message_of_the_page_is_said(message: str) -> None:
    if GIT_SAYS.match(message):
        assert any(pattern.fullmatch("git VERB failed: WORDS") for pattern in said())
    else:
        assert any(pattern.fullmatch(message.removesuffix(": ...")) for pattern in said())


def test_the_page_has_messages() -> None:
    assert len(MESSAGES) > 20
