"""What the tests of the contract share: the valid example of each file, and ways to change it."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rollbook.yaml.strict import load

if TYPE_CHECKING:
    from collections.abc import Iterator

EXAMPLES = Path(__file__).parent / "examples"
REPOSITORY = Path(__file__).resolve().parents[2]


def example(name: str) -> Any:
    """The valid example of a file, parsed."""
    return load((EXAMPLES / f"{name}.yaml").read_bytes())


def changed(name: str, /, **fields: Any) -> Any:
    """The valid example of a file with some of its top-level fields set anew."""
    return {**copy.deepcopy(example(name)), **fields}


def subschemas(schema: Any, path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every schema inside a schema, with where it stands. Values of `examples` and the like are none."""
    yield path, schema
    for keyword in ("properties", "$defs"):
        for key, inner in schema.get(keyword, {}).items():
            yield from subschemas(inner, f"{path}/{keyword}/{key}")
    for keyword in ("items", "propertyNames", "additionalProperties", "not"):
        if isinstance(schema.get(keyword), dict):
            yield from subschemas(schema[keyword], f"{path}/{keyword}")
    for index, inner in enumerate(schema.get("oneOf", ())):
        yield from subschemas(inner, f"{path}/oneOf/{index}")
