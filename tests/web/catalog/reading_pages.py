"""What a reader learns from a page: its words, where it leads, and whether its HTML is whole."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser

_VOID = frozenset(["meta", "link", "input", "br", "hr", "img", "wbr", "path", "rect", "line", "circle"])


@dataclass
class ReadPage:
    """A page as a browser has it: each element with its attributes, the words, and each link's words."""

    elements: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    text: str = ""
    links: dict[str, str] = field(default_factory=dict)
    rows: list[list[str]] = field(default_factory=list)

    def of(self, kind: str) -> list[dict[str, str]]:
        return [attributes for name, attributes in self.elements if name == kind]


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.page = ReadPage()
        self._open: list[str] = []
        self._link = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = {name: value or "" for name, value in attrs}
        self.page.elements.append((tag, attributes))
        if tag == "a":
            self._link = attributes.get("href", "")
            self.page.links[self._link] = ""
        if tag == "tr":
            self.page.rows.append([])
        if tag in ("td", "th"):
            self.page.rows[-1].append("")
        if tag not in _VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.page.elements.append((tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        if tag in _VOID:
            return
        opened = self._open.pop() if self._open else None
        # The ends that HTML lets one leave out are written on these pages, so that each one has its pair.
        assert opened == tag, f"</{tag}> ends <{opened}>"
        if tag == "a":
            self._link = ""

    def handle_data(self, data: str) -> None:
        self.page.text += data
        if self._link:
            self.page.links[self._link] += data
        if self.page.rows and {"td", "th"} & {*self._open}:
            self.page.rows[-1][-1] += data


def read_page(html: str) -> ReadPage:
    """Return a page as its reader has it; fail the test where an element is not ended."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    assert not reader._open, f"not ended: {reader._open}"
    page = reader.page
    page.text = " ".join(page.text.split())
    page.links = {address: " ".join(words.split()) for address, words in page.links.items()}
    page.rows = [[" ".join(cell.split()) for cell in row] for row in page.rows]
    return page
