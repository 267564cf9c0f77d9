from __future__ import annotations

import re
from typing import Any

import jsonschema
import pytest
from contract_examples import REPOSITORY, example, subschemas

from rollbook.errors import BadCall
from rollbook.schema import schemas as contract
from rollbook.schema.explanation import KEYWORDS

ALL = pytest.mark.parametrize("name", contract.SCHEMA_NAMES)
ANNOTATIONS = {"$schema", "$id", "$defs", "$ref", "title", "description", "examples", "default"}
STRUCTURE = {"properties", "items", "propertyNames"}


def judged_alone(name: str, part: dict[str, Any], value: object) -> list[str]:
    whole = {
        "$schema": contract.schema(name)["$schema"],
        "$defs": contract.schema(name).get("$defs", {}),
        **part,
    }
    validator = jsonschema.Draft202012Validator(whole)
    return [error.message for error in validator.iter_errors(value)]


@ALL
def test_a_schema_is_valid_json_schema_2020_12(name: str) -> None:
    schema = contract.schema(name)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert schema["$id"] == f"https://rollbook.dev/schemas/1/{name}.schema.json"
    jsonschema.Draft202012Validator.check_schema(schema)


def test_every_schema_file_has_a_name_and_every_name_a_file() -> None:
    files = {path.name.removesuffix(".schema.json") for path in (REPOSITORY / "schemas").iterdir()}
    assert files == set(contract.SCHEMA_NAMES)


@ALL
def test_the_full_example_is_valid_also_for_a_plain_validator(name: str) -> None:
    assert contract.violations(name, example(name)) == []
    jsonschema.Draft202012Validator(contract.schema(name)).validate(example(name))


@ALL
def test_every_property_has_a_title_a_description_and_examples(name: str) -> None:
    for path, part in subschemas(contract.schema(name)):
        for key, described in part.get("properties", {}).items():
            assert described.get("title"), f"{path}/{key}"
            assert described.get("description"), f"{path}/{key}"
            assert described.get("examples"), f"{path}/{key}"


@ALL
def test_whatever_has_a_pattern_can_be_explained(name: str) -> None:
    for path, part in subschemas(contract.schema(name)):
        if "pattern" in part:
            assert {"title", "description", "examples"} <= part.keys(), path


@ALL
def test_every_example_fits_its_own_place(name: str) -> None:
    for path, part in subschemas(contract.schema(name)):
        for value in part.get("examples", ()):
            assert judged_alone(name, part, value) == [], path


@ALL
def test_an_object_with_fixed_keys_takes_no_others(name: str) -> None:
    for path, part in subschemas(contract.schema(name)):
        if "properties" in part:
            closed = part["additionalProperties"] is False or (name, path) == ("stages", "")
            assert closed, path


@ALL
def test_only_the_top_level_has_room_for_the_team(name: str) -> None:
    places = [
        path for path, part in subschemas(contract.schema(name)) if "extra" in part.get("properties", {})
    ]
    assert places == ([] if name in {"audit-event", "pointer"} else [""])


@ALL
def test_every_text_list_and_map_is_bounded(name: str) -> None:
    for path, part in subschemas(contract.schema(name)):
        kinds = part.get("type", [])
        if "string" in kinds:
            assert {"maxLength", "enum", "const"} & part.keys(), path
        if "array" in kinds:
            assert "maxItems" in part, path
        if "object" in kinds and path and "properties" not in part:
            assert "maxProperties" in part, path


@ALL
def test_a_pattern_speaks_of_the_whole_text_in_ascii_terms(name: str) -> None:
    for path, part in subschemas(contract.schema(name)):
        if pattern := part.get("pattern"):
            assert pattern.startswith("^"), path
            assert pattern.endswith("$"), path
            # `\d` and `\w` mean more in Python than in ECMA-262; a literal `$` would be taken for the anchor.
            assert not re.search(r"\\[dDwWsSbB$]|\[[^\]]*\$", pattern), path


@ALL
def test_every_keyword_in_use_has_an_explanation(name: str) -> None:
    used = {keyword for _, part in subschemas(contract.schema(name)) for keyword in part}
    assert used - ANNOTATIONS - STRUCTURE <= KEYWORDS


def test_a_definition_is_the_same_in_every_schema() -> None:
    seen: dict[str, object] = {}
    for name in contract.SCHEMA_NAMES:
        for key, definition in contract.schema(name).get("$defs", {}).items():
            assert seen.setdefault(key, definition) == definition, f"{key} in {name}"


@pytest.mark.parametrize("name", ["nothing", "../pyproject", ""])
def test_an_unknown_schema_is_refused(name: str) -> None:
    with pytest.raises(BadCall, match="no schema"):
        contract.schema_text(name)
    with pytest.raises(BadCall, match="no schema"):
        contract.violations(name, {})


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("policy", "registry/policy.yaml"),
        ("stages", "registry/risk/credit-approval/stages.yaml"),
        ("evidence", "registry/credit-approval/versions/1.2.0/evidence/fairness-1.yaml"),
        ("notes", "notes.yaml"),
    ],
)
def test_the_schema_line_leads_from_the_file_to_an_existing_schema(name: str, path: str) -> None:
    line = contract.schema_line(name, path)
    target = line.removeprefix("# yaml-language-server: $schema=")
    assert target != line
    assert ((REPOSITORY / path).parent / target).resolve() == REPOSITORY / "schemas" / f"{name}.schema.json"
    assert (REPOSITORY / "schemas" / f"{name}.schema.json").is_file()


def test_importing_the_contract_does_not_import_the_validator() -> None:
    import subprocess
    import sys

    code = "import sys, rollbook.schema.schemas; sys.exit('jsonschema' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
