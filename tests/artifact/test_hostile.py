from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from rollbook.artifact.untrusted_remote import restricted_remote
from rollbook.errors import BadCall, InvalidFile

if TYPE_CHECKING:
    from pathlib import Path


def _config(url: str, *settings: str, core: str = "r") -> str:
    lines = "".join(f"    {setting}\n" for setting in settings)
    return f"[core]\n    remote = {core}\n['remote \"r\"']\n    url = {url}\n{lines}"


def test_harmless_settings_of_the_default_remote_get_through(tmp_path: Path) -> None:
    config = _config("s3://bucket/models", "region = eu-west-1", "endpointurl = https://minio:9000")
    remote = restricted_remote(config + "['remote \"other\"']\n    url = s3://other\n", base=tmp_path)
    assert remote.url == "s3://bucket/models"
    assert remote.options == {"region": "eu-west-1", "endpointurl": "https://minio:9000"}
    assert remote.unused == ()


@pytest.mark.parametrize(
    ("url", "setting"),
    [
        ("s3://b", "credentialpath = /root/.aws/other"),
        ("s3://b", "configpath = /tmp/evil"),
        ("s3://b", "ssl_verify = false"),
        ("s3://b", "access_key_id = AKIA"),
        ("ssh://host/x", "keyfile = ~/.ssh/id_ed25519"),
        ("ssh://host/x", "allow_agent = true"),
        ("webdavs://host/x", "bearer_token_command = touch /tmp/ran"),
        ("https://host/x", "method = DELETE"),
        ("https://host/x", "custom_auth_header = X"),
        ("gs://b", "credentialpath = /root/key.json"),
        ("s3://b", "jobs = 100000"),
        ("s3://b", "worktree = true"),
    ],
)
def test_a_setting_that_is_not_only_an_address_is_left_out(tmp_path: Path, url: str, setting: str) -> None:
    remote = restricted_remote(_config(url, setting), base=tmp_path)
    assert remote.options == {}
    assert remote.unused == (setting.partition(" ")[0],)


@pytest.mark.parametrize(
    "url",
    [
        "git://host/repo",
        "dvc://host/x",
        "memory://x/y",
        "ext://sh/-c",
        "ssh://-oProxyCommand=id/x",
        "ssh://user@-oProxyCommand=id/x",
        "ssh://$(id)/x",
        "s3:///x",
    ],
)
def test_an_address_that_no_remote_needs_is_refused(tmp_path: Path, url: str) -> None:
    with pytest.raises(InvalidFile, match="can't be used"):
        restricted_remote(_config(url), base=tmp_path)


@pytest.mark.parametrize("url", ["../../remote", "file::/etc", "simplecache::s3://b/x", "local"])
def test_what_is_no_url_is_a_path_below_dvcs_folder(tmp_path: Path, url: str) -> None:
    remote = restricted_remote(_config(url), base=tmp_path)
    assert remote.url == str((tmp_path / ".dvc" / url).resolve())


def test_a_remote_may_build_on_another(tmp_path: Path) -> None:
    config = _config("remote://base/models", "region = eu-west-1")
    config += "['remote \"base\"']\n    url = s3://bucket/all/\n    profile = ml\n"
    remote = restricted_remote(config, base=tmp_path)
    assert remote.url == "s3://bucket/all/models"
    assert remote.options == {"region": "eu-west-1", "profile": "ml"}


def test_remotes_in_a_circle_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidFile, match="circle"):
        restricted_remote(_config("remote://r/x"), base=tmp_path)


def test_interpolation_reads_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET", "hunter2")
    remote = restricted_remote(_config("s3://b/%(SECRET)s/$SECRET"), base=tmp_path)
    assert "hunter2" not in remote.url


@pytest.mark.parametrize("config", ["", "[core]\n", "[core]\nanalytics = false\n"])
def test_a_configuration_without_a_default_remote_is_refused(tmp_path: Path, config: str) -> None:
    with pytest.raises(BadCall, match="no default remote"):
        restricted_remote(config, base=tmp_path)


@pytest.mark.parametrize(
    "config",
    ["[core\n", "[[[[deep]]]]\n", "=\n" * 100, "#" * 70_000, "[core]\nremote = r\n", _config("x", core="y")],
)
def test_a_broken_configuration_is_refused(tmp_path: Path, config: str) -> None:
    with pytest.raises(InvalidFile, match=r"^\.dvc/config: "):
        restricted_remote(config, base=tmp_path)
