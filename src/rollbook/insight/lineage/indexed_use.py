"""What the index knows of where versions run and when they served, as their evidence tells it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from rollbook.insight.query.index.lookup import problem_in
from rollbook.layout import Kind
from rollbook.records.evidence import DEPLOYMENT, MONITORING
from rollbook.registry.deployments import Deployed
from rollbook.registry.served import KINDS, Monitored, served

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Collection, Mapping, Sequence
    from datetime import datetime

    from rollbook.registry.served import Served

# Evidence about another artifact than the version's own tells nothing.
_TOLD = """
SELECT m.name, m.name || '@' || v.version, e.number, {columns}
FROM evidence AS e JOIN version AS v ON v.id = e.version_id JOIN model AS m ON m.id = v.model_id
  JOIN manifest AS f ON f.version_id = v.id
WHERE e.kind = :kind AND e.about_model = m.name AND e.about_version = v.version AND e.about_sha256 = f.sha256
  AND (:ids IS NULL OR
    m.id IN (SELECT model_id FROM version WHERE id IN (SELECT value FROM json_each(:ids))))
"""
_DEPLOYED = _TOLD.format(
    columns="coalesce(e.target, e.uri, ''), e.passed, coalesce(e.created_at, ''),"
    " coalesce(e.created_by, ''), coalesce(e.uri, '')"
)
_MONITORED = _TOLD.format(columns="e.created_at") + " AND e.created_at IS NOT NULL"


def deployed_by_model(
    connection: sqlite3.Connection, ids: Sequence[int] | None = None
) -> Mapping[str, Sequence[Deployed]]:
    """Return what is told of where versions run, model by model: of all, or of those models that one of the
    versions `ids` (the index's own) is of."""
    rows = connection.execute(
        _DEPLOYED, {"kind": DEPLOYMENT, "ids": None if ids is None else json.dumps(ids)}
    )
    told: dict[str, list[Deployed]] = {}
    for model, reference, number, target, passed, at, by, uri in rows:
        told.setdefault(model, []).append(Deployed(reference, number, target, bool(passed), at, by, uri))
    return told


def served_by_index(connection: sqlite3.Connection, now: datetime) -> Mapping[str, Served]:
    """Return when each version (`m@1.0.0`) last served that evidence tells of. Raises InvalidFile for such
    evidence that can't be read: it may say that a version runs."""
    require_readable_evidence(connection, KINDS)
    deployed = deployed_by_model(connection)
    monitored: dict[str, list[Monitored]] = {}
    for model, reference, number, at in connection.execute(_MONITORED, {"kind": MONITORING, "ids": None}):
        monitored.setdefault(model, []).append(Monitored(reference, number, at))
    return {
        reference: one
        for model in {*deployed, *monitored}
        for reference, one in served(deployed.get(model, ()), monitored.get(model, ()), now).items()
    }


def require_readable_evidence(connection: sqlite3.Connection, kinds: Collection[str]) -> None:
    """Raise InvalidFile for evidence of these kinds that can't be read."""
    paths = " OR ".join("p.path GLOB ?" for _ in kinds)
    patterns = [f"*/evidence/{kind}-*" for kind in kinds]
    problem = problem_in(
        connection, f"WHERE p.kind = ? AND ({paths}) ORDER BY p.path", Kind.EVIDENCE.value, *patterns
    )
    if problem is not None:
        raise problem
