"""The kinds of sources there are, by name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rollbook.integrations.monitor.sources import file_source

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rollbook.integrations.monitor.question import SourceKind

SOURCE_KINDS: Mapping[str, SourceKind] = {kind.name: kind for kind in (file_source.SOURCE,)}
