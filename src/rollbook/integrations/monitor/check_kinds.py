"""The kinds of checks there are, by name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rollbook.integrations.monitor.checks import data_check, drift_check, relative_check, threshold_check

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rollbook.integrations.monitor.checks.check_kind import CheckKind

CHECK_KINDS: Mapping[str, CheckKind] = {
    kind.name: kind
    for kind in (threshold_check.CHECK, relative_check.CHECK, drift_check.CHECK, data_check.CHECK)
}
