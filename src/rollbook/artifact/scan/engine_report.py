"""What `modelaudit-picklescan` reports of a pickle, as the data that its engine in Rust gives.

The Python around the engine asks of every module that a pickle names where on this computer it is installed.
That takes hundreds of times as long as the scan, and what comes of it differs between computers, so
it is passed by. A release whose engine is called otherwise is asked through its package.
"""

from __future__ import annotations

import functools
import sys
from importlib.machinery import PathFinder
from importlib.util import find_spec, module_from_spec
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import ModuleType

_PACKAGE = "modelaudit_picklescan"
_ENGINE = f"{_PACKAGE}._rust"


def engine_report(pickle: bytes, options: Mapping[str, float]) -> Mapping[str, Any]:
    """Return the report on one whole pickle. Raises ImportError where there is no engine."""
    try:
        report: Mapping[str, Any] = _engine().scan_bytes(
            pickle, "pickle", dict(options), bytes_total=len(pickle), position_offset=0, nested_depth=0
        )
    except (AttributeError, ImportError, TypeError):
        return packages_report(pickle, options)
    return report


def packages_report(pickle: bytes, options: Mapping[str, float]) -> Mapping[str, Any]:
    """Return the same by the package's own interface. Raises ImportError where it is not installed."""
    from modelaudit_picklescan import ScanOptions, scan_bytes

    report = scan_bytes(
        pickle,
        source="pickle",
        options=ScanOptions(**options),  # type: ignore[arg-type] # whole numbers, as they were given
        enrich_call_graph=False,
    )
    return report.to_dict()


@functools.cache
def _engine() -> ModuleType:
    """Return the engine, imported without the package that it is in."""
    if _ENGINE in sys.modules:
        return sys.modules[_ENGINE]
    package = find_spec(_PACKAGE)
    found = package and PathFinder.find_spec(_ENGINE, package.submodule_search_locations)
    if not found or not found.loader:
        raise ImportError(f"{_PACKAGE} has no engine of its own")
    module = module_from_spec(found)
    sys.modules[_ENGINE] = module  # an extension is begun once only: the package is to find this one
    found.loader.exec_module(module)
    return module
