"""The kinds of sources there are, by name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rollbook.integrations.monitor.sources import (
    command_source,
    file_source,
    http_source,
    log_source,
    prometheus_source,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rollbook.integrations.monitor.question import SourceKind

SOURCE_KINDS: Mapping[str, SourceKind] = {
    kind.name: kind
    for kind in (
        file_source.SOURCE,
        command_source.SOURCE,
        http_source.SOURCE,
        log_source.SOURCE,
        prometheus_source.SOURCE,
    )
}
