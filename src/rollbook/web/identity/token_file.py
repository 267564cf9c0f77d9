"""The file that a service knows its tokens by: whose each is, how far it goes, and its SHA-256.

It stands beside the registry, not in it. What somebody may do is a fact of the registry and stands in its
policy; that a text on somebody's laptop speaks for them is a secret's affair: it has to end at once when it
leaks, with no review before it, also while the forge is down, and leave no list of people and machines in
every clone for ever.
"""

from __future__ import annotations

import fcntl
import json
import os
import secrets
import stat
import threading
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

from rollbook.errors import AlreadySo, CannotTell, InvalidFile, NotFound, Refused, nearest
from rollbook.names import is_model_pattern, time_now, time_seconds
from rollbook.web.identity.caller import Right
from rollbook.web.identity.token_text import ID, TokenText, is_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from rollbook.git.repository import Repository

_FORMAT = 1
_LONGEST = 1 << 24  # bytes; some 40,000 tokens
_HINT = "Make it anew: rollbook token create --for ADDRESS"


@dataclass(frozen=True, slots=True)
class KeptToken:
    """What is kept of a token. `subject` is whom it speaks for, an address or `@login`; without `registries`
    it counts for every one that is served, without `models` for every model; without `expires` it lasts until
    it is revoked. Nobody notes when it was used last."""

    id: str
    sha256: str
    subject: str
    name: str
    scopes: tuple[Right, ...]
    models: tuple[str, ...]
    registries: tuple[str, ...]
    note: str
    created: str
    expires: str | None
    revoked: str | None = None

    @property
    def state(self) -> str:
        """Return whether it counts now: `active`, `expired` or `revoked`."""
        if self.revoked is not None:
            return "revoked"
        is_over = self.expires is not None and time_seconds(self.expires) <= time_seconds(time_now())
        return "expired" if is_over else "active"

    def as_document(self) -> dict[str, Any]:
        """Return what may be shown of it as JSON data."""
        document = asdict(self)
        del document["sha256"]
        return {"id": document.pop("id"), "for": document.pop("subject"), **document, "state": self.state}


def default_path(repository: Repository) -> Path:
    """Return where the tokens stand for the registry of a repository here, unless somebody names a file."""
    return repository.common_dir / "rollbook-tokens.json"


