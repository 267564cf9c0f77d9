from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from rollbook.errors import GitFailed
from rollbook.git.address import without_credentials
from rollbook.git.environment import INHERITED, REDIRECTING, clean_environment
from rollbook.git.process import git, try_git

if TYPE_CHECKING:
    from pathlib import Path

KEPT = [
    "GIT_SSH_COMMAND",
    "GIT_AUTHOR_DATE",
    "GIT_CONFIG_COUNT",
    "GIT_CONFIG_KEY_0",
    "GIT_ALLOW_PROTOCOL",
    "GIT_CEILING_DIRECTORIES",
    "GIT_PROXY_SSL_CAINFO",
    "GIT_QUARANTINE_PATH",
]


@pytest.mark.parametrize("name", sorted({*REDIRECTING, "GIT_GLOB_PATHSPECS", "LANGUAGE"}))
def test_a_variable_that_leads_git_astray_is_left_out(name, monkeypatch):
    monkeypatch.setenv(name, "elsewhere")
    assert clean_environment().get(name) != "elsewhere"


def test_the_variables_that_redirect_git_are_those_that_git_names(tmp_path: Path):
    named = git(tmp_path, "rev-parse", "--local-env-vars").decode().split()
    assert set(named) <= REDIRECTING | INHERITED


@pytest.mark.parametrize("name", ["GIT_NO_REPLACE_OBJECTS", "GIT_LITERAL_PATHSPECS"])
def test_no_variable_of_the_users_undoes_the_hardening(name, monkeypatch):
    monkeypatch.setenv(name, "0")
    assert clean_environment()[name] == "1"


@pytest.mark.parametrize("name", KEPT)
def test_a_variable_that_is_the_users_wish_is_kept(name, monkeypatch):
    monkeypatch.setenv(name, "wish")
    assert clean_environment()[name] == "wish"


def test_no_program_is_looked_for_in_the_directory_where_git_runs(monkeypatch):
    monkeypatch.setenv("PATH", ":.:/opt/bin:tools:/usr/bin:")
    assert clean_environment()["PATH"] == "/opt/bin:/usr/bin"


def test_given_variables_are_added():
    assert clean_environment(GIT_INDEX_FILE="/x")["GIT_INDEX_FILE"] == "/x"


def test_git_speaks_english(monkeypatch):
    monkeypatch.setenv("LC_ALL", "de_DE.UTF-8")
    assert clean_environment()["LC_ALL"] == "C"


def test_gits_output_comes_back_unchanged(tmp_path: Path):
    blob = (
        git(tmp_path_repository(tmp_path), "hash-object", "-w", "--stdin", stdin=b"\x00\r\n\xff")
        .decode()
        .strip()
    )
    assert git(tmp_path, "cat-file", "blob", blob) == b"\x00\r\n\xff"


def tmp_path_repository(path: Path) -> Path:
    git(path, "init", "--quiet")
    return path


def test_a_failing_command_tells_gits_own_words(tmp_path: Path):
    with pytest.raises(GitFailed, match=r"git rev-parse failed: .*not a git repository"):
        git(tmp_path, "rev-parse", "--git-dir")


def test_a_failing_command_can_be_asked_for_its_exit_code(tmp_path: Path):
    assert try_git(tmp_path, "rev-parse", "--git-dir").returncode == 128


def test_a_missing_directory_is_named(tmp_path: Path):
    with pytest.raises(GitFailed, match="gone does not exist"):
        git(tmp_path / "gone", "status")


def test_a_file_in_place_of_a_directory_is_named(tmp_path: Path):
    (tmp_path / "file").touch()
    with pytest.raises(GitFailed, match="file is not a directory"):
        git(tmp_path / "file", "status")


def test_a_machine_without_git_is_told_to_install_it(tmp_path: Path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(GitFailed, match="git is not installed") as caught:
        git(tmp_path, "status")
    assert "Install git" in caught.value.hint


def test_git_never_waits_for_input(tmp_path: Path):
    reading, writing = os.pipe()
    stdin = os.dup(0)
    os.dup2(reading, 0)
    try:
        git(tmp_path_repository(tmp_path), "hash-object", "--stdin")
    finally:
        os.dup2(stdin, 0)
        for descriptor in (reading, writing, stdin):
            os.close(descriptor)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("https://user:secret@host/x failed", "https://host/x failed"),
        ("ssh://git@host/x", "ssh://host/x"),
        ("https://host/x@y", "https://host/x@y"),
        ("jane@example.com", "jane@example.com"),
    ],
)
def test_credentials_in_urls_are_never_shown(text, shown):
    assert without_credentials(text) == shown


def test_an_error_shows_no_credentials(tmp_path: Path):
    with pytest.raises(GitFailed) as caught:
        git(tmp_path, "ls-remote", "https://user:secret@127.0.0.1:1/x")
    assert "secret" not in str(caught.value)
