"""Which remote a repository stores its artifacts in, read from DVC's configuration, and how to reach it."""

from __future__ import annotations

import re
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import urlsplit

from rollbook.artifact.archived_object import archived_failure
from rollbook.artifact.local_store import ObjectFolder, Target
from rollbook.errors import BadCall, InvalidFile, RollbookError, StorageFailed
from rollbook.git.address import without_credentials
from rollbook.git.checkout import is_tracked
from rollbook.git.repository import discover
from rollbook.snapshot.safe_open import read_beneath

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from rollbook.artifact.progress import Progress
    from rollbook.artifact.stream import Hashes

_NO_REMOTE = "Run `rollbook init --remote URL`, or `dvc remote add --default NAME URL`."
# What these files say is more than where and who: AWS's `credential_process` is a program that is run.
_NAMING_PROGRAMS = frozenset(["configpath", "credentialpath"])
# Schemes whose addresses name a bucket of a service, which the settings say.
_OF_A_SERVICE = frozenset(["s3", "gs", "azure", "oss"])
_COMMAND = "bearer_token_command"
# It matches each address, also one without a query, so that no text is looked through twice.
_QUERY = re.compile(r"(\w://[^\s?#]*)(?:[?#]\S*)?")


class Remote(Protocol):
    """A place that holds objects. `sizes` (bytes) and `modified` (Unix time, seconds) tell of those that are
    there; None where the place does not tell."""

    def sizes(self, oids: Iterable[str]) -> Mapping[str, int | None]: ...
    def modified(self, oids: Iterable[str]) -> Mapping[str, float | None]: ...
    def delete(self, oids: Iterable[str]) -> None: ...
    def read(self, oid: str, limit: int) -> bytes | None: ...
    def upload(self, objects: Mapping[str, Path], progress: Progress) -> None: ...
    def download(self, targets: Sequence[Target], progress: Progress) -> list[Hashes]: ...


@dataclass(frozen=True, slots=True)
class RemoteSettings:
    """A remote as configured. `unused` names settings that were left out because they can't be trusted;
    `name` is the remote's, where a clone's own configuration has it."""

    url: str
    options: Mapping[str, Any] = field(default_factory=dict)
    unused: tuple[str, ...] = ()
    name: str = ""

    @property
    def public_url(self) -> str:
        """Return the URL without user, password and query."""
        return public_address(self.url)


@dataclass(frozen=True, slots=True)
class Configuration:
    """What DVC's configuration of a working tree says about storage."""

    cache: Path
    shared: bool
    remote: RemoteSettings


def read_configuration(root: Path) -> Configuration:
    """Read DVC's configuration of the working tree at `root`, all its levels merged as DVC does.

    Raises BadCall when DVC is not set up there, has no default remote or is set up through a link,
    InvalidFile when it can't be read or lets a file of the repository run programs.
    """
    folder = root.absolute() / ".dvc"
    from dvc.config import ConfigError
    from dvc.fs import get_fs_config

    try:
        config = _loaded(folder)
        name = config["core"].get("remote")
        if not name:
            raise BadCall(f"{folder / 'config'}: no default remote is set", hint=_NO_REMOTE)
        options = dict(get_fs_config(config, name=name))
    except (ConfigError, KeyError, RecursionError) as error:
        _require_readable_users()
        raise InvalidFile(printable(error), path=str(folder / "config"), hint=_NO_REMOTE) from error
    _require_own(folder.parent, config, options)
    cache = config["cache"]
    where = Path(cache.get("dir") or folder / "cache")
    url = options.pop("url")
    return Configuration(where, cache.get("shared") == "group", RemoteSettings(url, options, name=name))


def _loaded(folder: Path) -> Any:
    """DVC's configuration, all levels merged. Raises BadCall where there is none."""
    if read_beneath(folder.parent, ".dvc/config") is None and not folder.is_dir():
        raise BadCall(f"{folder.parent}: DVC is not set up here", hint="Run `rollbook init`.")
    from dvc.config import Config

    # Not dvc.repo.Repo: it looks for git, which a hook's environment leads astray, and opens databases.
    return Config(dvc_dir=str(folder))


def address_settings(root: Path, url: str) -> RemoteSettings:
    """Return how to reach an address, which `remote://NAME/PATH` may be: with the settings of the
    remote at the same place, the default one first.

    Raises as `read_configuration` does.
    """
    folder = root.absolute() / ".dvc"
    from dvc.config import ConfigError
    from dvc.fs import get_fs_config

    try:
        config = _loaded(folder)
        options = dict(get_fs_config(config, url=url))
        address = options.pop("url")
        default = config["core"].get("remote")
        remotes = [
            dict(get_fs_config(config, name=name))
            for name in sorted(config["remote"], key=lambda name: name != default)
        ]
    except (ConfigError, KeyError, RecursionError) as error:
        _require_readable_users()
        raise InvalidFile(printable(error), path=str(folder / "config"), hint=_NO_REMOTE) from error
    if not options:
        options = _settings_alike(address, remotes)
    _require_own(folder.parent, config, options)
    unused = ("worktree", "version_aware")  # they say how DVC keeps objects, not how to reach a place
    return RemoteSettings(address, {name: value for name, value in options.items() if name not in unused})


