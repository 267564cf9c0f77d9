"""The issue of a breach: one on the forge for each episode, in Markdown in which nothing acts."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from rollbook.integrations.monitor.deed import TOLD, Deed
from rollbook.names import moment_text
from rollbook.text import inert_code

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rollbook.integrations.forge.interface import Forge
    from rollbook.integrations.monitor.breach.breach import Breach

_MOST_ROWS = 50
_LONGEST_CELL = 300
# How far the forge's clock may be behind.
_SKEW = timedelta(days=1)


def opened_issue(breach: Breach, forge: Forge) -> Deed:
    """Open the issue of an episode, or find the one there is. Raises ForgeFailed."""
    title = f"{breach} is in breach"
    issue = forge.issue(_marker(breach), title, _body(breach), _since(breach))
    return Deed(TOLD, issue.url)


def said_on_issue(breach: Breach, forge: Forge, step: str, words: str) -> Deed:
    """Say a step of an episode, once, on its issue; nothing where it has none. Raises ForgeFailed."""
    issue = forge.find_issue(_marker(breach), _since(breach))
    if issue is None:
        return Deed(TOLD, "there is no issue to say it on")
    return Deed(TOLD, forge.comment(issue.number, _marker(breach, f" {step}"), words))


def needs_person_words(why: str) -> str:
    """Return the comment that calls for a person."""
    return f"**A person is needed.** {_code(why)}"


def over_words(breach: Breach) -> str:
    """Return the comment that an episode is over."""
    ended = breach.episode.ended or breach.now
    return "\n".join([f"Over since {moment_text(ended)}.", "", *_deeds(breach)])


def _marker(breach: Breach, step: str = "") -> str:
    # The id is of hexadecimal digits; whatever else somebody made of it must not end the comment.
    word = "".join(char for char in breach.episode.id if char.isalnum())
    return f"<!-- rollbook monitor {word}{step} -->"


def _since(breach: Breach) -> str:
    return moment_text(breach.episode.started - _SKEW)


def _body(breach: Breach) -> str:
    head = [f"{_code(str(breach))} has been in breach since {moment_text(breach.episode.started)}.", ""]
    table = ["| Check | What it says | Asked | Window |", "| --- | --- | --- | --- |", *_rows(breach)]
    return "\n".join([*head, *table, "", *_deeds(breach)])


def _rows(breach: Breach) -> Iterator[str]:
    for outcome in breach.shown[:_MOST_ROWS]:
        cells = (outcome.check, outcome.message, outcome.bound, str(outcome.window))
        yield f"| {' | '.join(map(_code, cells))} |"


def _deeds(breach: Breach) -> Iterator[str]:
    for name in ("evidence", "rollback"):
        if deed := breach.episode.deeds.get(name):
            yield f"- {name}: {_code(deed)}"


def _code(text: str) -> str:
    return inert_code(text if len(text) <= _LONGEST_CELL else f"{text[:_LONGEST_CELL]} ...")
