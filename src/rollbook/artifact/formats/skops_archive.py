"""What a skops file says of itself: https://skops.readthedocs.io/en/stable/persistence.html.

It is a zip archive of arrays and of `schema.json`, a tree of nodes. Each names the type that loading it
makes, `__module__` and `__class__`, and how, `__loader__`.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from rollbook.artifact.formats.archive_members import opened_archive
from rollbook.artifact.formats.bounded_json import read_json_object
from rollbook.artifact.formats.contents import Contents
from rollbook.records.signature import Column

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from rollbook.artifact.formats.artifact_bytes import ArtifactBytes
    from rollbook.artifact.formats.contents import Fact

_SCHEMA = "schema.json"
_MOST_SCHEMA = 64 << 20  # bytes
_LONGEST_VALUE = 1000  # characters
_MOST_FEATURES = 1_000_000
_KNOWN_PACKAGES = frozenset(["numpy", "scipy", "sklearn"])
_KNOWN_TYPES = frozenset(
    [
        *("bool", "bytearray", "bytes", "complex", "dict", "float", "frozenset", "int", "list", "map"),
        *("range", "set", "slice", "str", "tuple", "type", "NoneType"),
    ]
)
_KNOWN_ELSEWHERE = frozenset(["collections.OrderedDict", "collections.defaultdict"])
# Loaders that fetch a function by its name, not a type. What those do, nobody knows by a package's name.
_FUNCTIONS = frozenset(["FunctionNode", "MethodNode", "OperatorFuncNode", "PartialNode"])
# Where rows may hold other than numbers.
_OTHER_THAN_NUMBERS = (
    *("sklearn.compose", "sklearn.feature_extraction", "sklearn.impute", "sklearn.preprocessing._encoders"),
    *("sklearn.preprocessing._function_transformer", "sklearn.preprocessing._target_encoder"),
)


def read(artifact: ArtifactBytes) -> Contents:
    """Read the types that a file names, and its features. Raises Broken where the archive is damaged, or its
    schema is no tree of nodes within bounds."""
    with opened_archive(artifact) as archive:
        schema = read_json_object(archive.read(_SCHEMA, _MOST_SCHEMA), _SCHEMA)
        remarks = [*archive.remarks()]
        arrays = sum(name != _SCHEMA for name in archive.names)
    types = sorted({name for name, _ in _types(schema)})
    untrusted = untrusted_types(schema)
    if untrusted:
        remarks.append(
            "skops loads it only when it is told to trust what is not scikit-learn's, NumPy's or SciPy's:"
            f" {', '.join(untrusted[:10])}."
        )
    protocol, version = schema.get("protocol"), schema.get("_skops_version")
    features = _features(schema)
    names = _feature_names(schema)
    facts: dict[str, Fact] = {
        "class": _type_name(schema),
        "types": [*types],
        **({"untrusted_types": [*untrusted]} if untrusted else {}),
        **({"protocol": protocol} if type(protocol) is int else {}),
        **({"skops": version} if isinstance(version, str) else {}),
        "arrays": arrays,
        **({"features": features} if features else {}),
        **({"feature_names": [*names]} if names else {}),
    }
    versions = {str(value) for value in _values(schema, "_sklearn_version")}
    told = {"version": versions.pop()} if len(versions) == 1 else {}
    inputs = None if untrusted else _inputs(types, features, names)
    return Contents(facts, {"name": "scikit-learn", **told}, inputs, remarks=tuple(remarks))


def untrusted_types(schema: Any) -> tuple[str, ...]:
    """Return the types and functions that a schema names which are neither Python's plain types, nor types
    of scikit-learn, NumPy and SciPy. It is a first look: what skops itself trusts is a longer list."""
    found: dict[str, None] = {}
    for name, loader in _types(schema):
        module, _, kind = name.rpartition(".")
        is_known_type = module.partition(".")[0] in _KNOWN_PACKAGES or name in _KNOWN_ELSEWHERE
        is_known = kind in _KNOWN_TYPES if module == "builtins" else is_known_type
        if not is_known or loader in _FUNCTIONS:
            found[name] = None
    return tuple(sorted(found))


def _nodes(schema: Any) -> Iterator[Mapping[str, Any]]:
    rest = [schema]
    while rest:
        value = rest.pop()
        if isinstance(value, dict):
            if "__class__" in value or "__module__" in value:
                yield value
            rest += value.values()
        elif isinstance(value, list):
            rest += value


def _types(schema: Any) -> Iterator[tuple[str, str]]:
    for node in _nodes(schema):
        yield _type_name(node), str(node.get("__loader__"))


def _type_name(node: Mapping[str, Any]) -> str:
    return f"{node.get('__module__')}.{node.get('__class__')}"


def _attributes(node: Any) -> Mapping[str, Any]:
    """Return the nodes of an object's attributes, by their names."""
    for _ in range(2):  # the object has a dict, which has them
        node = node.get("content") if isinstance(node, dict) else None
    return node if isinstance(node, dict) else {}


def _value(node: Any) -> Any:
    """Return the number or text that a node holds as JSON."""
    if not isinstance(node, dict) or node.get("__loader__") != "JsonNode":
        return None
    text = node.get("content")
    try:
        value = json.loads(text) if isinstance(text, str) and len(text) < _LONGEST_VALUE else None
    except ValueError:
        return None
    return value if type(value) in (int, str) else None


def _values(schema: Any, attribute: str) -> Iterator[Any]:
    for node in _nodes(schema):
        if attribute in (inner := _attributes(node)) and (value := _value(inner[attribute])) is not None:
            yield value


def _first_estimator(node: Any) -> Mapping[str, Any]:
    """Return the attributes of what rows are handed to: the first step of a pipeline, the best of a search,
    else the object."""
    attributes = _attributes(node)
    for _ in range(10):
        if "n_features_in_" in attributes:
            break
        steps = _entries(attributes.get("steps"))
        pair = _entries(steps[0]) if steps else []
        attributes = _attributes(pair[-1] if pair else attributes.get("best_estimator_"))
    return attributes


def _entries(node: Any) -> list[Any]:
    """Return the nodes in one of a list or a tuple."""
    entries = node.get("content") if isinstance(node, dict) else None
    return entries if isinstance(entries, list) else []


def _features(schema: Any) -> int:
    number = _value(_first_estimator(schema).get("n_features_in_"))
    return number if type(number) is int and 0 < number <= _MOST_FEATURES else 0


def _feature_names(schema: Any) -> list[str]:
    names = [_value(entry) for entry in _entries(_first_estimator(schema).get("feature_names_in_"))]
    return [str(name) for name in names] if all(name is not None for name in names) else []


def _inputs(types: list[str], features: int, names: list[str]) -> tuple[Column, ...] | None:
    """Return a column for each name, or one tensor; None where rows may hold other than numbers, and for what
    is not told."""
    if any(name.startswith(_OTHER_THAN_NUMBERS) for name in types) or not features:
        return None
    if not names:
        return (Column("input", "float64", (-1, features)),)
    return tuple(Column(name, "float64", (-1,)) for name in names) if len(names) == features else None
