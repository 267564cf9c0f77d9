"""More of what a stranger writes makes no rule work more than its share: counted, line by line.

What one call into C does, such as a regular expression, is not seen here; see `test_bounded_work.py`.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import rollbook.check.rules
from rollbook.check.judge import check_push

from .desk import (
    MODEL,
    POLICY,
    STAGES,
    V1,
    Desk,
    entry,
    evidence_text,
    model_files,
    model_text,
    pointer_text,
    policy_text,
    version_files,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import CodeType, FrameType

    from .desk import File

    Shape = Callable[[int], Mapping[str, File]]

# Below the limits of the schemas, where a quick answer becomes a long one; above what is asked path by path.
ITEMS, FILES = (20, 40, 80), (70, 140, 280)
RULES = """\
naming: {pattern: "{team}-{x}"}
dvc_artifacts: true
retention: {keep_unpromoted: 1}
gates:
  - {gate: model-card, to: [staging], sections: [Use]}
  - {gate: required-fields, to: [staging], fields: [card.x, signature.inputs], pinned: true, clean_code: true}
  - {gate: approvals, to: [staging], count: 1}
"""
MOVED = f"staging:\n  - {entry('1.0.0')}\n"


REMOVED = (Path(__file__).parents[1] / "schema/examples/removed.yaml").read_text()


def many(write: Callable[[int], str]) -> Callable[[int], str]:
    return lambda size: "".join(write(number) for number in range(size))


def spread(write: Callable[[int], Mapping[str, File]]) -> Shape:
    return lambda size: {path: text for number in range(size) for path, text in write(number).items()}


def approvals(count: int) -> str:
    signed = "at: 2026-01-01T00:00:00Z, signature: x"
    return f", approvals: [{many(lambda n: f'{{by: b{n}@example.com, {signed}}}, ')(count)}]"


def old_tag(number: int) -> str:
    return (
        f"- {{tag: old@v1.{number}.0, object: c{number:039x}, commit: {'a' * 40}, action: registered, "
        f'version: "1.{number}.0", at: 2025-03-01T09:00:00Z, by: jane@example.com, reason: r, path: m}}\n'
    )


def cased(number: int) -> str:
    return "".join(
        letter.upper() if number >> place & 1 else letter for place, letter in enumerate("abcdefgh")
    )


def check(number: int) -> str:
    said = f"check: threshold, name: c{number}, source: s{number}, stages: [x, y{number}], metric: m"
    return f"  - {{{said}, max: 1, min: 2}}\n"


def claim(number: int) -> str:
    """An entry that says the monitor moved it, on evidence of its own."""
    said = f', automatic: {{version: "1.{number}.0", evidence: monitoring-{number + 1}}}'
    return f"  - {entry(f'1.0.{number}', extra=said)}\n"


def despite(count: int) -> str:
    named = many(lambda number: f"monitoring-{number + 1}, ")(count)
    return f", despite: {{reason: r, evidence: [{named}]}}"


def moved(start: str, write: Callable[[int], str], end: str = "") -> Shape:
    """A card of many of something, of a version that moves to a stage whose gates read it."""
    return lambda size: {f"{V1}/card.md": start + many(write)(size) + end, STAGES: MOVED}


SHAPES: dict[str, Shape] = {
    "long headings": lambda size: {f"{V1}/card.md": f"# {'a ' * size * 10}\n", STAGES: MOVED},
    "headings": moved("", lambda number: f"# a{number}\ntext\n"),
    "nested headings": moved("", lambda number: f"{'#' * (number % 6 + 1)} a\ntext\n"),
    "links": moved("# Use\n", lambda number: f"[a]({number}) ![b][{number}]\n"),
    "brackets, backticks and asterisks": moved("# Use\n", lambda _: "[[``**__<<(({{\n"),
    "deep lists": moved("# Use\n", lambda number: f"{' ' * (number % 80)}- a\n"),
    "front matter": moved("---\n", lambda number: f"a{number}: [[b, c]]\n", "---\n# Use\ntext\n"),
    "a long line": lambda size: {f"{V1}/card.md": "# Use\n" + "a b " * size * 10, STAGES: MOVED},
    "requirements": lambda size: version_files("1.1.0") | {
        "registry/credit/versions/1.1.0/requirements.txt": many(lambda n: f"a{n}==1 --hash=x\n")(size),
        STAGES: f"staging:\n  - {entry('1.1.0')}\n",
    },
    "approvals": lambda size: {STAGES: f"staging:\n  - {entry('1.0.0', extra=approvals(size))}\n"},
    "entries of one version": lambda size: {STAGES: "staging:\n" + f"  - {entry('1.0.0')}\n" * size},
    "stages": lambda size: {STAGES: many(lambda n: f"s{n}:\n  - {entry(f'1.0.{n}')}\n")(size)},
    "aliases": lambda size: {
        STAGES: "aliases:\n" + many(lambda n: f"  {'av'[n % 2]}1_{n}_0: 1.{n}.0\n")(size)
    },
    "aliases on record": lambda size: {
        STAGES: "aliases:\n" + many(lambda n: f"  a{n}: {entry(f'1.{n}.0')}\n")(size)
    },
    "keys that nobody knows": lambda size: {MODEL: model_text(extra=many(lambda n: f"k{n}: 1\n")(size))},
    "gates": lambda size: {
        MODEL: model_text(extra="gates:\n" + many(lambda _: "  - {gate: soak, to: [x], hours: 1}\n")(size)),
        STAGES: MOVED,
    },
    "stages of the policy": lambda size: {POLICY: policy_text(many(lambda n: f"  - {{name: s{n}}}\n")(size))},
    "checks of production": lambda size: {
        POLICY: policy_text(f"{RULES}monitoring:\n  checks:\n{many(check)(size)}"),
        MODEL: model_text(extra=f"monitoring:\n  checks:\n{many(lambda n: check(n + size))(size)}"),
    },
    "automatic moves": lambda size: {STAGES: "staging:\n" + many(claim)(size)},
    "evidence set aside": lambda size: {
        STAGES: f"staging:\n  - {entry('1.0.0', extra=despite(size))}\n"
    },
    "outputs of a pointer": lambda size: {f"{V1}/model.onnx.dvc": "outs:\n" + "- md5: a\n" * size},
    "old tags": lambda size: {
        "registry/old/model.yaml": model_text("old"),
        "registry/old/origin.yaml": "tool: gto\nname: old\ntags:\n" + many(old_tag)(size),
    },
    "long paths": lambda size: {"registry/" + "a/" * size + "b": "x"},
    "attributes": lambda size: {".gitattributes": "* filter=x\n" * size},
}  # fmt: skip
PLACES: dict[str, Shape] = {
    "entries of dvc.yaml": lambda size: {
        "dvc.yaml": "artifacts:\n" + many(lambda n: f"  a{n}:\n    path: ${{x}}\n")(size)
    },
    "versions": spread(lambda number: version_files(f"1.{number + 1}.0")),
    "models": spread(lambda number: model_files("1.0.0", model=f"m{number}")),
    "models inside of a model": spread(lambda n: {f"registry/credit/m{n}/model.yaml": "x"}),
    "models in two stages": spread(
        lambda n: {f"registry/m{n}/model.yaml": model_text(f"m{n}"), f"registry/m{n}/stages.yaml": MOVED}
    ),
    "strays": spread(lambda number: {f"registry/credit/a/b/x{number}": "x"}),
    "names that differ in case": spread(lambda number: {f"registry/{cased(number)}/x": "x"}),
    "names at the root": spread(lambda number: {f"x{number}": "x"}),
    "links of the file system": spread(lambda number: {f"registry/l{number}": ("120000", b"x")}),
    "pointers": spread(lambda number: {f"{V1}/m{number}.dvc": pointer_text(path=f"m{number}")}),
    "evidence": spread(lambda n: {f"{V1}/evidence/evaluation-{n:08x}.yaml": evidence_text("b" * 64)}),
    "attachments": spread(lambda n: {f"{V1}/evidence/evaluation-{n:08x}/a.dvc": pointer_text()}),
    "removals": spread(lambda n: {f"registry/m{n}/versions/0.3.0/removed.yaml": REMOVED}),
}  # fmt: skip


class Counted:
    """How many lines ran of any Python code, and which functions were called."""

    def __init__(self) -> None:
        self.lines = 0
        self.called: set[CodeType] = set()

    def of(self, work: Callable[..., object], *given: object) -> int:
        self.lines, before = 0, sys.gettrace()
        sys.settrace(self._trace)
        try:
            work(*given)
        finally:
            sys.settrace(before)
        return self.lines

    def _trace(self, frame: FrameType, event: str, _: object) -> Callable[..., object]:
        if event == "call":
            self.called.add(frame.f_code)
        self.lines += event == "line"
        return self._trace


def rules() -> dict[str, CodeType]:
    """The functions of the check's rules that others call."""
    places = pkgutil.iter_modules(rollbook.check.rules.__path__, "rollbook.check.rules.")
    modules = [importlib.import_module(place.name) for place in places]
    return {
        f"{module.__name__}.{name}": found.__code__
        for module in modules
        for name, found in inspect.getmembers(module, inspect.isfunction)
        if found.__module__ == module.__name__ and not name.startswith("_")
    }


