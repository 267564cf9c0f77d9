# ruff: noqa: S608 (every word of the SQL is written in this package)
"""What came from a data set, a commit or a version, and where it stands now. The index answers."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from rollbook.errors import BadCall, NotFound, nearest
from rollbook.insight.lineage.indexed_use import deployed_by_model
from rollbook.insight.query.index.lookup import ask, problem_in
from rollbook.layout import Kind
from rollbook.names import parse_reference
from rollbook.records.evidence import DEPLOYMENT
from rollbook.registry.deployments import newest

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Mapping, Sequence

    from rollbook.registry.deployments import Deployment
    from rollbook.registry.registry import Registry

_COMMIT = re.compile(r"[0-9a-f]{4,64}")
_MOST_NAMES = 5_000  # to look through for what was perhaps meant
_LAST_CHARACTER = chr(0x10FFFF)

# The versions that the registry shows, and the name by which others call one their parent.
_VERSIONS = "version AS v JOIN model AS m ON m.id = v.model_id"
_NAME = "m.name || '@' || v.version"
_IN_ORDER = "ORDER BY m.name, v.sort_key"

_DATA = "kind IN ('data', 'data-source')"
_SAW = f"""
SELECT version_id FROM source WHERE {_DATA} AND name = :data
UNION SELECT version_id FROM source WHERE {_DATA} AND uri = :data
UNION SELECT version_id FROM source WHERE {_DATA} AND digest = :data
UNION SELECT version_id FROM source WHERE kind = 'data' AND name IS NULL AND version = :unnamed
UNION SELECT s.version_id FROM json_each(:named) AS n CROSS JOIN source AS s
  WHERE s.{_DATA} AND s.name = n.value ->> 0 AND s.version = n.value ->> 1
"""
_TRAINED = "SELECT version_id FROM source WHERE kind = 'code' AND version >= :begin AND version < :end"


@dataclass(frozen=True, slots=True)
class Descendant:
    """A version that came from what was asked for, its stage, its aliases, and where it is deployed.

    `via` are the versions in between, the nearest to the source first; empty for one that came from it
    directly.
    """

    reference: str
    stage: str
    aliases: tuple[str, ...]
    via: tuple[str, ...]
    deployments: tuple[Deployment, ...] = ()


class _Found(NamedTuple):
    """A version in the index."""

    id: int
    reference: str


def from_data(registry: Registry, data: str) -> list[Descendant]:
    """Every version that saw a data set, itself, through data that was made from it, or through a parent.

    `data` is the data set's name, `NAME@VERSION`, its address or its SHA-256; `@VERSION` or `VERSION` where
    the manifests give no name. Raises NotFound when no version names it.
    """
    values = {"data": data, "named": json.dumps(_splits(data)), "unnamed": data.removeprefix("@")}

    def question(connection: sqlite3.Connection) -> list[Descendant]:
        direct = _came_from(connection, _SAW, **values) if data else []
        if not direct:
            names = _known_data(connection, data)
            raise NotFound(f"no version names the data set {data[:200]!r}", hint=nearest(data, names))
        return _closure(connection, direct, registry.policy.first_stage.name)

    return _ask(registry, question)


def from_commit(registry: Registry, commit: str) -> list[Descendant]:
    """Every version that was trained by the code of a commit (its id, or how it begins), or on data that it
    made, or has a parent that was. Raises BadCall for what is no id, NotFound when no version names it."""
    begins = commit.lower()
    if not _COMMIT.fullmatch(begins):
        raise BadCall(f"{commit[:80]!r} is no commit id", hint="Give at least 4 of its hexadecimal digits.")

    def question(connection: sqlite3.Connection) -> list[Descendant]:
        direct = _came_from(connection, _TRAINED, begin=begins, end=begins + _LAST_CHARACTER)
        if not direct:
            raise NotFound(f"no version names the code commit {commit}")
        return _closure(connection, direct, registry.policy.first_stage.name)

    return _ask(registry, question)


def from_version(registry: Registry, reference: str) -> list[Descendant]:
    """Every version that was derived from one, directly or through others; the version itself is not among
    them. It need not be in the registry if another names it. Raises NotFound when nothing knows it."""
    ancestor = parse_reference(reference)

    def question(connection: sqlite3.Connection) -> list[Descendant]:
        parent = str(ancestor)
        children = _children(connection, [parent]) if ancestor.version is not None else {}
        if not children:
            parent = str(registry.version(ancestor))
            children = _children(connection, [parent])
        direct = [child for child in children.get(parent, ()) if child.reference != parent]
        descendants = _closure(connection, direct, registry.policy.first_stage.name)
        return [item for item in descendants if item.reference != parent]

    return _ask(registry, question)


def _ask(registry: Registry, question: Callable[[sqlite3.Connection], list[Descendant]]) -> list[Descendant]:
    def careful(connection: sqlite3.Connection) -> list[Descendant]:
        _require_readable(connection)
        return question(connection)

    return ask(registry, careful)


def _require_readable(connection: sqlite3.Connection) -> None:
    """Raise InvalidFile for a manifest, a stages.yaml or a deployment that can't be read: it may be part of
    the answer."""
    problem = problem_in(
        connection,
        "WHERE p.kind IN (?1, ?2) OR (p.kind = ?3 AND p.path GLOB ?4)"
        " ORDER BY p.kind <> ?1, m.name, v.sort_key",
        *(Kind.STAGES.value, Kind.MANIFEST.value, Kind.EVIDENCE.value, f"*/evidence/{DEPLOYMENT}-*"),
    )
    if problem is not None:
        raise problem


def _splits(data: str) -> list[list[str]]:
    """Return the ways to read a text as a data set's name and version: `NAME@VERSION`, wherever an `@` is."""
    return [[data[:at], data[at + 1 :]] for at, character in enumerate(data) if character == "@"]


