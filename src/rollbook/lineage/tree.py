"""A lineage as a tree for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rollbook.printable import printable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rollbook.lineage.trace import Lineage, Traced
    from rollbook.records.lineage import Code, DataSet

# Parents of parents beyond this are counted on, not shown: a line must fit a screen.
_DEEPEST = 40


def as_tree(lineage: Lineage) -> str:
    """A line for the version and for each thing it came from, each parent with its own below it.

    A parent that stands higher up already is not repeated.
    """
    asked = lineage.asked
    lines = [_head(asked), *_below(lineage, asked, {asked.reference}, "")]
    return "".join(f"{line}\n" for line in lines)


def facts(version: Traced) -> list[tuple[str, str]]:
    """What a version came from but its parents, each as its kind and a text."""
    origin, manifest = version.origin, version.manifest
    framework = " ".join(str(value) for value in manifest.framework.values())
    python = manifest.environment.get("python")
    environment = ", ".join(part for part in (f"python {python}" if python else "", framework) if part)
    found = [("data", _data(item)) for item in origin.data]
    if origin.features:
        found.append(("features", _counted(str(origin.features), origin.features.count, "features")))
    if origin.code:
        found.append(("code", _code(origin.code)))
    if origin.run:
        found.append(("run", _joined(str(origin.run), origin.run.uri)))
    return [*found, ("environment", environment)] if environment else found


def _below(lineage: Lineage, version: Traced, shown: set[str], indent: str) -> Iterator[str]:
    own = [(f"{kind:<11} {printable(text)}", "") for kind, text in facts(version)]
    branches = [*own, *((_parent(lineage, parent, shown), parent) for parent in version.origin.parents)]
    for place, (line, parent) in enumerate(branches, 1):
        last = place == len(branches)
        yield f"{indent}{'└── ' if last else '├── '}{line}"
        if parent in lineage.versions and parent not in shown:
            shown.add(parent)
            deeper = f"{indent}{'    ' if last else '│   '}"
            if len(deeper) <= 4 * _DEEPEST:
                yield from _below(lineage, lineage.versions[parent], shown, deeper)
            else:
                yield f"{deeper}└── ..."


def _parent(lineage: Lineage, parent: str, shown: set[str]) -> str:
    if parent not in lineage.versions:
        return f"{'parent':<11} {printable(parent)}  (not in this registry)"
    if parent in shown:
        return f"{'parent':<11} {printable(parent)}  (see above)"
    return f"{'parent':<11} {_head(lineage.versions[parent])}"


def _head(version: Traced) -> str:
    return f"{version.reference}  {', '.join([version.stage, *version.aliases])}"


def _data(item: DataSet) -> str:
    return _counted(_joined(str(item), item.uri), item.rows, "rows")


def _code(code: Code) -> str:
    return _joined(str(code), code.branch)


def _joined(*parts: str) -> str:
    return "  ".join(part for part in parts if part)


def _counted(text: str, count: int | None, noun: str) -> str:
    return text if count is None else f"{text}  {count:,} {noun}"
