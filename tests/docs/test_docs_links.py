"""No page of the documentation links to what isn't there."""

from __future__ import annotations

import re

import pytest
from docs_session import ROOT, pages

_LINK = re.compile(r"\[[^\]]*\]\((?P<target>[^)\s]+)\)")
_CODE = re.compile(r"^ *```.*?^ *```$|`[^`\n]*`", re.DOTALL | re.MULTILINE)
_HEADING = re.compile(r"^#{1,6} +(?P<title>.+?) *$", re.MULTILINE)
_ANCHOR = re.compile(r'<a (?:id|name)="(?P<name>[^"]+)">')


def slug(title: str) -> str:
    """The anchor that GitHub gives a heading."""
    plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", title).replace("`", "").lower()
    return re.sub(r"[^\w\- ]", "", plain).replace(" ", "-")


def _anchors(text: str) -> set[str]:
    outside = re.sub(r"^ *```.*?^ *```$", "", text, flags=re.DOTALL | re.MULTILINE)
    return {slug(found["title"]) for found in _HEADING.finditer(outside)} | set(_ANCHOR.findall(text))


def dead_links(page: str) -> list[str]:
    """The links of a page that lead nowhere inside the repository."""
    here = ROOT / page
    found = []
    for link in _LINK.finditer(_CODE.sub("", here.read_text(encoding="utf-8"))):
        target, _, anchor = link["target"].partition("#")
        if re.match(r"[a-z]+:", link["target"]):
            continue
        there = (here.parent / target).resolve() if target else here
        missing = not there.exists() or not there.is_relative_to(ROOT)
        if missing or (anchor and anchor not in _anchors(there.read_text(encoding="utf-8"))):
            found.append(link["target"])
    return found


@pytest.mark.parametrize("page", pages())
def test_every_link_inside_the_repository_leads_somewhere(page: str) -> None:
    assert dead_links(page) == []


def test_every_page_is_linked_from_the_index() -> None:
    index = (ROOT / "docs" / "README.md").read_text(encoding="utf-8")
    linked = {link["target"].partition("#")[0] for link in _LINK.finditer(index)}
    expected = {page.removeprefix("docs/") for page in pages() if page.startswith("docs/")} - {"README.md"}
    assert expected - linked == set()


def test_a_heading_becomes_the_anchor_that_github_gives_it() -> None:
    assert slug("`rollbook audit record`: what, when?") == "rollbook-audit-record-what-when"
