"""Renewing a card's text: what is generated is put between its markers, everything else stays as it is.

A `{{placeholder}}` that people wrote is filled once, with what is on record, and is theirs from then on.

In the body a generated part stands between two comments, `<!-- rollbook:begin NAME -->` and
`<!-- rollbook:end NAME -->`; in the front matter, between the lines `# rollbook:begin` and `# rollbook:end`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from rollbook.check.card_sections import FRONT_MATTER, sections
from rollbook.errors import InvalidFile
from rollbook.insight.card.front_matter import metadata
from rollbook.insight.card.generated_parts import written_parts
from rollbook.insight.card.inert import MISSING
from rollbook.insight.card.placeholders import filled
from rollbook.yaml.strict import load
from rollbook.yaml.write import dump

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from rollbook.insight.card.card_facts import CardFacts

_MARKER = re.compile(
    r"^<!-- rollbook:(?P<side>begin|end) (?P<part>[a-z][a-z-]*) -->[ \t]*(?=\r?$)", re.MULTILINE
)
_FRONT_BEGIN, _FRONT_END = (
    re.compile(rf"^# rollbook:{side}[ \t]*\r?\n", re.MULTILINE) for side in ("begin", "end")
)
_FRONT_MARKER = re.compile(r"^# rollbook:(?:begin|end)[ \t]*\r?$", re.MULTILINE)
_NEEDLESS = re.compile(rf"(?P<end><!-- rollbook:end [a-z-]+ -->\n)\n{re.escape(MISSING)}\n")
_SECTION = re.compile(r"^## (?=\S)", re.MULTILINE)
# What goes together: who writes the first of them has written them all.
_TOGETHER = {"license": ("license_name", "license_link")}


def new_card(template: str, facts: CardFacts, path: str) -> str:
    """Fill in the parts of a template. The placeholder right below a part goes when the part says something.
    Raises InvalidFile, naming the template's `path`, for markers that don't pair up."""
    filled = _renewed(template, facts, path)
    part_names = {name for name, text in written_parts(facts, "").items() if text}
    return _NEEDLESS.sub(
        lambda match: (
            match["end"] if any(f":end {name} " in match["end"] for name in part_names) else match[0]
        ),
        filled,
    )


def renewed_card(card: str, template: str, facts: CardFacts, path: str) -> str:
    """Renew the generated parts of a card. What stands outside of the markers stays, byte by byte. A card
    without any marker, which a person wrote, gets the sections that it lacks at its end.

    Raises InvalidFile, naming the card's `path`, when its markers don't pair up, or when its front matter
    can't be read or can't be added to.
    """
    card = card.removeprefix("\ufeff")  # a byte-order mark would hide the front matter
    if not is_generated(card):
        fresh = new_card(template, facts, path)
        card = _joined(card, _lacking(fresh, {*sections(card)}))
    return _renewed(card, facts, path)


def is_generated(card: str) -> bool:
    """Return whether a card's body holds generated parts."""
    return _MARKER.search(card) is not None


def _renewed(card: str, facts: CardFacts, path: str) -> str:
    newline = "\r\n" if "\r\n" in card else "\n"
    front_matter = FRONT_MATTER.match(card)
    front = front_matter["yaml"] if front_matter else ""
    body = card[front_matter.end() :] if front_matter else card
    before, after = split_front(front, path)
    own = _own_metadata(before + after, path)
    generated = metadata(facts)
    for key in own:
        for other in (key, *_TOGETHER.get(key, ())):
            generated.pop(other, None)
    block = _front_block(generated).replace("\n", newline)
    whole = f"{before}{block}{after}"
    _require_both(whole, own, generated, path)
    merged = {**generated, **own}
    parts = written_parts(facts, str(merged.get("license_name") or merged.get("license") or ""))
    fence = f"---{newline}"
    head = (
        card[: front_matter.start("yaml")] + whole + card[front_matter.end("yaml") : front_matter.end()]
        if front_matter
        else (f"{fence}{whole}{fence}{newline}" if whole else "")
    )
    return head + _with_parts(filled(body, facts, parts), parts, newline, path)


def split_front(front: str, path: str) -> tuple[str, str]:
    """Return what a person wrote into the front matter, before and after the generated block."""
    begin = _FRONT_BEGIN.search(front)
    end = _FRONT_END.search(front, begin.end()) if begin else None
    before, after = (front[: begin.start()], front[end.end() :]) if begin and end else ("", front)
    if stray := _FRONT_MARKER.search(before + after):
        raise InvalidFile(
            f"the line `{stray[0].strip()}` in the front matter has no counterpart",
            path=path,
            hint="Take the line out, or bring the other one back.",
        )
    return before, after


def _own_metadata(front: str, path: str) -> Mapping[str, Any]:
    value = load(front.encode(), path)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise InvalidFile("the card's front matter is no mapping", path=path, hint="Give each line a key.")
    return value


def _front_block(generated: Mapping[str, Any]) -> str:
    return f"# rollbook:begin\n{dump(generated).decode()}# rollbook:end\n" if generated else ""


def _require_both(whole: str, own: Mapping[str, Any], generated: Mapping[str, Any], path: str) -> None:
    try:
        value = load(whole.encode(), path) or {}
    except InvalidFile:
        value = None
    if value != {**generated, **own}:
        raise InvalidFile(
            "nothing can be added to the card's front matter",
            path=path,
            hint="Write it as `key: value` lines.",
        )


def _with_parts(body: str, parts: Mapping[str, str], newline: str, path: str) -> str:
    written, position = [], 0
    for begin, end in _pairs(body, path):
        text = parts.get(begin["part"])
        if text is None:  # of another version of this tool
            continue
        inside = f"\n\n{text}\n\n" if text else "\n"
        written += [body[position : begin.end()], inside.replace("\n", newline)]
        position = end.start()
    return "".join([*written, body[position:]])


def _pairs(body: str, path: str) -> Iterator[tuple[re.Match[str], re.Match[str]]]:
    """Yield the markers of each part."""
    markers = [*_MARKER.finditer(body)]
    seen: set[str] = set()
    for begin, end in zip(markers[::2], [*markers[1::2], None], strict=False):
        name = begin["part"]
        if begin["side"] != "begin" or end is None or (end["side"], end["part"]) != ("end", name):
            raise _unpaired(f"the marker `{begin[0].strip()}` has no counterpart", body, begin, path)
        if name in seen:
            raise _unpaired(f"the part `{name}` stands there twice", body, begin, path)
        seen.add(name)
        yield begin, end


def _unpaired(message: str, body: str, marker: re.Match[str], path: str) -> InvalidFile:
    line = body.count("\n", 0, marker.start()) + 1
    return InvalidFile(
        f"{message} (line {line} below the front matter)",
        path=path,
        hint="Each part has one `begin` and one `end`. Bring back what is missing, or take out both.",
    )


def _lacking(fresh: str, titles: set[str]) -> str:
    """Return the sections of a new card whose titles are not among `titles`."""
    starts = [heading.start() for heading in _SECTION.finditer(fresh)]
    whole = [fresh[start:end] for start, end in zip(starts, [*starts[1:], len(fresh)], strict=True)]
    return "".join(section for section in whole if not titles & {*sections(section)})


def _joined(card: str, more: str) -> str:
    newline = "\r\n" if "\r\n" in card else "\n"
    gap = newline * (2 - min(2, card.count("\n", len(card.rstrip())))) if card else ""
    return f"{card}{gap}{more.replace(chr(10), newline)}" if more else card
