"""Write the pages of the reference that follow from the code, so that they never go stale.

python docs/generate.py            write them
python docs/generate.py --check    exit with 1 when one of them is stale
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rollbook import contract, layout

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

ROOT = Path(__file__).resolve().parents[1]
EXAMPLES = ROOT / "tests" / "contract" / "examples"

_LONGEST_EXAMPLE = 70
_FILES_HEAD = """\
# The files of a registry

<!-- Written by docs/generate.py from schemas/*.schema.json: edit those. -->

Every YAML file of a registry follows a JSON Schema (2020-12) in `schemas/`. A key that is not listed here is
refused; what is a team's own goes under `extra:`. Write times in RFC 3339 with a zone, and quote text that
looks like a number: `"1.10"`, not `1.10`. A nested key is written with dots; `[]` stands for each item of a
list, `[kind]` for those items of that kind, and `<...>` for a name of the author's choice.
"""

# Where each file stands, for the example model. An audit event stands in no file.
_VERSION = layout.version_directory("credit-approval", "1.2.0")
_PLACES = {
    "policy": layout.POLICY,
    "model": layout.model_path("credit-approval"),
    "stages": layout.stages_path("credit-approval"),
    "version": layout.manifest_path("credit-approval", "1.2.0"),
    "notes": f"{_VERSION}/notes.yaml",
    "evidence": f"{_VERSION}/evidence/fairness-1.yaml",
    "card": f"{_VERSION}/card.md",
    "pointer": layout.pointer_path("credit-approval", "1.2.0", "model.onnx"),
}

_TYPES = {
    "string": "text",
    "integer": "whole number",
    "number": "number",
    "boolean": "true or false",
    "array": "list",
    "object": "map",
    "null": "null",
}


def files_page() -> str:
    """The reference of all files, from their schemas."""
    return "\n".join([_FILES_HEAD, *(_file_section(name) for name in contract.SCHEMA_NAMES)])


def _file_section(name: str) -> str:
    schema = contract.schema(name)
    rows = "\n".join(_row(*field) for field in _fields(schema, schema, ""))
    return f"""\
## {schema["title"]}

{schema["description"]}

{_standing(name)} Schema: [`{name}.schema.json`](../../schemas/{name}.schema.json).

| Field | Type | Required | Meaning | Example |
| --- | --- | --- | --- | --- |
{rows}

{_full_example(name)}"""


def _standing(name: str) -> str:
    if name not in _PLACES:
        return "It stands in no file: it is the JSON form of one audit tag."
    kind = layout.place(_PLACES[name]).kind
    if kind is layout.Kind.STRAY:
        raise AssertionError(f"the layout has no room for {_PLACES[name]}")
    rule = "Write-once: it is never edited." if kind in layout.WRITE_ONCE else "It may be edited."
    return f"It stands at `{_PLACES[name]}`, for example. {rule}"


def _full_example(name: str) -> str:
    text = (EXAMPLES / f"{name}.yaml").read_text(encoding="utf-8")
    if name == "card":
        text = f"---\n{text}---\n\n# Credit approval\n"
    language = "json" if text.startswith("{") else "yaml"
    return f"```{language}\n{text}```\n"


Field = tuple[str, "Mapping[str, Any]", bool]


def _fields(root: Mapping[str, Any], schema: Mapping[str, Any], prefix: str) -> Iterator[Field]:
    """Every field of an object and inside it: its dotted name, its schema, whether it is required."""
    if isinstance(schema.get("additionalProperties"), dict):
        noun = _plain(root, schema["propertyNames"])["title"].lower()
        inner = _plain(root, schema["additionalProperties"])
        yield from _field(root, f"{prefix}<{noun}>", inner, required=False)
    for key, described in schema.get("properties", {}).items():
        required = key in schema.get("required", ())
        yield from _field(root, f"{prefix}{key}", _plain(root, described), required=required)


def _field(
    root: Mapping[str, Any], name: str, schema: Mapping[str, Any], *, required: bool
) -> Iterator[Field]:
    yield name, schema, required
    yield from _inner(root, name, schema)


def _inner(root: Mapping[str, Any], name: str, schema: Mapping[str, Any]) -> Iterator[Field]:
    yield from _fields(root, schema, f"{name}.")
    for branch in (_plain(root, part) for part in schema.get("oneOf", ())):
        if "properties" in branch:
            yield from _fields(root, branch, f"{_of_kind(name, branch)}.")
    if "items" in schema:
        yield from _inner(root, f"{name}[]", _plain(root, schema["items"]))


def _of_kind(name: str, branch: Mapping[str, Any]) -> str:
    """`gates[]` as `gates[metric-threshold]`, where a constant in the branch names its kind."""
    kinds = [field["const"] for field in branch["properties"].values() if "const" in field]
    return f"{name.removesuffix('[]')}[{kinds[0]}]" if kinds else name


def _plain(root: Mapping[str, Any], schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """`schema` with what its `$ref` points to filled in; its own words stay."""
    if "$ref" not in schema:
        return schema
    target = _plain(root, root["$defs"][schema["$ref"].removeprefix("#/$defs/")])
    return {**target, **{key: value for key, value in schema.items() if key != "$ref"}}


def _row(name: str, schema: Mapping[str, Any], required: bool) -> str:
    cells = [
        _code(name),
        _type(schema),
        "yes" if required else "",
        _text(schema["description"]),
        _example(schema),
    ]
    return f"| {' | '.join(cells)} |"


def _type(schema: Mapping[str, Any]) -> str:
    if "oneOf" in schema:
        return "map or list" if len(schema["oneOf"]) > 1 else "map"
    if "enum" in schema:
        return "one of " + ", ".join(_code(str(word)) for word in schema["enum"])
    names = schema["type"]
    return " or ".join(_TYPES[name] for name in ([names] if isinstance(names, str) else names))


def _example(schema: Mapping[str, Any]) -> str:
    text = json.dumps(schema["examples"][0], ensure_ascii=False)
    return _code(text) if len(text) <= _LONGEST_EXAMPLE else "see below"


def _code(text: str) -> str:
    return f"`{_text(text)}`"


def _text(text: str) -> str:
    return text.replace("|", "\\|")


PAGES: dict[str, Callable[[], str]] = {
    "docs/reference/files.md": files_page,
}


def stale_pages() -> list[str]:
    """The pages that differ from what would be written now."""
    return [path for path, page in PAGES.items() if _written(ROOT / path) != page()]


def _written(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.is_file() else ""


def main(arguments: list[str]) -> int:
    if arguments == ["--check"]:
        stale = stale_pages()
        for path in stale:
            sys.stderr.write(f"{path} is stale: run python docs/generate.py\n")
        return 1 if stale else 0
    if arguments:
        sys.stderr.write(f"{__doc__}\n")
        return 2
    for path, page in PAGES.items():
        (ROOT / path).parent.mkdir(parents=True, exist_ok=True)
        (ROOT / path).write_text(page(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
