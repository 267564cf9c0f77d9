"""Whatever the history, the recorded trail tells it, and recording it in any steps gives the same trail."""

from __future__ import annotations

import shutil
import tempfile
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from building.texts import alias_lines, stages
from building.world import git
from rollbook.trail.derive import derive
from rollbook.trail.landings import landed_changes
from rollbook.trail.record import record
from rollbook.trail.tag import recorded_trail

from .histories import History, new_history, registration

if TYPE_CHECKING:
    from collections.abc import Mapping

MODELS = ["credit", "risk/fraud"]
VERSIONS = ["1.0.0", "1.1.0", "2.0.0-rc.1"]
STAGES = ["development", "staging", "production", "archived"]

ALIASES = ["champion", "staging", "x-2"]

# An alias's version, and whether it is on record: has an entry that says who asked and why.
Pointer = tuple[str, bool]
# What one commit does: versions that come in, and where versions and aliases stand after it; its clock; and
# what the entries of those that move say besides.
Step = tuple[
    set[tuple[str, str]],
    dict[tuple[str, str], str],
    int,
    bool,
    dict[tuple[str, str], Pointer | None],
    dict[tuple[str, str], str],
]
WORDS = [
    "automatic: {version: 1.3.0, evidence: monitoring-3}",
    "despite: {evidence: [monitoring-1, monitoring-2], reason: wrong labels}",
    "waived: [soak], automatic: {version: 1.3.0, evidence: monitoring-4}",
]
_VERSION = st.tuples(st.sampled_from(MODELS), st.sampled_from(VERSIONS))
_ALIAS = st.tuples(st.sampled_from(MODELS), st.sampled_from(ALIASES))
STEP = st.tuples(
    st.sets(_VERSION, max_size=3),
    st.dictionaries(_VERSION, st.sampled_from(STAGES), max_size=4),
    st.integers(1_700_000_000, 1_700_000_100),
    st.booleans(),
    st.dictionaries(_ALIAS, st.none() | st.tuples(st.sampled_from(VERSIONS), st.booleans()), max_size=3),
    st.dictionaries(_VERSION, st.sampled_from(WORDS), max_size=4),
)


def play(history: History, steps: list[Step]) -> list[str]:
    """Commit each step, and return the tags that its changes call for, by a simple account of its own.

    A version that is to stand where it stands already gets another revision there.
    """
    where: dict[tuple[str, str], str] = {}
    revisions: Counter[tuple[str, str]] = Counter()
    aliases: dict[tuple[str, str], Pointer] = {}
    numbers = dict.fromkeys(MODELS, 0)
    tags = []
    said: dict[tuple[str, str], str] = {}
    for arrivals, moves, second, broken, pointed, words in steps:
        files: dict[str, str | None] = {"README.md": str(len(where))}
        new = {item for item in arrivals if item not in where}
        moved = {
            item: to
            for item, to in moves.items()
            if where.get(item, "development" if item in new else to) != to
        }
        revised = {item for item, to in moves.items() if where.get(item) == to != "development"}
        revisions.update(revised)
        for item in moved:
            del revisions[item]
        said |= {item: words.get(item, "") for item in (*moved, *revised)}
        for model in sorted(MODELS):
            for version in sorted(version for name, version in new if name == model):
                where[model, version] = "development"
                files |= registration(model, version)
                numbers[model] += 1
                tags.append(f"{model}@v{version}")
            changes = sorted((version, to) for (name, version), to in moved.items() if name == model)
            for version, _ in changes:
                if where[model, version] != "development":
                    numbers[model] += 1
                    tags.append(f"{model}#{where[model, version]}!#{numbers[model]}")
            stays = [(version, where[name, version]) for name, version in revised if name == model]
            for version, to in sorted([*changes, *stays]):
                where[model, version] = to
                if to != "development":
                    numbers[model] += 1
                    tags.append(f"{model}#{to}#{numbers[model]}")
            set_anew = {alias: to for (name, alias), to in pointed.items() if name == model}
            for called_for in _told_of_aliases(model, set_anew, aliases, where):
                numbers[model] += 1
                tags.append(f"{model}#{called_for}#{numbers[model]}")
            if changes or stays or set_anew:
                files[f"registry/{model}/stages.yaml"] = _table(model, where, revisions, aliases, said)
        if broken:
            history.commit({f"registry/{model}/stages.yaml": "staging: [" for model in MODELS})
            files |= {
                f"registry/{model}/stages.yaml": _table(model, where, revisions, aliases, said)
                for model in MODELS
            }
        history.commit(files, at=second)
    return tags


def _told_of_aliases(
    model: str,
    set_anew: Mapping[str, Pointer | None],
    aliases: dict[tuple[str, str], Pointer],
    where: Mapping[tuple[str, str], str],
) -> list[str]:
    """Point the model's aliases anew, and return what tags say of it: of versions that are registered, and
    of aliases that are on record."""
    left, arrived = [], []
    for alias, new in sorted(set_anew.items()):
        old = aliases.pop((model, alias), None)
        if new is not None:
            aliases[model, alias] = new
        stays = old is not None and new is not None and old[1] and new[1] and old[0] == new[0]
        if old is not None and old[1] and not stays and (model, old[0]) in where:
            left.append(f"{alias}!")
        if new is not None and new[1] and not stays and (model, new[0]) in where:
            arrived.append(alias)
    return [*left, *arrived]


def _table(
    model: str,
    where: Mapping[tuple[str, str], str],
    revisions: Mapping[tuple[str, str], int],
    aliases: Mapping[tuple[str, str], Pointer],
    said: Mapping[tuple[str, str], str],
) -> str:
    held: dict[str, list[str]] = {}
    for (name, version), stage in sorted(where.items()):
        if name == model and stage != "development":
            held.setdefault(stage, []).append(version)
    text = stages(**held)
    for (name, version), revision in revisions.items():
        if name == model:
            text = text.replace(f'"{version}",', f'"{version}", revision: {revision},')
    for (name, version), words in said.items():
        if name == model and words:
            text = text.replace(f'"{version}",', f'"{version}", {words},')
    own = {alias: pointer for (name, alias), pointer in sorted(aliases.items()) if name == model}
    return text + alias_lines(**own)


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(STEP, min_size=1, max_size=5), st.data())
def test_the_trail_tells_the_history_and_does_not_depend_on_when_it_was_recorded(
    steps: list[Step], data: st.DataObject
) -> None:
    with tempfile.TemporaryDirectory() as directory:
        history = new_history(Path(directory) / "all.git")
        expected = play(history, steps)
        shutil.copytree(history.directory, Path(directory) / "steps.git")
        assert [event.tag for event in record(history.repository)] == expected

        trail = recorded_trail(history.repository)
        derived = list(derive(history.repository, landed_changes(history.repository, "main"), {}))
        assert [trail.tags[name].event for name in expected] == derived
        for model in MODELS:
            moments = [event.recorded_at for event in derived if event.model == model]
            assert moments == sorted(set(moments))

        other = History(Path(directory) / "steps.git")
        commits = git(other.directory, "rev-list", "--reverse", "--first-parent", "main").split()
        stops = data.draw(st.sets(st.sampled_from(commits), max_size=2))
        for commit in [*(commit for commit in commits if commit in stops), commits[-1]]:
            git(other.directory, "update-ref", "refs/heads/main", commit)
            record(other.repository)
        assert other.tags() == history.tags()