def test_each_rule_works_in_proportion_to_what_it_is_given(desk: Desk) -> None:
    files = {POLICY: policy_text(RULES), **model_files("1.0.0")}
    base, counted, wrong = desk.commit(files), Counted(), {}
    for name, shape in (SHAPES | PLACES).items():
        sizes = FILES if name in PLACES else ITEMS
        heads = [desk.commit({**files, **shape(size)}, base) for size in sizes]
        check_push(desk.repository, base, heads[0])  # whatever is imported or kept, is now
        few, more, most = (counted.of(check_push, desk.repository, base, head) for head in heads)
        # Linear work grows by twice as much from the second size to the third, quadratic by four times.
        if name in PLACES:  # all of a registry, for a server's first push
            counted.of(check_push, desk.repository, None, heads[0])
        if most - more > 2.5 * max(more - few, 1_000):
            wrong[name] = (few, more, most)
    assert wrong == {}
    one, another = (
        {STAGES: f"{MOVED}aliases:\n  champion: {entry(version)}\n".replace("because", why)}
        for version, why in (("1.0.0", "because"), ("1.1.0", "why not"))
    )
    standing = desk.commit({**files, **one}, base)
    counted.of(check_push, desk.repository, standing, desk.commit({**files, **another}, standing))
    unasked = {name for name, code in rules().items() if code not in counted.called}
    assert unasked == {"rollbook.check.rules.dvc_entries.drifted_entries"}  # asked by who writes them
