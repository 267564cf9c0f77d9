"""A registry with what pages have to tell: stages, an alias, lineage, evidence, a card, a signature, a
trail."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from building.texts import model
from rollbook.trail.record import record
from trail.histories import POLICY, new_history, registration

if TYPE_CHECKING:
    from pathlib import Path

NAME = "risk/credit"
GATES = "gates: [{gate: metric-threshold, to: [production], metric: auc, min: 0.8}]\n"
_EVE = "requested_by: eve@example.com, requested_at: 2026-01-02T00:00:00Z"


def facts(auc: float, parent: str = "") -> str:
    """The facts of a manifest, as JSON is YAML."""
    told = {
        "metrics": {"loss": 0.4, "auc": auc},
        "hyperparameters": {"depth": 6, "optimizer": {"name": "adam", "lr": 0.001}},
        "signature": {"inputs": [{"name": "income", "dtype": "float32", "shape": [-1]}]},
        "environment": {"python": "3.12.4"},
        "lineage": {
            "data": [
                {"name": "applications", "version": "2026-10", "uri": "s3://data/a", "from": ["raw/crm"]},
                {"name": "raw/crm"},
            ],
            "code": {"commit": "1f7a" * 10, "repository": "https://git.example.com/risk"},
            "parents": [parent] if parent else [],
        },
    }
    return "".join(f"{name}: {json.dumps(value)}\n" for name, value in told.items())


def evidence(version: str, kind: str, more: str = "") -> dict[str, str]:
    """A piece of evidence that passed."""
    return {
        f"registry/{NAME}/versions/{version}/evidence/{kind}-1.yaml": f"kind: {kind}\nmodel: {NAME}\n"
        f'version: "{version}"\nartifact_sha256: {"a" * 64}\npassed: true\n'
        f"created_at: 2026-02-01T09:00:00Z\ncreated_by: ana@example.com\n{more}"
    }


def lending(directory: Path) -> None:
    """risk/credit: 1.0.0 was in production and is archived, 1.1.0 serves, 2.0.0-rc.1 is new; churn saw its
    data by way of 1.1.0, and its 0.2.0 can't be read."""
    history = new_history(directory / "registry.git", f"{POLICY}{GATES}")
    history.commit(
        {
            f"registry/{NAME}/model.yaml": model(NAME, "team: risk\ntask: scoring\ntags: {tier: '1'}\n"),
            **registration(NAME, "1.0.0", facts(0.86)),
            "registry/churn/model.yaml": model("churn"),
            **registration("churn", "0.1.0", f"lineage: {{parents: ['{NAME}@1.1.0']}}\n"),
        }
    )
    one = f"production: {{version: 1.0.0, reason: first, {_EVE}}}\n"
    history.commit({f"registry/{NAME}/stages.yaml": one})
    history.commit(
        {
            **registration(NAME, "1.1.0", facts(0.9, f"{NAME}@1.0.0")),
            f"registry/{NAME}/versions/1.1.0/card.md": "# Credit\n\nFor *consumer* credit.\n",
        }
    )
    history.commit(
        {
            f"registry/{NAME}/stages.yaml": f"production: {{version: 1.1.0, reason: AUC +0.04, {_EVE}}}\n"
            f"archived: [{{version: 1.0.0, reason: replaced, {_EVE}}}]\n"
            f"aliases: {{champion: {{version: 1.1.0, reason: best, {_EVE}}}, gone: 9.9.9}}\n",
            **registration(NAME, "2.0.0-rc.1", facts(0.7, f"{NAME}@1.1.0")),
            **evidence("1.1.0", "fairness", "summary: Parity holds.\nmetrics: {parity: 0.97}\n"),
            **evidence("1.1.0", "deployment", "target: eu-west/prod\n"),
        }
    )
    record(history.repository)
    history.commit({"registry/churn/versions/0.2.0/version.yaml": "model: [\n"})
