"""Links in and to an artifact: which are followed, and which never are."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from rollbook.artifact.links import LinkRule
from rollbook.errors import BadCall

from .conftest import dvc

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from rollbook.artifact.storage import Storage, Stored

CACHED, NAMED, ALL = LinkRule.CACHED, LinkRule.NAMED, LinkRule.ALL


def linked(path: Path, target: Path | str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.symlink_to(target)
    return path


def hub_model(tmp_path: Path) -> Path:
    """A model as the Hub's cache holds it: links in a snapshot to blobs beside it."""
    model = tmp_path / "hub" / "models--acme--tiny"
    (model / "blobs").mkdir(parents=True)
    (model / "blobs" / "1").write_bytes(b"weights")
    linked(model / "snapshots" / "abc" / "model.safetensors", "../../blobs/1")
    return model / "snapshots" / "abc"


def files(stored: Stored) -> dict[str, int]:
    return {file.path: file.size for file in stored.digest.files}


def test_a_link_that_is_named_is_followed_and_told(storage: Storage, tmp_path: Path) -> None:
    (tmp_path / "real.bin").write_bytes(b"weights")
    link = linked(tmp_path / "model.bin", "real.bin")
    stored = storage.add(link, "model.bin", links=NAMED)
    assert stored.digest.size == 7
    assert stored.remarks == (
        f"links were followed, and what they lead to is registered: {link} -> {tmp_path / 'real.bin'}",
    )


@pytest.mark.parametrize("kind", ["symlink", "hardlink", "copy"])
def test_a_folder_that_dvc_linked_from_its_cache_is_taken(
    git_dvc: Callable[[str], Path], storage: Storage, kind: str
) -> None:
    root = git_dvc(kind)
    dvc(root, "config", "cache.type", kind)
    (root / "model").mkdir()
    (root / "model" / "weights.bin").write_bytes(b"weights")
    dvc(root, "add", "model")
    assert (root / "model" / "weights.bin").is_symlink() == (kind == "symlink")
    stored = storage.add(root / "model", "model", links=NAMED)
    assert files(stored) == {"weights.bin": 7}
    assert bool(stored.remarks) == (kind == "symlink")


def test_a_snapshot_of_the_hubs_cache_is_taken(storage: Storage, tmp_path: Path) -> None:
    stored = storage.add(hub_model(tmp_path), "tiny", links=NAMED)
    assert files(stored) == {"model.safetensors": 7}


def test_a_snapshot_may_link_to_no_other_models_blobs(storage: Storage, tmp_path: Path) -> None:
    snapshot = hub_model(tmp_path)
    other = tmp_path / "hub" / "models--acme--other" / "blobs" / "2"
    other.parent.mkdir(parents=True)
    other.write_bytes(b"secret")
    linked(snapshot / "extra.bin", other)
    with pytest.raises(BadCall, match="is a symbolic link") as refused:
        storage.add(snapshot, "tiny", links=NAMED)
    assert "--follow-links" in refused.value.hint


@pytest.mark.parametrize("place", ["secret", "models--a--b/secret", "files/md5/secret"])
def test_a_link_in_a_folder_that_leads_elsewhere_is_refused(
    storage: Storage, tmp_path: Path, place: str
) -> None:
    secret = tmp_path / place
    secret.parent.mkdir(parents=True, exist_ok=True)
    secret.write_bytes(b"secret")
    folder = linked(tmp_path / "model" / "weights.bin", secret).parent
    with pytest.raises(BadCall, match="is a symbolic link"):
        storage.add(folder, "model", links=NAMED)


def test_an_object_that_is_itself_a_link_is_judged_by_where_it_ends(storage: Storage, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_bytes(b"secret")
    object_ = linked(tmp_path / "files" / "md5" / "ab" / ("c" * 30), secret)
    folder = linked(tmp_path / "model" / "weights.bin", object_).parent
    with pytest.raises(BadCall, match="is a symbolic link"):
        storage.add(folder, "model", links=NAMED)


def test_any_link_is_followed_when_all_are_to_be(storage: Storage, tmp_path: Path) -> None:
    (tmp_path / "parts" / "deep").mkdir(parents=True)
    (tmp_path / "parts" / "deep" / "a.bin").write_bytes(b"a")
    (tmp_path / "b.bin").write_bytes(b"bb")
    folder = linked(tmp_path / "model" / "parts", tmp_path / "parts").parent
    linked(folder / "b.bin", tmp_path / "b.bin")
    stored = storage.add(folder, "model", links=ALL)
    assert files(stored) == {"b.bin": 2, "parts/deep/a.bin": 1}
    assert f"{folder / 'parts'} -> {tmp_path / 'parts'}" in stored.remarks[0]


def test_a_link_to_a_folder_that_it_is_in_is_refused(storage: Storage, tmp_path: Path) -> None:
    folder = linked(tmp_path / "model" / "again", tmp_path / "model").parent
    with pytest.raises(BadCall, match="is a link to a folder that it is in"):
        storage.add(folder, "model", links=ALL)


def test_a_link_to_nothing_in_a_folder_names_what_fetches(storage: Storage, tmp_path: Path) -> None:
    folder = linked(tmp_path / "model" / "weights.bin", "gone").parent
    with pytest.raises(BadCall, match="is a symbolic link to nothing: gone") as refused:
        storage.add(folder, "model", links=NAMED)
    assert "dvc pull" in refused.value.hint


@pytest.mark.parametrize("rule", [LinkRule.NONE, CACHED])
def test_a_link_is_not_followed_where_naming_it_is_not_enough(
    storage: Storage, tmp_path: Path, rule: LinkRule
) -> None:
    (tmp_path / "real.bin").write_bytes(b"weights")
    with pytest.raises(BadCall, match="is a symbolic link"):
        storage.add(linked(tmp_path / "model.bin", "real.bin"), "model.bin", links=rule)


def test_a_file_that_dvc_linked_is_taken_where_only_caches_are(storage: Storage, tmp_path: Path) -> None:
    kept = tmp_path / "cache" / "files" / "md5" / "ab" / ("c" * 30)
    kept.parent.mkdir(parents=True)
    kept.write_bytes(b"weights")
    stored = storage.add(linked(tmp_path / "model.bin", kept), "model.bin", links=CACHED)
    assert files(stored) == {"model.bin": 7}