class TokenFile:
    """The tokens of a file, read anew whenever it was replaced; many threads may ask."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()
        self._mark: tuple[int, ...] | None = None
        self._tokens: Mapping[str, KeptToken] = {}

    def known(self, token: TokenText) -> KeptToken | None:
        """Return what is kept of a token, whatever its state; None for one that is not known.

        Raises CannotTell where the file can't be read or trusted: nobody is let in by what it said before.
        """
        kept = self.tokens().get(token.id)
        # An unknown id takes as long as a wrong secret.
        return kept if is_of(token, kept.sha256 if kept else "0" * 64) else None

    def tokens(self) -> Mapping[str, KeptToken]:
        """Return the tokens by id; none where there is no file. Raises CannotTell as `known` does."""
        with self._lock:
            try:
                mark = _mark(self.path)
                if mark != self._mark:
                    self._tokens, self._mark = read_tokens(self.path), mark
            except (OSError, InvalidFile, Refused) as error:
                self._mark = None
                raise CannotTell(f"the file of tokens can't be used: {error}", hint=_HINT) from error
            return self._tokens


def read_tokens(path: Path) -> dict[str, KeptToken]:
    """Return the tokens that a file keeps, by id; none where there is no file.

    Raises InvalidFile for a file that is none of tokens, Refused for one that others may write.
    """
    try:
        with path.open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            data = file.read(_LONGEST + 1)
    except FileNotFoundError:
        return {}
    if mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise Refused(f"others may write {path}", hint=f"chmod 600 {path}")
    try:
        tokens = _kept_tokens(json.loads(data) if len(data) <= _LONGEST else {})
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise InvalidFile(f"it is no file of tokens: {error}", path=str(path), hint=_HINT) from error
    return {token.id: token for token in tokens}


def add_token(path: Path, kept: KeptToken) -> None:
    """Add a token to a file, which is made where there is none, for its owner's eyes alone. Raises as
    `read_tokens`, Refused where the system forbids it."""
    with _changing(path) as tokens:
        tokens[kept.id] = kept


def revoke_token(path: Path, token_id: str) -> KeptToken:
    """Revoke a token and return what is kept of it: services refuse it from the next request on.

    Raises NotFound where there is none of that id, AlreadySo where it is revoked, and as `add_token`.
    """
    with _changing(path) as tokens:
        if token_id not in tokens:
            raise NotFound(f"there is no token {token_id[:60]!r}", hint=nearest(token_id, [*tokens]))
        if tokens[token_id].revoked is not None:
            raise AlreadySo(f"{token_id} is revoked since {tokens[token_id].revoked}")
        tokens[token_id] = replace(tokens[token_id], revoked=time_now())
        return tokens[token_id]


@contextmanager
def _changing(path: Path) -> Iterator[dict[str, KeptToken]]:
    """Give the tokens of a file, alone, and write what becomes of them, whole or not at all."""
    path = path.resolve()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock = os.open(path.with_name(f"{path.name}.lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise Refused(
            f"{path}: {error.strerror}", hint="Name a file that you may write: --tokens FILE"
        ) from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        tokens = read_tokens(path)
        yield tokens
        entries = [_entry(token) for token in tokens.values()]
        text = json.dumps({"rollbook_tokens": _FORMAT, "tokens": entries}, indent=2)
        _replace(path, f"{text}\n".encode())
    finally:
        os.close(lock)


def _replace(path: Path, data: bytes) -> None:
    temporary = path.with_name(f".{secrets.token_hex(16)}.rollbook")
    try:
        with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError as error:
        raise Refused(
            f"{path}: {error.strerror}", hint="Check the free space and the permissions."
        ) from error
    finally:
        with suppress(FileNotFoundError):
            temporary.unlink()


def _entry(token: KeptToken) -> dict[str, Any]:
    return {name: value for name, value in asdict(token).items() if value not in (None, (), "")}


def _kept_tokens(document: Any) -> list[KeptToken]:
    if document["rollbook_tokens"] != _FORMAT:
        raise ValueError("its format is unknown")
    return [_kept(entry) for entry in document["tokens"]]


def _kept(entry: Mapping[str, Any]) -> KeptToken:
    """Read an entry. Raises ValueError, TypeError or KeyError for one that says less or other than it must:
    a limit that isn't understood must not be left out."""
    unknown = set(entry) - set(KeptToken.__dataclass_fields__)
    texts = {name: entry.get(name, "") for name in ("subject", "name", "note", "created")}
    expires, revoked = entry.get("expires"), entry.get("revoked")
    token = KeptToken(
        id=entry["id"],
        sha256=entry["sha256"],
        scopes=tuple(Right(scope) for scope in entry["scopes"]),
        models=tuple(entry.get("models", ())),
        registries=tuple(entry.get("registries", ())),
        expires=expires,
        revoked=revoked,
        **texts,
    )
    is_sound = (
        not unknown
        and ID.fullmatch(token.id)
        and len(bytes.fromhex(token.sha256)) == 32
        and all(isinstance(text, str) for text in (*texts.values(), *token.registries))
        and token.subject
        and all(map(is_model_pattern, token.models))
        and isinstance(entry.get("models", []), list)
        and isinstance(entry.get("registries", []), list)
        and (expires is None or time_seconds(expires) > 0)
        and (revoked is None or isinstance(revoked, str))
    )
    if not is_sound:
        raise ValueError(f"the token {str(entry['id'])[:20]!r} can't be understood")
    return token


def _mark(path: Path) -> tuple[int, ...]:
    try:
        found = path.stat()
    except FileNotFoundError:
        return ()
    return (found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)
