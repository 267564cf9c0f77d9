"""Exporting an index: what changed since the last time is made anew, all else stays as it is.

The bytes depend on main and its tags alone, so an index that was brought up to date equals one made from
scratch. The root document comes last: whoever reads it finds what it speaks of.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rollbook.errors import InvalidFile, Refused
from rollbook.git.clone import home
from rollbook.git.main_history import first_parents
from rollbook.registry.main_branch import main_commit
from rollbook.registry.model_folders import model_names
from rollbook.snapshot.tree_snapshot import TreeSnapshot
from rollbook.transfer.static_index.changed_models import Settings, changes_since, settings_of
from rollbook.transfer.static_index.document_json import (
    details_mapping,
    encode,
    environments_mapping,
    model_mapping,
    parse_model,
    root_mapping,
)
from rollbook.transfer.static_index.documents import RootDocument
from rollbook.transfer.static_index.index_folder import locked
from rollbook.transfer.static_index.index_layout import (
    EVENTS_PER_FILE,
    ROOT,
    details_file,
    environments_file,
    model_file,
    trail_file,
)
from rollbook.transfer.static_index.index_trail import last_events, recorded_chain, trail_documents
from rollbook.transfer.static_index.model_documents import documents

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from rollbook.registry.registry import Registry
    from rollbook.trail.standing_tags import StandingTag
    from rollbook.transfer.static_index.index_folder import IndexFolder


@dataclass(frozen=True, slots=True)
class WrittenIndex:
    """What came of an export: the commit, how many models and events the index has now, and how many files
    were written and removed."""

    commit: str
    models: int
    events: int
    written: int
    removed: int


@dataclass(frozen=True, slots=True)
class _State:
    """What is exported: main's first-parent line to a commit, its files, the trail up to it."""

    registry: Registry
    commit: str
    order: dict[str, int]
    chain: Sequence[StandingTag]
    settings: Settings
    base: Path


def export(registry: Registry, directory: Path) -> WrittenIndex:
    """Write the index of a registry, as a commit of main has it, to `directory`.

    Raises Refused when the commit is not on main, when the folder holds something else, and when the tags
    make no single chain; CannotTell in a shallow clone; NotFound and InvalidFile for the policy.
    """
    with locked(directory) as folder:
        before = folder.root()
        state = _state(registry)
        was_cut_off = folder.begin()
        done = _written(folder, None if was_cut_off else before, state)
        folder.end()
        return done


def _state(registry: Registry) -> _State:
    repository, snapshot = registry.repository, registry.snapshot
    registry.require()
    commit = snapshot.commit or ""
    line = [landed.commit for landed in first_parents(repository, main_commit(repository))]
    if commit not in line:
        raise Refused(
            f"{snapshot.label} is no commit of main", hint="An index is made of main: leave --rev out."
        )
    order = {landed: place for place, landed in enumerate(line[: line.index(commit) + 1])}
    chain = recorded_chain(repository, order)
    base = home(repository)
    return _State(registry, commit, order, chain, settings_of(snapshot, base), base)


def _written(folder: IndexFolder, before: RootDocument | None, state: _State) -> WrittenIndex:
    names = model_names(state.registry.snapshot)
    existing_files = folder.sound()
    commits = _to_write(folder, existing_files, before, state, names)
    for number, content in trail_documents(
        state.chain, _unchanged_events(before, state.chain, existing_files)
    ):
        folder.write(trail_file(number), content)
    snapshot = TreeSnapshot(state.registry.repository, state.commit, state.commit)
    try:
        events = last_events(state.chain)
        for summary, details, environments in documents(snapshot, state.settings, commits, events):
            if environments.files:
                folder.write(environments_file(details.model), encode(environments_mapping(environments)))
            folder.write(details_file(details.model), encode(details_mapping(details)))
            folder.write(model_file(summary.model), encode(model_mapping(summary)))
    finally:
        snapshot.close()
    folder.write(ROOT, encode(root_mapping(_root(state, len(names)))))
    parts = -(-len(state.chain) // EVENTS_PER_FILE)
    expected = {trail_file(number) for number in range(parts)}
    expected |= {file(name) for name in names for file in (model_file, details_file, environments_file)}
    folder.keep_only(expected)
    return WrittenIndex(state.commit, len(names), len(state.chain), folder.written, folder.removed)


def _root(state: _State, models: int) -> RootDocument:
    last = state.chain[-1] if state.chain else None
    return RootDocument(
        commit=state.commit,
        head_tag=last.inner if last else "",
        head_object=last.oid if last else "",
        events=len(state.chain),
        models=models,
        stage_names=state.settings.stage_names,
        remote=state.settings.remote,
        default_alias=state.settings.default_alias,
    )


def _to_write(
    folder: IndexFolder,
    held: set[str],
    before: RootDocument | None,
    state: _State,
    names: Sequence[str],
) -> dict[str, str]:
    """Return the models whose documents are to be written, each with the commit that last changed it."""
    if before is not None and _extends(before, state):
        changed = _changed(folder, held, before, state, names)
        if changed is not None:
            return changed
    changes = changes_since(state.registry.repository, state.commit, None, state.base)
    least = changes.settings or state.commit
    return {
        name: max(changes.models.get(name, least), least, key=lambda commit: state.order.get(commit, 0))
        for name in names
    }


def _extends(before: RootDocument, state: _State) -> bool:
    """Whether main and the trail have only grown since, and what all documents share is the same."""
    events = before.events
    return (
        before.environments  # else an earlier Rollbook wrote it
        and before.commit in state.order
        and (before.stage_names, before.remote) == (state.settings.stage_names, state.settings.remote)
        and events <= len(state.chain)
        and before.head_object == (state.chain[events - 1].oid if events else "")
    )


def _changed(
    folder: IndexFolder, held: set[str], before: RootDocument, state: _State, names: Sequence[str]
) -> dict[str, str] | None:
    """Those that changed since, or whose files are missing or damaged; None when all have to be made."""
    changes = changes_since(state.registry.repository, state.commit, before.commit, state.base)
    if changes.settings is not None:
        return None
    recorded = last_events(state.chain[before.events :])
    lost = folder.written_before() - held
    commits: dict[str, str] = {}
    for name in names:
        if name in changes.models:
            commits[name] = changes.models[name]
        elif (
            name in recorded
            or not {model_file(name), details_file(name)} <= held
            or environments_file(name) in lost
        ):
            data = folder.read(model_file(name)) if model_file(name) in held else None
            try:
                commits[name] = parse_model(data or b"", name).commit
            except InvalidFile:
                return None
    return commits


def _unchanged_events(before: RootDocument | None, chain: Sequence[StandingTag], held: set[str]) -> int:
    """How many events the trail's files hold already."""
    if before is None or not before.events or before.events > len(chain):
        return 0
    parts = range(-(-before.events // EVENTS_PER_FILE))
    is_whole = held.issuperset(trail_file(number) for number in parts)
    return before.events if is_whole and chain[before.events - 1].oid == before.head_object else 0