def _settings_alike(address: str, remotes: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return the settings of the first remote at the same host; else, where settings say which service is
    meant, of the first with the same scheme. No other host gets to see a password.
    """
    scheme, host = urlsplit(address)[:2]
    alike = [remote for remote in remotes if urlsplit(remote["url"]).scheme == scheme]
    same = [remote for remote in alike if urlsplit(remote["url"]).netloc == host]
    found = next(iter(same), {}) or next(iter(alike if scheme in _OF_A_SERVICE else ()), {})
    return {name: value for name, value in found.items() if name != "url"}


def _require_readable_users() -> None:
    """Raise InvalidFile where it is the user's configuration of DVC, or the machine's, that is broken."""
    from dvc.config import Config, ConfigError

    try:
        Config()  # of no working tree
    except ConfigError as error:
        files = [Path(Config.get_dir(level), "config") for level in ("global", "system")]
        where = next(filter(Path.exists, files), files[0])
        hint = "It is your own, or the machine's, and not the repository's: mend it there."
        raise InvalidFile(printable(error), path=str(where), hint=hint) from error


def _require_own(root: Path, config: Any, options: Mapping[str, Any]) -> None:
    """Raise InvalidFile for a setting that can run a program, where whoever proposes a change can set it."""
    for option in _NAMING_PROGRAMS & options.keys():
        if Path(options[option]).resolve().is_relative_to(root.resolve()):
            raise _not_own(option, "Keep that file outside of the repository.")
    if _COMMAND in options:
        is_shared = is_tracked(discover(root), ".dvc/config.local")
        levels = ("repo", "local") if is_shared else ("repo",)
        remotes = [remote for level in levels for remote in config.load_one(level)["remote"].values()]
        if any(_COMMAND in remote for remote in remotes):
            raise _not_own(_COMMAND, "Set it in a .dvc/config.local of your own: dvc remote modify --local")


def _not_own(option: str, hint: str) -> InvalidFile:
    message = "this can run a program, and came with the files that git tracks"
    return InvalidFile(message, path=".dvc/config", key=option, hint=hint)


def connect(settings: RemoteSettings) -> Remote:
    """Make the objects of a remote reachable. Nothing is asked of the remote yet.

    Raises StorageFailed when the package for its kind is missing, or when it is a kind that keeps no objects
    (DVC's version-aware and worktree remotes).
    """
    if settings.options.get("worktree") or settings.options.get("version_aware"):
        raise StorageFailed(
            f"{settings.public_url}: version-aware remotes are not supported",
            hint="Use a remote without the settings `version_aware` and `worktree`.",
        )
    from dvc.fs import get_cloud_fs

    with reported(settings, "cannot be used"):
        kind, options, path = get_cloud_fs({}, url=settings.url, **settings.options)
        if kind.protocol == "local":
            return ObjectFolder(Path(path), shared=options.get("shared") == "group")
        from rollbook.artifact.cloud import CloudObjects

        return CloudObjects(kind(**options), path)


@contextmanager
def reported(settings: RemoteSettings, what: str) -> Iterator[None]:
    """Turn whatever goes wrong inside into StorageFailed that names the remote."""
    try:
        yield
    except RollbookError:
        raise
    except Exception as error:
        if archived := archived_failure(error, f"{settings.public_url}: an object"):
            raise archived from error
        raise StorageFailed(
            f"{settings.public_url}: {what}: {printable(error)}", hint=_hint(settings, error)
        ) from error


def _hint(settings: RemoteSettings, error: Exception) -> str:
    scheme = settings.url.partition("://")[0]
    if isinstance(error, ImportError) or type(error).__name__ == "RemoteMissingDepsError":
        package = "rollbook[s3]" if scheme == "s3" else f"dvc[{scheme}]"
        return f"Install what this remote needs: pip install '{package}'"
    hint = "Check the remote's address, your credentials and the network."
    if settings.unused:
        hint += f" Settings not used without a clone: {', '.join(settings.unused)}."
    return hint


def public_address(url: str) -> str:
    """Return `url` without user, password, query and fragment; a path stays as it is."""
    return _QUERY.sub(r"\1", without_credentials(url))


def printable(error: BaseException) -> str:
    """Return what `error` says, on one line, without credentials or anything a terminal would act on."""
    text = public_address(" ".join(str(error).split())) or type(error).__name__
    return "".join(character if character.isprintable() else "?" for character in text)[:500]
