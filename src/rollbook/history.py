"""What happened, from the trail's tags: registrations and stage changes, oldest first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rollbook.audit.tag import RecordedTag, recorded_trail
from rollbook.git.history import first_parents

if TYPE_CHECKING:
    from rollbook.git.repository import Repository


def history(repository: Repository, revision: str, model: str | None = None) -> list[RecordedTag]:
    """The recorded events of the commits that lead to `revision`, of all models or one, oldest first.

    They come in the order of main: dates never decide.
    """
    order = {landed.commit: place for place, landed in enumerate(first_parents(repository, revision))}
    tags = [
        tag
        for tag in recorded_trail(repository).tags.values()
        if tag.event.landed_in in order and (model is None or tag.event.model == model)
    ]
    return sorted(tags, key=lambda tag: (order[tag.event.landed_in], tag.event.model, tag.event.number))
