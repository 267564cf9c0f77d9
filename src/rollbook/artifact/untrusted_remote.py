"""A remote's address from a DVC configuration that nobody vouches for: a commit's, read without a clone.

Only what says *where* the remote is gets through. What runs a command, names a file with credentials or
weakens a connection is left out; credentials come from the environment, as each cloud's own tools find them.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

from rollbook.artifact.dvc_remote import RemoteSettings, printable
from rollbook.errors import BadCall, InvalidFile

if TYPE_CHECKING:
    from collections.abc import Mapping

_LARGEST = 64 << 10
_PATH = ".dvc/config"
_SECTION = re.compile(r"""\s*(['"]?)remote\s*"(?P<name>.*)"\s*\1""")
_URL = re.compile(r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*)://(?P<rest>.*)", re.DOTALL)
_AUTHORITY = re.compile(r"(?:[^/@\s]*@)?[A-Za-z0-9_][A-Za-z0-9_.:-]*")
_MOST_HOPS = 8
# By URL scheme, the settings that only say where. Every scheme that may be used stands here.
_HARMLESS = {
    "s3": frozenset(["region", "profile", "endpointurl", "allow_anonymous_login"]),
    "gs": frozenset(["projectname", "endpointurl", "allow_anonymous_login"]),
    "azure": frozenset(["account_name", "allow_anonymous_login"]),
    "oss": frozenset(["oss_endpoint"]),
    "http": frozenset[str](),
    "https": frozenset[str](),
    "webdav": frozenset(["user"]),
    "webdavs": frozenset(["user"]),
    "ssh": frozenset(["port", "user"]),
}


def restricted_remote(config: str, *, base: Path) -> RemoteSettings:
    """Return the default remote that the text of a `.dvc/config` names, with harmless settings only.

    A relative path is resolved against `base/.dvc`, as DVC does. Raises InvalidFile when the text is not a
    DVC configuration or its address can't be used, BadCall when it names no default remote.
    """
    return restricted_settings(*named_remote(config), base=base)


def named_remote(config: str) -> tuple[str, dict[str, str]]:
    """Return the URL (or path) of the default remote that the text of a `.dvc/config` names, and its
    settings, none of them to be trusted. Raises as `restricted_remote` does."""
    remotes, default = _parse(config)
    if not default:
        raise BadCall(f"{_PATH}: no default remote is set", hint="Set one: dvc remote default NAME")
    return _follow(remotes, default)


def is_relative(config: str) -> bool:
    """Return whether the default remote's address is a path that starts from the repository. Raises as
    `restricted_remote` does."""
    url, _ = named_remote(config)
    return _URL.fullmatch(url) is None and not url.startswith("~/") and not Path(url).is_absolute()


def restricted_settings(url: str, settings: Mapping[str, str], *, base: Path) -> RemoteSettings:
    """Return a remote by its URL with harmless settings only; see `restricted_remote`."""
    match = _URL.fullmatch(url)
    if match is None:
        return RemoteSettings(_local_path(url, base), {}, tuple(sorted(settings)))
    scheme = match["scheme"].lower()
    if scheme not in _HARMLESS or not _AUTHORITY.fullmatch(match["rest"].partition("/")[0]):
        raise InvalidFile(f"the address {printable(ValueError(url))!r} can't be used", path=_PATH, key="url")
    allowed = {key: value for key, value in settings.items() if key in _HARMLESS[scheme]}
    return RemoteSettings(url, allowed, tuple(sorted(settings.keys() - allowed.keys())))


def _parse(config: str) -> tuple[dict[str, dict[str, str]], str]:
    """Return the remotes by name, each with its settings, and the default one's name."""
    from configobj import ConfigObj, ConfigObjError  # type: ignore[import-untyped]

    if len(config) > _LARGEST:
        raise InvalidFile("is too large", path=_PATH)
    try:
        parsed = ConfigObj(config.splitlines(), interpolation=False, list_values=False, _inspec=False)
    except (ConfigObjError, ValueError, RecursionError) as error:
        raise InvalidFile(printable(error), path=_PATH) from error
    remotes, default = {}, ""
    for section, settings in parsed.items():
        if not isinstance(settings, dict):
            continue
        texts = {key.lower(): value for key, value in settings.items() if isinstance(value, str)}
        if match := _SECTION.fullmatch(section):
            remotes[match["name"].lower()] = texts
        elif section.lower() == "core":
            default = texts.get("remote", "").lower()
    return remotes, default


def _follow(remotes: dict[str, dict[str, str]], name: str) -> tuple[str, dict[str, str]]:
    """Return a remote's URL and other settings; `remote://other/path` builds on another remote."""
    settings: dict[str, str] = {}
    tail = ""
    for _ in range(_MOST_HOPS):
        if "url" not in remotes.get(name, {}):
            raise InvalidFile(f"the remote {name!r} has no address", path=_PATH)
        own = dict(remotes[name])
        url = own.pop("url")
        settings = own | settings
        if not url.startswith("remote://"):
            return f"{url.rstrip('/')}/{tail}" if tail else url, settings
        name, _, path = url.removeprefix("remote://").partition("/")
        name, tail = name.lower(), f"{path.strip('/')}/{tail}".strip("/")
    raise InvalidFile("the remotes refer to each other in a circle", path=_PATH)


def _local_path(url: str, base: Path) -> str:
    if not url or any(ord(character) < 32 for character in url):
        raise InvalidFile(f"the address {url!r} can't be used", path=_PATH, key="url")
    expanded = Path(url).expanduser() if url.startswith("~/") else Path(url)
    return os.path.abspath(base / ".dvc" / expanded)  # noqa: PTH100 (resolves `..` without asking the file system)
