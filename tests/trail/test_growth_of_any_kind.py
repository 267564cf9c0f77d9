"""Whatever lands, and whatever is done to tags meanwhile: what is remembered never changes the verdict."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from building.bare import START
from building.texts import manifest, stages
from building.world import git
from rollbook.cache.memory import VERIFIED_TRAIL
from rollbook.errors import RollbookError
from rollbook.trail.record import record

from .histories import POLICY, History
from .verifying import put, tag_bytes, verified

if TYPE_CHECKING:
    from collections.abc import Mapping

GROWTHS = int(os.environ.get("ROLLBOOK_GROWTHS", "5"))
# One in the folder of another, and two whose names begin alike.
MODELS = ["a", "a/b", "ab"]
INTAKE = POLICY.replace("name: development", "name: intake").replace("[development, ", "[intake, ")
ORIGIN = "tool: gto\nannotation: {}\ntags: []\n"
_VERSIONS = ("1.0.0", "1.1.0")
_FILES = {
    "registry/policy.yaml": [POLICY, INTAKE, "stages: [", None],
    "registry/allowed_signers": ["ana@example.com ssh-ed25519 AAAA\n", None],
    "registry/README.md": ["x", "y", None],
    "README.md": ["x", "y"],
}
_TABLES = [
    stages(staging=["1.0.0"]),
    stages(production=["1.0.0"], staging=["1.1.0"]),
    stages(development=["1.0.0"], intake=["1.1.0"]),
    "staging: [",
    None,
]


def _of_model(model: str) -> dict[str, list[str | None]]:
    folder = f"registry/{model}"
    files: dict[str, list[str | None]] = {
        f"{folder}/stages.yaml": list(_TABLES),
        f"{folder}/model.yaml": [f"name: {model}\n", None],
        f"{folder}/origin.yaml": [ORIGIN, None],
    }
    for version in _VERSIONS:
        inside = f"{folder}/versions/{version}"
        told = manifest(model, version)
        files |= {
            f"{inside}/version.yaml": [told, told, told, told + "algorithm: other\n", None],
            f"{inside}/model.onnx.dvc": ["outs: []\n", None],
            f"{inside}/evidence/test-1.yaml": ["x", "y", None],
            f"{inside}/removed.yaml": ["stage: archived\n", None],
        }
    return files


ALL_FILES: Mapping[str, list[str | None]] = _FILES | {
    path: texts for model in MODELS for path, texts in _of_model(model).items()
}
_PATH = st.one_of(
    st.sampled_from([path for path in ALL_FILES if path.endswith(("version.yaml", "stages.yaml"))]),
    st.sampled_from(sorted(ALL_FILES)),
)
_FILE = _PATH.flatmap(lambda path: st.tuples(st.just(path), st.sampled_from(ALL_FILES[path])))
_DATE = st.none() | st.sampled_from([0, 1, START - 86_400, START + 86_400, 4_102_444_800, 10**11 + 5])
_LANDING = st.tuples(st.just("land"), st.lists(_FILE, min_size=1, max_size=4), _DATE, st.booleans())
_DEED = st.sampled_from(
    [
        "remove",
        "alter",
        "rename",
        "light",
        "nested",
        "blob",
        "foreign",
        "again",
        "pack",
        "back",
        "move folder",
    ]
)
_TAG = st.tuples(st.just("tag"), _DEED, st.integers(0, 99))
STEPS = st.lists(
    st.one_of(
        _LANDING, _LANDING, _LANDING, st.just(("record",)), st.just(("record",)), st.just(("verify",)), _TAG
    ),
    min_size=3,
    max_size=12,
)


def land(history: History, files: Mapping[str, str | None], at: int | None, *, merged: bool) -> None:
    merge = ""
    if merged:
        beside = {"beside.txt": "x", **dict.fromkeys(list(files)[:1], "of another line")}
        merge = history.put("refs/heads/beside", beside, parents=["refs/heads/main^0"])
    history.commit(files, at=at, merge=merge)


def meddle(history: History, deed: str, number: int) -> None:
    """Do something to a tag, or to main as a whole."""
    names = sorted(history.tags())
    name = names[number % len(names)] if names else "a@v1.0.0"
    model = MODELS[number % 3]
    git_ = history.git
    if deed == "pack":
        git_("pack-refs", "--all")
    elif deed == "back":
        if len(git_("rev-list", "--first-parent", "main").split()) > 1:
            git_("update-ref", "refs/heads/main", "main~1")
    elif deed == "blob":
        blob = git_("hash-object", "-w", "--stdin", stdin=b"x")
        git_("update-ref", f"refs/tags/{model}@v1.1.0", blob)
    elif deed == "light":
        git_("update-ref", f"refs/tags/{model}#staging#{number % 6}", "main")
    elif deed == "foreign":
        git_("tag", "-f", "-a", "-m", "by hand", f"{model}@v0.9.0", "main")
    elif deed == "move folder":
        other = MODELS[(number + 1) % 3]
        path = "versions/1.0.0/version.yaml"
        told = manifest(model, "1.0.0")
        history.commit({f"registry/{model}/{path}": None, f"registry/{other}/{path}": told})
    elif names:
        if deed == "remove":
            git_("update-ref", "-d", f"refs/tags/{name}")
        elif deed == "rename":
            git_("update-ref", f"refs/tags/{name}0", f"refs/tags/{name}")
            git_("update-ref", "-d", f"refs/tags/{name}")
        elif deed == "again":
            git_("update-ref", "refs/tags/nightly", f"refs/tags/{name}")
        elif deed == "nested":
            git_("tag", "-f", "-a", "-m", "nested", f"{model}@v1.1.0", name)
        elif git_("cat-file", "-t", f"refs/tags/{name}") == "tag":
            put(history, name, tag_bytes(history, name).replace(b"Action", b"action"))


def told(history: History) -> object:
    try:
        return verified(history).as_document()
    except RollbookError as error:
        return str(error)


def check(history: History) -> None:
    """Verify with what is remembered and without; go on with what was remembered by the former."""
    memory = VERIFIED_TRAIL.path(history.repository)
    verdict = told(history)
    kept = memory.read_bytes() if memory.exists() else None
    memory.unlink(missing_ok=True)
    assert told(history) == verdict
    if kept is not None:
        memory.write_bytes(kept)


@settings(max_examples=GROWTHS, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(STEPS, st.booleans())
def test_what_is_remembered_never_changes_the_verdict(
    steps: list[tuple[object, ...]], has_policy: bool
) -> None:
    with tempfile.TemporaryDirectory() as directory:
        git(Path(directory), "init", "-q", "--bare", "registry.git")
        history = History(Path(directory) / "registry.git")
        history.begin({"registry/policy.yaml": POLICY} if has_policy else {"README.md": "x"})
        for step in [*steps, ("verify",)]:
            if step[0] == "land":
                _, files, at, merged = step
                land(history, dict(files), at, merged=bool(merged))  # type: ignore[call-overload, arg-type]
            elif step[0] == "tag":
                meddle(history, str(step[1]), int(str(step[2])))
            elif step[0] == "verify":
                check(history)
            else:
                try:
                    record(history.repository)
                except RollbookError:
                    continue
                check(history)
