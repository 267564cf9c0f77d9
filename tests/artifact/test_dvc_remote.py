"""What a branch that is checked out can make DVC's configuration do."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from building.world import git
from rollbook.artifact.dvc_remote import read_configuration
from rollbook.errors import BadCall, InvalidFile

if TYPE_CHECKING:
    from pathlib import Path

S3 = "[core]\n    remote = r\n['remote \"r\"']\n    url = s3://bucket/models\n"
WEB = "[core]\n    remote = r\n['remote \"r\"']\n    url = webdavs://host/models\n"
COMMAND = "['remote \"r\"']\n    bearer_token_command = touch ran\n"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    git(tmp_path, "init", "-q", "models")
    (tmp_path / "models/.dvc").mkdir()
    return tmp_path / "models"


@pytest.mark.parametrize("option", ["configpath", "credentialpath"])
def test_no_file_of_the_working_tree_tells_how_to_get_credentials(root: Path, option: str) -> None:
    (root / ".dvc/config").write_text(f"{S3}    {option} = ../aws\n")
    with pytest.raises(InvalidFile, match=option):
        read_configuration(root)


def test_a_file_outside_of_the_working_tree_may_tell_it(root: Path) -> None:
    (root / ".dvc/config").write_text(f"{S3}    configpath = ../../aws\n")
    assert read_configuration(root).remote.options["configpath"] == str(root.parent / "aws")


def test_the_shared_configuration_names_no_program_that_gives_a_token(root: Path) -> None:
    (root / ".dvc/config").write_text(f"{WEB}    bearer_token_command = touch ran\n")
    with pytest.raises(InvalidFile, match="bearer_token_command"):
        read_configuration(root)


def test_ones_own_configuration_may_name_a_program_that_gives_a_token(root: Path) -> None:
    (root / ".dvc/config").write_text(WEB)
    (root / ".dvc/config.local").write_text(COMMAND)
    assert read_configuration(root).remote.options["bearer_token_command"] == "touch ran"


def test_local_settings_that_git_tracks_are_nobodys_own(root: Path) -> None:
    (root / ".dvc/config").write_text(WEB)
    (root / ".dvc/config.local").write_text(COMMAND)
    git(root, "add", "--force", ".")
    with pytest.raises(InvalidFile, match="bearer_token_command"):
        read_configuration(root)


@pytest.mark.parametrize("link", [".dvc", ".dvc/config"])
def test_a_configuration_behind_a_link_is_not_read(root: Path, tmp_path: Path, link: str) -> None:
    (tmp_path / "config").write_text(S3)
    if link == ".dvc":
        (root / ".dvc").rmdir()
        (root / ".dvc").symlink_to(tmp_path)
    else:
        (root / ".dvc/config").symlink_to(tmp_path / "config")
    with pytest.raises(BadCall, match="is a symbolic link"):
        read_configuration(root)


@pytest.mark.parametrize("text", [b"[core\n", b"[core]\n  bogus = 1\n", b"# J\xf6rg\n"])
def test_a_users_configuration_that_is_broken_is_not_called_the_repositorys(
    root: Path, tmp_path: Path, text: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = tmp_path / "own"
    own.mkdir()
    (own / "config").write_bytes(text)
    monkeypatch.setenv("DVC_GLOBAL_CONFIG_DIR", str(own))
    with pytest.raises(InvalidFile) as caught:
        read_configuration(root)
    assert caught.value.path == str(own / "config")
    assert "mend it there" in caught.value.hint
