"""A registry that many threads read at once: each is told what it would be told alone."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import rollbook.registry.registry as registry_module
import rollbook.snapshot.tree_paths as tree_paths_module
from building.read_service import with_models
from rollbook.git.repository import discover
from rollbook.web.registries.served_registry import ServedRegistry

if TYPE_CHECKING:
    import pytest

    from building.once import Template


def test_threads_that_share_a_registry_are_told_the_same(
    template: Template, monkeypatch: pytest.MonkeyPatch
) -> None:
    # What is kept ready is thrown away all the time, and looked up as for very many.
    monkeypatch.setattr(registry_module, "_KEPT", 1)
    monkeypatch.setattr(tree_paths_module, "_FEW", 0)
    monkeypatch.setattr(tree_paths_module, "_MOST_KEPT", 0)
    served = ServedRegistry("registry", discover(template(with_models).registry))
    registry = served.now().registry
    references = ["risk/fraud@1.0.0", "risk/fraud@1.1.0", "churn@0.1.0", "risk/fraud@production"]
    alone = [registry.show(reference) for reference in references]
    with ThreadPoolExecutor(8) as threads:
        told = list(threads.map(registry.show, references * 40))
    served.close()
    assert told == alone * 40
