"""Judging SSH signatures: ssh-keygen says who may sign, by its exit code; never by its words.

What ssh-keygen says of a key in a list of allowed signers depends on the key, the list, the namespace and the
moment, and on nothing else in a signature. So it is asked once for all signatures that agree in these, about
one of them; that each of the others is a signature of its bytes is checked in this process.
"""

from __future__ import annotations

import base64
import re
import threading
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from rollbook.errors import CannotTell
from rollbook.git.config import path_setting, ssh_program
from rollbook.signing.ssh_keygen import ask, verify_time
from rollbook.signing.sshsig import is_signature_of, public_key, unarmoured
from rollbook.signing.verdict import Judgement, SignatureVerdict

if TYPE_CHECKING:
    from collections.abc import Sequence
    from concurrent.futures import Executor

    from rollbook.git.repository import Repository
    from rollbook.signing.verdict import Signed

_LAST_SECOND = 253_402_300_799  # of the year 9999
_PATTERN = frozenset("*?!")
_DATED = re.compile(rb"valid-", re.IGNORECASE)
_DATE = re.compile(rb'valid-(?:after|before)="(\d{8}(?:\d{4}(?:\d\d)?)?)(Z?)"', re.IGNORECASE)
# A date without a zone is in the local one, and no zone is farther than this from UTC.
_ZONES = timedelta(hours=26).total_seconds()


class _Question(NamedTuple):
    """What ssh-keygen's word on a key depends on. `phase` tells how many of the list's dates have gone by."""

    key: bytes
    namespace: str
    principal: str
    roots: tuple[bytes, ...]
    phase: tuple[int, ...]


