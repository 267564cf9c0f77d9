"""What the artifacts of a takeover say of themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from building.model_files import safetensors
from rollbook.yaml.strict import load

if TYPE_CHECKING:
    from .gto_world import Team

WEIGHTS = safetensors({"w": [2, 3]})


def registered(team: Team, content: bytes) -> None:
    from gto.api import register

    team.write("dvc.yaml", "artifacts:\n  credit:\n    path: credit.safetensors\n")
    team.write("credit.safetensors", content)
    team.commit()
    team.gto(register, "credit", "HEAD", "v1.0.0")
    team.push()


def artifact(team: Team) -> Any:
    manifest = load((team.root / "registry/credit/versions/1.0.0/version.yaml").read_bytes())
    return manifest["artifact"]


def test_a_version_that_is_taken_over_says_what_its_artifact_says(team: Team) -> None:
    registered(team, WEIGHTS)
    team.world.run("import", "gto", "--land")
    assert artifact(team)["contents"]["dtypes"] == {"F32": 1}


def test_a_broken_artifact_was_registered_once_so_it_is_taken_over_and_remarked(team: Team) -> None:
    registered(team, WEIGHTS[:-1])
    ran = team.world.run("import", "gto", "--land")
    assert "warning: credit@1.0.0: is broken: by its format, safetensors, " in ran.err
    assert "contents" not in artifact(team)
    team.world.run("fetch", "credit@1.0.0", "-o", str(team.world.root / "got"))
    assert (team.world.root / "got").read_bytes() == WEIGHTS[:-1]
