"""Which models and versions `list` is asked for, in which order, and how they look on a terminal."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from building.terminal import on_terminal
from building.texts import POLICY, manifest, model
from building.work_tree import new_repository, write
from building.world import git, rollbook
from rollbook import BadCall, Federation, NotFound, Registry

if TYPE_CHECKING:
    from pathlib import Path


def made(name: str, version: str, at: str, extra: str = "") -> dict[str, str]:
    text = manifest(name, version, extra)
    created = next(line for line in text.splitlines() if line.startswith("created_at:"))
    return {f"registry/{name}/versions/{version}/version.yaml": text.replace(created, f"created_at: {at}")}


FILES = {
    "registry/policy.yaml": POLICY,
    "registry/credit/model.yaml": model("credit", "team: risk\ntask: classification\ntags: {tier: gold}\n"),
    **made("credit", "1.0.0", "2026-01-01T00:00:00Z", "tags: {run: a}\n"),
    **made("credit", "1.1.0", "2026-03-01T00:00:00Z"),
    **made("credit", "1.2.0", "2026-02-01T00:00:00Z", "tags: {run: b}\n"),
    "registry/credit/versions/1.1.0/notes.yaml": "tags: {run: b, kept: yes}\n",
    "registry/credit/stages.yaml": "production: {version: 1.1.0}\narchived: [{version: 1.0.0}]\n",
    "registry/fraud/model.yaml": "name: fraud\nowner: Bob@example.com\nteam: risk\ntags: {tier: tin}\n",
    **made("fraud", "1.0.0", "2026-01-15T00:00:00Z"),
    "registry/fraud/stages.yaml": "staging: {version: 1.0.0}\n",
    "registry/search/model.yaml": "name: search\nowner: amy@example.com\n",
    **made("search", "0.1.0", "2026-04-01T00:00:00Z"),
    "registry/empty/model.yaml": "name: empty\nowner: amy@example.com\n",
}


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return new_repository(tmp_path_factory.mktemp("filters") / "work", FILES)


def names(root: Path, *options: str) -> list[str]:
    """The models, or versions, that are listed; the same as JSON and as a table, again and again."""
    ran = rollbook(root, "list", *options)
    assert ran.code == 0, ran.err
    listed = json.loads(rollbook(root, "list", *options, "--json").out)
    told = [row.get("model", row.get("version")) for row in listed]
    assert [line.split("\t")[0] for line in ran.out.splitlines()[1:]] == told
    return told


MODELS = [
    (["--stage", "production"], ["credit"]),
    (["--stage", "archived"], ["credit"]),
    (["--stage", "development"], ["credit", "search"]),
    (["--owner", "bob@EXAMPLE.com"], ["fraud"]),
    (["--team", "risk"], ["credit", "fraud"]),
    (["--task", "classification"], ["credit"]),
    (["--tag", "tier"], ["credit", "fraud"]),
    (["--tag", "tier=gold"], ["credit"]),
    (["--tag", "tier=gold", "--tag", "other"], []),
    (["--team", "risk", "--stage", "staging"], ["fraud"]),
    (["--owner", "nobody"], []),
    (["--reverse"], ["search", "fraud", "empty", "credit"]),
    (["--sort", "name"], ["credit", "empty", "fraud", "search"]),
    (["--sort", "created"], ["fraud", "credit", "search", "empty"]),
    (["--sort", "created", "--reverse"], ["empty", "search", "credit", "fraud"]),
    (["--sort", "stage"], ["credit", "empty", "search", "fraud"]),
    (["--sort", "owner"], ["empty", "search", "fraud", "credit"]),
    (["--sort", "team"], ["credit", "fraud", "empty", "search"]),
    (["--sort", "task", "--stage", "development"], ["credit", "search"]),
]


@pytest.mark.parametrize(("options", "expected"), MODELS, ids=[" ".join(options) for options, _ in MODELS])
def test_models_are_narrowed_and_sorted(root: Path, options: list[str], expected: list[str]) -> None:
    assert names(root, *options) == expected
    assert names(root, *options, "--rev", "HEAD") == expected


VERSIONS = [
    (["--stage", "production"], ["1.1.0"]),
    (["--stage", "development"], ["1.2.0"]),
    (["--tag", "run=b"], ["1.2.0", "1.1.0"]),
    (["--tag", "run=a"], ["1.0.0"]),
    (["--tag", "kept"], ["1.1.0"]),
    (["--sort", "name"], ["1.0.0", "1.1.0", "1.2.0"]),
    (["--sort", "created"], ["1.0.0", "1.2.0", "1.1.0"]),
    (["--sort", "stage"], ["1.2.0", "1.1.0", "1.0.0"]),
    (["--reverse"], ["1.0.0", "1.1.0", "1.2.0"]),
]


@pytest.mark.parametrize(
    ("options", "expected"), VERSIONS, ids=[" ".join(options) for options, _ in VERSIONS]
)
def test_versions_are_narrowed_and_sorted(root: Path, options: list[str], expected: list[str]) -> None:
    assert names(root, "credit", *options) == expected


def test_what_is_remembered_of_models_is_what_their_files_say_now(root: Path, tmp_path: Path) -> None:
    git(tmp_path, "clone", "--quiet", str(root), "clone")
    clone = tmp_path / "clone"
    assert names(clone) == ["credit", "empty", "fraud", "search"]
    assert names(clone, "--team", "risk") == ["credit", "fraud"]
    write(clone, {"registry/search/model.yaml": "name: search\nowner: amy@example.com\nteam: risk\n"})
    git(clone, "commit", "--quiet", "-am", "Move it")
    assert names(clone) == ["credit", "empty", "fraud", "search"]
    assert names(clone, "--team", "risk") == ["credit", "fraud", "search"]
    assert names(clone, "--team", "risk", "--rev", "HEAD~1") == ["credit", "fraud"]


def test_nothing_that_is_like_that_is_said_so(root: Path) -> None:
    for arguments in (["--owner", "nobody"], ["credit", "--tag", "run=z"]):
        ran = rollbook(root, "list", *arguments)
        assert (ran.code, ran.out) == (0, "")
        assert "is like that" in ran.err


REFUSED = [
    (["--stage", "prod"], 1, "there is no stage 'prod'"),
    (["credit", "--stage", "prod"], 1, "there is no stage 'prod'"),
    (["--sort", "size"], 2, "size"),
    (["--tag", "=x"], 2, "names no tag"),
    (["credit", "--owner", "jane"], 2, "a model's"),
    (["credit", "--sort", "team"], 2, "a model's"),
    (["--stale", "1d", "--team", "risk"], 2, "stale"),
    (["--stale", "1d", "--reverse"], 2, "stale"),
    (["--repo", ".", "--repo", "./", "--sort", "created"], 2, "sorted by name"),
]


@pytest.mark.parametrize(
    ("options", "code", "said"), REFUSED, ids=[" ".join(options) for options, _, _ in REFUSED]
)
def test_what_makes_no_sense_is_refused(root: Path, options: list[str], code: int, said: str) -> None:
    ran = rollbook(root, "list", *options)
    assert (ran.code, ran.out) == (code, "")
    assert said in ran.err


def test_a_model_that_cant_be_read_is_named_where_it_has_to_be(tmp_path: Path) -> None:
    root = new_repository(tmp_path, {**FILES, "registry/fraud/model.yaml": "owner: [unclosed\n"})
    assert names(root, "--stage", "production") == ["credit"]
    ran = rollbook(root, "list", "--team", "risk")
    assert (ran.code, ran.out) == (1, "")
    assert "registry/fraud/model.yaml" in ran.err


def test_several_registries_are_narrowed_as_one(root: Path, tmp_path: Path) -> None:
    other = new_repository(tmp_path / "other", {
        "registry/policy.yaml": POLICY,
        "registry/ads/model.yaml": model("ads", "team: risk\n"),
        **made("ads", "1.0.0", "2026-01-01T00:00:00Z"),
    })  # fmt: skip
    with Federation.open([str(root), str(other)]) as registries:
        assert [row.model for row in registries.list(team="risk")] == ["ads", "credit", "fraud"]
        assert [row.model for row in registries.list(team="risk", reverse=True)] == ["fraud", "credit", "ads"]
        assert [row.version for row in registries.list("credit", stage="production")] == ["1.1.0"]


def test_python_narrows_as_the_command_does(root: Path) -> None:
    with Registry.open(root) as registry:
        assert [row.model for row in registry.list(tags=["tier=gold"])] == ["credit"]
        assert [row.version for row in registry.list("credit", sort="created")] == ["1.0.0", "1.2.0", "1.1.0"]
        with pytest.raises(BadCall, match="nothing to sort by"):
            registry.list(sort="size")
        with pytest.raises(NotFound, match="no stage"):
            registry.list(stage="prod")


# --- on a terminal


def test_a_stage_has_its_colour_on_a_terminal_and_nowhere_else(root: Path) -> None:
    assert "\x1b[32m1.1.0\x1b[0m" in on_terminal(root, 80, "list")
    assert "\x1b[32mproduction\x1b[0m" in on_terminal(root, 80, "list", "credit")
    assert "\x1b[32m" not in on_terminal(root, 80, "list", NO_COLOR="1")
    assert "\x1b[32m" in on_terminal(root, 80, "list", NO_COLOR="")
    assert "\x1b" not in on_terminal(root, 80, "list", TERM="dumb")
    assert "\x1b" not in rollbook(root, "list").out


def test_of_many_versions_in_a_stage_the_last_are_shown_and_all_are_piped(tmp_path: Path) -> None:
    many = [f"1.{minor}.0" for minor in range(9)]
    files = {
        "registry/policy.yaml": POLICY,
        "registry/m/model.yaml": model("m"),
        "registry/m/stages.yaml": "archived:\n" + "".join(f"  - {{version: {name}}}\n" for name in many),
    }
    for name in many:
        files |= made("m", name, "2026-01-01T00:00:00Z")
    root = new_repository(tmp_path, files)
    assert "1.6.0, 1.7.0, 1.8.0 +6" in on_terminal(root, 80, "list")
    assert ", ".join(many) in rollbook(root, "list").out
