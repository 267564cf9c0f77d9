"""Rules about the names in a registry: twins that differ in case, namespaces, and the naming pattern."""

from __future__ import annotations

import re
from collections import defaultdict
from typing import TYPE_CHECKING

from rollbook import layout
from rollbook.check.finding import Finding
from rollbook.check.rules.path_rules import LONGEST_PATH
from rollbook.layout import folded, meant

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from rollbook.check.document import Document
    from rollbook.check.registry_files import ModelFiles
    from rollbook.records.model import ModelRecord
    from rollbook.records.policy import Policy
    from rollbook.snapshot.snapshot import Snapshot

_FIELD = re.compile(r"\{([a-z_]+)\}")
_NOT_A_WORD = re.compile(r"[^a-z0-9]+")


def root_findings(snapshot: Snapshot) -> Iterator[Finding]:
    """Whether `registry` is a directory, and no name stands in for it, or for what the rules rest on, on any
    file system."""
    (root,) = snapshot.children([""])
    for name, is_directory in root.items():
        if name == layout.ROOT and not is_directory:
            yield Finding(
                "RB105", name, "this is no directory", hint="Make it a directory with a policy.yaml."
            )
        elif (target := meant(name)) != name and (target in root or target.startswith(".")):
            yield _twin(name, target)


def twins(paths: Iterable[str], scope: frozenset[str] | None) -> Iterator[Finding]:
    """Yield the names that differ from another one in the same directory by case or Unicode form only.

    With a `scope` of paths, only groups one of whose names leads to such a path.
    """
    names: dict[tuple[str, str], set[str]] = defaultdict(set)
    seen: set[str] = set()
    for path in paths:
        for place in _upwards(path):
            if place in seen:
                break
            seen.add(place)
            parent, _, name = place.rpartition("/")
            names[parent, folded(name)].add(name)
    alike = {parent: group for parent, group in names.items() if len(group) > 1}
    if not alike:
        return
    concerned = None if scope is None else {place for path in scope for place in _upwards(path)}
    for (parent, _), group in alike.items():
        places = [f"{parent}/{name}" for name in sorted(group)]
        if concerned is None or not concerned.isdisjoint(places):
            first, *others = places
            yield from (_twin(other, first) for other in others)


def _twin(path: str, other: str) -> Finding:
    name = other.rpartition("/")[2]
    is_case = folded(path.rpartition("/")[2]) == folded(name)
    how = f"differs from {name} in case only" if is_case else f"means {name} on Windows or macOS"
    return Finding(
        "RB202",
        path,
        f"the name {how}",
        hint="Remove one of the two: macOS and Windows can't hold both.",
    )


def _upwards(path: str) -> Iterator[str]:
    """Yield a path and the directories above it; nothing of a path that is too long to be legal anyway."""
    while "/" in path and len(path) <= LONGEST_PATH:
        yield path
        path = path.rpartition("/")[0]


def namespace_findings(names: frozenset[str], only: frozenset[str] | None) -> Iterator[Finding]:
    """Yield the names that are a model and a namespace of models at once."""
    for name in sorted(names):
        namespace, slash, _ = name.partition("/")
        if slash and namespace in names and (only is None or not only.isdisjoint([name, namespace])):
            yield Finding(
                "RB210",
                layout.model_directory(namespace),
                f"{namespace} is a model and also the namespace of {name}",
                hint="Give one of them another name.",
            )


def unreachable(document: Document, kind: str, name: str, *key: str | int) -> Finding:
    """Return the warning about a stage or an alias, at its key, that `@` takes for a version."""
    return document.finding(
        "RB217",
        f"`@{name}` means a version; the {kind} of that name is reached by `#{name}` only",
        *key,
        hint="Give it a name that does not look like a version.",
        severity="warning",
    )


def pattern_findings(model: ModelFiles, policy: Policy, *, new: bool) -> Iterator[Finding]:
    """Whether a model's name follows the policy's pattern: an error for a new model, a warning for others.

    `{team}` and `{task}` stand for what model.yaml says, in lower case and with `-` between words; any other
    field, such as `{algorithm}`, for any text. A pattern without `/` speaks of the name without its
    namespace. Upper and lower case count as the same.
    """
    record = model.record
    if not policy.model_pattern or record is None or model.record_file is None:
        return
    reason = _mismatch(model.name, policy.model_pattern, record)
    if reason:
        yield model.record_file.finding(
            "RB209",
            f"the model's name does not follow the pattern {policy.model_pattern}: {reason}",
            "name",
            hint="Register the model under a name that does.",
            severity="error" if new else "warning",
        )


def _mismatch(name: str, pattern: str, record: ModelRecord) -> str:
    fields = {"team": record.team, "task": record.task}
    needed = [field for field in _FIELD.findall(pattern) if not fields.get(field, "any")]
    if needed:
        return f"model.yaml gives no {needed[0]}"
    text = name if "/" in pattern else name.rpartition("/")[2]
    filled = _FIELD.sub(lambda match: _slug(fields[match[1]]) if match[1] in fields else "\0", pattern)
    parts, expected_parts = text.lower().split("/"), filled.lower().split("/")
    matches = len(parts) == len(expected_parts) and all(map(_matches, parts, expected_parts))
    return "" if matches else f"{filled.replace(chr(0), '...')} is expected"


def _slug(text: str) -> str:
    return _NOT_A_WORD.sub("-", text.lower()).strip("-")


def _matches(text: str, pattern: str) -> bool:
    """Whether `text` is `pattern`, where each NUL stands for one character or more.

    Takes each fixed piece at its first place, so that no pattern makes it slow.
    """
    first, *middle = pattern.split("\0")
    if not middle:
        return text == first
    last = middle.pop()
    if not text.startswith(first) or not text.endswith(last):
        return False
    position, end = len(first), len(text) - len(last)
    for piece in middle:
        start = text.find(piece, position + 1, end)
        if start < 0:
            return False
        position = start + len(piece)
    return position < end
