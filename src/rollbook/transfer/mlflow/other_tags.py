"""Tags of MLflow that a file's `tags` can't hold, by their names (`validation status`) or their length.

They stand in the file's `extra.mlflow.other_tags`, and MLflow's clients see no difference.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rollbook.propose.facts_files import lawful

if TYPE_CHECKING:
    from collections.abc import Mapping

OTHER_TAGS = "other_tags"


def parted_tags(tags: Mapping[str, str]) -> tuple[dict[str, str], dict[str, str]]:
    """Return those tags that a file's `tags` can hold, and the others."""
    kept, _ = lawful("tags", dict(tags))
    return kept, {key: text for key, text in tags.items() if key not in kept}