def _revoked_keys(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise CannotTell(
            f"the list of revoked keys {path} can't be read: {error.strerror}",
            hint="It is named in git's configuration: gpg.ssh.revocationFile.",
        ) from error


class SshJudge:
    """Judges by `ssh-keygen -Y verify`, its input in a directory that goes when all are judged."""

    def __init__(self, repository: Repository | None, directory: Path) -> None:
        self._directory = directory
        self._program = ssh_program(repository) if repository else "ssh-keygen"
        revoked = path_setting(repository, "gpg.ssh.revocationFile") if repository else None
        self._revoked = ["-r", revoked] if revoked else []
        self.revoked = _revoked_keys(Path(revoked)) if revoked else b""
        self._allowed: dict[bytes, Path] = {}
        self._lock = threading.Lock()

    def verdicts(self, signed: Sequence[Signed], pool: Executor) -> list[SignatureVerdict]:
        """Return a verdict on each of `signed`, in order. Raises CannotTell when ssh-keygen can't be
        started.
        """
        by_place: dict[int, SignatureVerdict] = {}
        groups: dict[_Question, list[int]] = {}
        alone: list[int] = []
        for place, item in enumerate(signed):
            question = _question(item)
            if question is None:
                alone.append(place)
            else:
                groups.setdefault(question, []).append(place)
        first = [places[0] for places in groups.values()] + alone
        by_place.update(zip(first, pool.map(self.verdict, (signed[place] for place in first)), strict=True))
        rest: list[int] = []
        for places in groups.values():
            verdict = by_place[places[0]]
            for place in places[1:]:
                if verdict.judgement is Judgement.GOOD:
                    by_place[place] = verdict
                elif verdict.judgement is Judgement.NOT_ALLOWED:
                    by_place[place] = _not_allowed(signed[place])
                else:
                    rest.append(place)
        by_place.update(zip(rest, pool.map(self.verdict, (signed[place] for place in rest)), strict=True))
        return [by_place[place] for place in range(len(signed))]

    def verdict(self, item: Signed) -> SignatureVerdict:
        """Return what ssh-keygen says of one."""
        blob = unarmoured(item.signature)
        key = public_key(blob) if blob else None
        if key is None:
            return SignatureVerdict(
                Judgement.BROKEN, why="its signature is not written as ssh-keygen writes one"
            )
        if not item.roots:
            why = "nothing said then, or says since, which keys may sign: there is no list of allowed signers"
            return SignatureVerdict(Judgement.UNKNOWN, why=why)
        signature = self._directory / f"{threading.get_ident()}.sig"
        signature.write_text(item.signature, encoding="utf-8", errors="surrogateescape")
        at = _moment(item)
        about = ("-n", item.namespace, "-s", str(signature))
        for content in item.roots:
            allowed = self._file(content)
            names = self._principals(content, allowed, signature, key, at)
            for principal in [item.principal] if item.principal else names:
                question = ("verify", "-f", str(allowed), "-I", principal, *about, *verify_time(at))
                if ask(self._program, *question, *self._revoked, data=item.payload).returncode == 0:
                    return SignatureVerdict(Judgement.GOOD, principal)
        if ask(self._program, "check-novalidate", *about, data=item.payload).returncode == 0:
            return _not_allowed(item)
        return SignatureVerdict(Judgement.BROKEN, why="its signature is not one over this tag")

    def _file(self, content: bytes) -> Path:
        with self._lock:
            if content not in self._allowed:
                path = self._directory / f"allowed-{len(self._allowed)}"
                path.write_bytes(content)
                self._allowed[content] = path
            return self._allowed[content]

    def _principals(
        self, content: bytes, allowed: Path, signature: Path, key: bytes, at: datetime
    ) -> Sequence[str]:
        """Those whom the list may give the key to; ssh-keygen says then whether it does."""
        texts = content.decode(errors="replace").split("\n")
        lines = [line.split() for line in texts if line.strip()]
        text = base64.b64encode(key).decode()
        fields = [line[0].strip('"') for line in lines if text in line[1:] and not line[0].startswith("#")]
        names = [name for field in fields for name in field.split(",") if name]
        if names and not any(_PATTERN & set(name) for name in names):
            return tuple(dict.fromkeys(names))
        question = ("find-principals", "-f", str(allowed), "-s", str(signature), *verify_time(at))
        done = ask(self._program, *question)
        return [] if done.returncode else done.stdout.decode(errors="replace").split("\n")[:-1]


def _moment(item: Signed) -> datetime:
    return datetime.fromtimestamp(min(max(item.at, 0), _LAST_SECOND), UTC)


def _not_allowed(item: Signed) -> SignatureVerdict:
    why = f"by a key that nobody was allowed to sign with at {_moment(item):%Y-%m-%dT%H:%M:%SZ} or may now"
    return SignatureVerdict(Judgement.NOT_ALLOWED, why=why)


def _question(item: Signed) -> _Question | None:
    """Return what ssh-keygen is to be asked about a signature that is sound; None where it is to be asked
    about this very one, because that can't be told here.
    """
    blob = unarmoured(item.signature) or b""
    key, phase = public_key(blob), _phase(item)
    if key is None or phase is None or not item.roots:
        return None
    if not is_signature_of(blob, item.payload, item.namespace):
        return None
    return _Question(key, item.namespace, item.principal, item.roots, phase)


def _phase(item: Signed) -> tuple[int, ...] | None:
    """Of each date in the lists, whether the moment is before or after it; None where that isn't clear."""
    sides: list[int] = []
    at = _moment(item).timestamp()
    for content in item.roots:
        dates = _dates(content)
        if dates is None or any(abs(at - date) <= doubt for date, doubt in dates):
            return None
        sides += [int(at > date) for date, _ in dates]
    return tuple(sides)


@lru_cache(maxsize=64)
def _dates(content: bytes) -> list[tuple[float, float]] | None:
    """Return the moments at which a list begins or ends to allow a key (Unix time, seconds), each with how
    far it may be from there; None where one is written in a way that is not known here.
    """
    written = _DATE.findall(content)
    if len(written) != len(_DATED.findall(content)):
        return None
    try:
        return [(_seconds(digits.decode()), 1 if zone else _ZONES) for digits, zone in written]
    except ValueError:
        return None


def _seconds(digits: str) -> float:
    return datetime.strptime(f"{digits:0<14}Z", "%Y%m%d%H%M%S%z").timestamp()