def _known_data(connection: sqlite3.Connection, data: str) -> list[str]:
    """Names of data sets, and the versions of those without a name; and of one that is named with an `@`, the
    versions that there are."""
    names = f"SELECT DISTINCT coalesce(name, '@' || version) FROM source WHERE {_DATA} LIMIT ?"
    versions = (
        "SELECT DISTINCT name || '@' || version FROM source"
        f" WHERE {_DATA} AND name = ? AND version IS NOT NULL LIMIT ?"
    )
    rows = [*connection.execute(names, (_MOST_NAMES,))]
    rows += connection.execute(versions, (data.partition("@")[0], _MOST_NAMES))
    return [name for (name,) in rows]


def _came_from(connection: sqlite3.Connection, ids: str, **values: str) -> list[_Found]:
    """Return the versions with these ids, by model and then from old to new."""
    rows = connection.execute(
        f"SELECT v.id, {_NAME} FROM {_VERSIONS} WHERE v.id IN ({ids}) {_IN_ORDER}", values
    )
    return [_Found(*row) for row in rows]


def _children(connection: sqlite3.Connection, parents: Sequence[str]) -> dict[str, list[_Found]]:
    """Return the versions that name these as their parents, by parent, each list in order."""
    rows = connection.execute(
        f"SELECT s.name, v.id, {_NAME} FROM {_VERSIONS} JOIN source AS s ON s.version_id = v.id"
        f" WHERE s.kind = 'parent' AND s.name IN (SELECT value FROM json_each(?)) {_IN_ORDER}",
        (json.dumps(parents),),
    )
    children: dict[str, list[_Found]] = {}
    for parent, *child in rows:
        children.setdefault(parent, []).append(_Found(*child))
    return children


def _closure(connection: sqlite3.Connection, direct: Sequence[_Found], first_stage: str) -> list[Descendant]:
    """`direct` and all that came from them, by the shortest way, by model and then from old to new."""
    ways: dict[_Found, tuple[str, ...]] = dict.fromkeys(direct, ())
    generation = list(direct)
    while generation:
        children = _children(connection, [item.reference for item in generation])
        following = []
        for parent in generation:
            for child in children.get(parent.reference, ()):
                if child not in ways:
                    ways[child] = (*ways[parent], parent.reference)
                    following.append(child)
        generation = following
    aliases = _aliases(connection)
    deployments = _deployments(connection, [item.id for item in ways])
    rows = connection.execute(
        f"SELECT v.id, {_NAME}, v.stage FROM {_VERSIONS}"
        f" WHERE v.id IN (SELECT value FROM json_each(?)) {_IN_ORDER}",
        (json.dumps([item.id for item in ways]),),
    )
    return [
        Descendant(
            reference,
            stage or first_stage,
            aliases.get(reference, ()),
            ways[_Found(key, reference)],
            deployments.get(reference, ()),
        )
        for key, reference, stage in rows
    ]


def _deployments(connection: sqlite3.Connection, ids: Sequence[int]) -> Mapping[str, tuple[Deployment, ...]]:
    """Where these versions are deployed. What else of their models went to a target replaces them there."""
    return {
        reference: deployments
        for deployed in deployed_by_model(connection, ids).values()
        for reference, deployments in newest(deployed).items()
    }


def _aliases(connection: sqlite3.Connection) -> dict[str, tuple[str, ...]]:
    """Return the aliases of every version that has one, sorted."""
    aliases: dict[str, tuple[str, ...]] = {}
    for reference, alias in connection.execute(
        "SELECT m.name || '@' || a.version, a.alias FROM alias AS a JOIN model AS m ON m.id = a.model_id"
        " ORDER BY a.alias"
    ):
        aliases[reference] = (*aliases.get(reference, ()), alias)
    return aliases
