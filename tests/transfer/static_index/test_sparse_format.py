"""The reference of the format names the keys that there are."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from building.model_files import safetensors
from rollbook.transfer.static_index.document_json import encode, parse_model

if TYPE_CHECKING:
    from collections.abc import Iterator

    from building.world import World

PAGE = Path(__file__).resolve().parents[3] / "docs" / "reference" / "index-format.md"
# What only some registries have.
RARE = {"versions[].files", "versions[].removed", "versions[].error", "stages[].traffic", "default_alias"}
# Names that are the registry's or an artifact's, not the format's.
ITS_OWN = ("files", "aliases", "remote.settings", "versions[].contents")


def _keys(value: Any, prefix: str = "") -> Iterator[str]:
    if isinstance(value, dict) and prefix not in ITS_OWN:
        for key, inner in value.items():
            path = f"{prefix}.{key}" if prefix else key
            yield path
            yield from _keys(inner, path)
    elif isinstance(value, list):
        for inner in value:
            yield from _keys(inner, f"{prefix}[]")


def _documented() -> dict[str, set[str]]:
    sections = re.split(r"^## `(.+)`$", PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]
    return {
        name: set(re.findall(r"^\| `([^`]+)` \|", text, re.MULTILINE))
        for name, text in zip(sections[::2], sections[1::2], strict=True)
    }


def test_each_document_has_the_keys_that_the_reference_names(world: World) -> None:
    config = world.registry / ".dvc" / "config"
    text = config.read_text()
    requirements = world.root / "requirements.txt"
    requirements.write_text("numpy==2.1.3\n")
    world.register("m", "1.0.0", "--requirements", str(requirements), content=safetensors({"w": [2]}))
    world.promote("m@1.0.0", "staging")
    world.promote("m@1.0.0", "production")
    gone = ("--replacement=1.0.0", "--sunset=2999-01-01", "--migration=none")
    world.run("deprecate", "m@1.0.0", "--reason", "old", *gone, "--land")
    config.write_text(re.sub("url = .*", "url = s3://bucket/models", text))
    world.git("commit", "--quiet", "--all", "-m", "Move the artifacts")
    world.git("push", "--quiet", "origin", "main")
    index = world.root / "index"
    world.run("export", "--index", str(index))
    files = [f"models/1/m{ending}" for ending in (".json", ".files.json", ".environments.json")]
    places = ["index.json", *files, "trail/000000.json"]
    documented = _documented()
    assert len(documented) == len(places)
    for place, expected in zip(places, documented.values(), strict=True):
        found = set(_keys(json.loads((index / place).read_text())))
        # A root has the same remote as a model, told there.
        assert {key for key in found if not (place == "index.json" and key.startswith("remote."))} == (
            expected - RARE
        )


def test_an_index_of_before_artifacts_told_their_contents_is_read() -> None:
    told = {"version": "1.0.0", "manifest": "0" * 64, "path": "m.bin", "format": "binary", "size": 7}
    version = {**told, "sha256": "0" * 64, "md5": "0" * 32}
    old = {"model": "m", "commit": "0" * 40, "stage_names": ["development"], "versions": [version]}
    artifact = parse_model(encode(old), "m.json").versions["1.0.0"].artifact
    assert artifact is not None
    assert artifact.contents == {}
