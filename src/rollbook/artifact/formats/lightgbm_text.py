"""What a LightGBM model says of itself, as text or as the JSON of `dump_model`.

The layout is what `GBDT::SaveModelToString` in LightGBM's `src/boosting/gbdt_model_text.cpp` writes: lines
of `key=value`, a blank line, then one block for each tree, as long as `tree_sizes` tells, and
`end of trees`. The Python package adds a line `pandas_categorical:`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, BinaryIO

from rollbook.artifact.formats.bounded_json import read_json
from rollbook.artifact.formats.contents import Broken, Contents
from rollbook.artifact.formats.json_outline import LeftOut, json_outline
from rollbook.records.signature import Column

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rollbook.artifact.formats.artifact_bytes import ArtifactBytes
    from rollbook.artifact.formats.contents import Fact, Scalar

_END = b"end of trees"
_MOST_HEAD = 64 << 20  # bytes
_MOST_LINES = 1_000  # before the trees
_MOST_FEATURES = 1_000_000  # and trees
_MOST_TAIL = 16 << 20  # bytes
_BLOCK = 1 << 20
# LightGBM's own names, where the data had none: `Column_0`, ...
_NUMBERED = "Column_"
_JSON_SIZE = 4 << 30  # bytes
_JSON_LARGE = frozenset(["tree_info", "values", "feature_importances", "monotone_constraints"])
_PARAMETERS = re.compile(
    rb"^\[(boosting|learning_rate|linear_tree|num_iterations|num_leaves|max_depth): (.*)\]$", re.MULTILINE
)
_CATEGORICAL = re.compile(rb"^\[categorical_feature: ([0-9]{1,9}(?:,[0-9]{1,9})*)\]$", re.MULTILINE)
_KINDS = {"[": "numerical", "n": "unused"}  # by the first letter
_CATEGORIES = re.compile(rb"^pandas_categorical:(.*)$", re.MULTILINE)


def read(artifact: ArtifactBytes) -> Contents:
    """Read a model in text. Raises Broken where it is cut off, or has other trees than it says."""
    with artifact.open() as file:
        head = _head(file)
        trees = head.get("tree_sizes", "").split()
        size = _sum(trees)
        start = file.tell()
        if "tree_sizes" in head:
            file.seek(start + size)
            if file.read(len(_END)) != _END:
                raise Broken(f"its {len(trees):,} trees do not end at byte {start + size:,}, as it says")
        else:
            _seek_end(file)
        file.seek(max(file.tell(), artifact.size() - _MOST_TAIL))
        tail = file.read(_MOST_TAIL)
    names, infos = head.get("feature_names", "").split(), head.get("feature_infos", "").split()
    features = _whole(head, "max_feature_idx") + 1
    if len(names) != features or (infos and len(infos) != features):
        raise Broken(f"it names {len(names):,} features and describes {len(infos):,}, and says {features:,}")
    kinds = _kinds(infos, tail)
    texts = _texts(tail, kinds.count("categorical"))
    parameters = _PARAMETERS.findall(tail)
    facts = {
        **_facts(head, names, kinds, len(trees)),
        **{key.decode(): _scalar(value.decode("utf-8", "replace")) for key, value in parameters},
    }
    return Contents(facts, {"name": "lightgbm"}, _inputs(names, kinds, texts))


def read_dump(artifact: ArtifactBytes) -> Contents:
    """Read the JSON of a model, which LightGBM writes and does not read. Raises Broken where it is cut."""
    remark = "It is the dump of a LightGBM model, for people to read: LightGBM itself does not load it."
    if (size := artifact.size()) > _JSON_SIZE:
        return Contents(remarks=(remark, f"It has {size:,} bytes; up to {_JSON_SIZE:,} are read."))
    with artifact.open() as file:
        document = json_outline(file, _JSON_LARGE)
    if not isinstance(document, dict) or not isinstance(document.get("feature_names"), list):
        raise Broken("it names no features")
    names = [str(name) for name in document["feature_names"]]
    trees = document.get("tree_info")
    head = {key: str(document.get(key, "")) for key in ("version", "objective", "num_class")}
    facts = _facts(head, names, [], trees.objects if isinstance(trees, LeftOut) else 0)
    return Contents(facts, {"name": "lightgbm"}, remarks=(remark,))


def _head(file: BinaryIO) -> dict[str, str]:
    """Return the lines before the trees, and stand behind them and the blank line that ends them."""
    found: dict[str, str] = {}
    left = _MOST_HEAD
    for _ in range(_MOST_LINES):
        line = file.readline(left)
        left -= len(line)
        if not line:
            raise Broken("it is cut off before its trees" if left else "there is too much before its trees")
        if line.count(b" ") > _MOST_FEATURES:
            raise Broken(f"one of its lines has more than {_MOST_FEATURES:,} entries")
        text = line.decode("utf-8", "replace").rstrip("\n")
        if not text and len(found) > 1:
            return found
        key, _, value = text.partition("=")
        found[key] = value
    raise Broken(f"it has more than {_MOST_LINES:,} lines before its trees")


def _sum(sizes: list[str]) -> int:
    total = 0
    for size in sizes:
        if not re.fullmatch(r"[0-9]{1,15}", size):
            raise Broken(f"the size of a tree is {size[:80]!r}")
        total += int(size)
    return total


def _seek_end(file: BinaryIO) -> None:
    """Stand behind the trees of a model that does not tell their sizes. Raises Broken for no end."""
    before = b""
    while block := file.read(_BLOCK):
        window = before + block
        if (at := window.find(b"\n" + _END)) >= 0:
            file.seek(at + 1 + len(_END) - len(window), 1)
            return
        before = window[-len(_END) :]
    raise Broken("it is cut off: its trees have no end")


def _whole(head: Mapping[str, str], key: str) -> int:
    text = head.get(key, "")
    if not re.fullmatch(r"-?[0-9]{1,9}", text):
        raise Broken(f"its {key} is {text[:80]!r}")
    return int(text)


def _kinds(infos: list[str], tail: bytes) -> list[str]:
    """Return of what kind each feature is: by the parameters, else by `feature_infos`, which tells for each
    a range, categories, or that no tree can use it."""
    kinds = [_KINDS.get(info[:1], "categorical") for info in infos]
    if found := _CATEGORICAL.search(tail):
        for place in map(int, found.group(1).split(b",")):
            if place < len(kinds):
                kinds[place] = "categorical"
    return kinds


def _texts(tail: bytes, categorical: int) -> list[bool]:
    """Return for each categorical feature whether its categories are texts; empty where none can tell."""
    found = _CATEGORIES.search(tail)
    if found is None:
        return []
    lists = read_json(found.group(1), "the list of categories")
    if not isinstance(lists, list) or len(lists) != categorical:
        return []
    return [isinstance(entries, list) and any(isinstance(one, str) for one in entries) for entries in lists]


def _scalar(text: str) -> Scalar:
    if re.fullmatch(r"-?[0-9]{1,15}", text):
        return int(text)
    return float(text) if re.fullmatch(r"[0-9]{1,9}\.[0-9]{1,20}", text) else text


def _facts(head: Mapping[str, str], names: list[str], kinds: list[str], trees: int) -> dict[str, Fact]:
    told: list[tuple[str, Any]] = [
        ("format_version", head.get("version", "")),
        ("objective", head.get("objective", "")),
        ("classes", _scalar(head.get("num_class", "")) if head.get("num_class") != "1" else 0),
        ("features", len(names)),
        ("trees", trees),
    ]
    categorical: list[Scalar] = [
        name for name, kind in zip(names, kinds, strict=False) if kind == "categorical"
    ]
    unused: list[Scalar] = [name for name, kind in zip(names, kinds, strict=False) if kind == "unused"]
    facts: dict[str, Fact] = {key: value for key, value in told if value}
    return {
        **facts,
        **({"averaged": True} if "average_output" in head else {}),
        **({"categorical": categorical} if categorical else {}),
        **({"unused": unused} if unused else {}),
    }


def _inputs(names: list[str], kinds: list[str], texts: list[bool]) -> tuple[Column, ...] | None:
    """Return a column for each name; one tensor where LightGBM made the names. It computes with float64."""
    if not names:
        return None
    if all(name == f"{_NUMBERED}{place}" for place, name in enumerate(names)):
        return (Column("input", "float64", (-1, len(names))),)
    are_texts = iter(texts)
    columns = []
    for name, kind in zip(names, kinds or [""] * len(names), strict=True):
        is_text = kind == "categorical" and next(are_texts, False)
        columns.append(Column(name, "string" if is_text else "float64", (-1,)))
    return tuple(columns)
