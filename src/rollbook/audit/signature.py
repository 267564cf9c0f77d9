"""Judging the signatures of many tags: by the exit code of the program that knows them, never by its words.

A signature is judged for the moment that its event landed on main, whatever date the tagger gave: else a
back-dated tag would revive a key that has expired. Formats: https://git-scm.com/docs/gitformat-signature,
https://github.com/openssh/openssh-portable/blob/master/PROTOCOL.sshsig.
"""

from __future__ import annotations

import base64
import binascii
import os
import subprocess
import tempfile
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from rollbook.audit.openpgp import openpgp_verdict
from rollbook.audit.trust import digest
from rollbook.audit.verdict import Judgement, Verdict
from rollbook.errors import CannotTell
from rollbook.git.process import clean_environment
from rollbook.ssh import verify_command

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rollbook.audit.cache import VerifiedSignatures
    from rollbook.audit.verdict import Signed
    from rollbook.git.repository import Repository

_SSH_HEAD, _SSH_TAIL = "-----BEGIN SSH SIGNATURE-----\n", "\n-----END SSH SIGNATURE-----\n"
_PGP_HEAD = "-----BEGIN PGP SIGNATURE-----\n"
_MAGIC = b"SSHSIG\0\0\0\x01"
_LINE = 70
_LAST_SECOND = 253_402_300_799  # of the year 9999
_PATTERN = frozenset("*?!")


def judge(repository: Repository, signed: Sequence[Signed], known: VerifiedSignatures) -> list[Verdict]:
    """A verdict on each of `signed`, in order. What is good is added to `known`, and not judged again.

    Raises CannotTell when the program that judges can't be started.
    """
    roots = {item.roots: "" for item in signed}
    with tempfile.TemporaryDirectory(prefix="rollbook-") as directory:
        ssh = _SshJudge(repository, Path(directory))
        for contents in roots:
            roots[contents] = digest((*contents, ssh.revoked))

        def verdict(item: Signed) -> Verdict:
            if not item.signature.startswith(_SSH_HEAD):
                return _openpgp(repository, item, Path(directory))
            principal = known.principal(item.oid, roots[item.roots], item.at)
            return Verdict(Judgement.GOOD, principal) if principal else ssh.verdict(item)

        with ThreadPoolExecutor(min(4, os.cpu_count() or 1)) as pool:
            verdicts = list(pool.map(verdict, signed))
    for item, found in zip(signed, verdicts, strict=True):
        if found.judgement is Judgement.GOOD and item.signature.startswith(_SSH_HEAD):
            known.add(item.oid, roots[item.roots], item.at, found.principal)
    return verdicts


def _openpgp(repository: Repository, item: Signed, directory: Path) -> Verdict:
    if not item.signature.startswith(_PGP_HEAD):
        return Verdict(Judgement.UNKNOWN, why="its signature is of a kind that Rollbook does not know")
    if item.only_ssh:
        return Verdict(Judgement.NOT_ALLOWED, why="by an OpenPGP key, which no list of SSH keys can allow")
    program = repository.config("gpg.openpgp.program") or repository.config("gpg.program") or "gpg"
    with tempfile.NamedTemporaryFile("w", dir=directory, encoding="utf-8", errors="surrogateescape") as file:
        file.write(item.signature)
        file.flush()
        return openpgp_verdict(program, Path(file.name), item.payload, item.at)


class _SshJudge:
    """Runs `ssh-keygen -Y verify`, its input in a directory that goes when all are judged."""

    def __init__(self, repository: Repository, directory: Path) -> None:
        self._directory = directory
        self._program = repository.config("gpg.ssh.program") or "ssh-keygen"
        revoked = repository.config("gpg.ssh.revocationFile", kind="path")
        self._revoked = ["-r", revoked] if revoked else []
        self.revoked = Path(revoked).read_bytes() if revoked else b""
        self._allowed: dict[bytes, Path] = {}
        self._lock = threading.Lock()

    def verdict(self, item: Signed) -> Verdict:
        key = _public_key(item.signature)
        if key is None:
            return Verdict(Judgement.BROKEN, why="its signature is not written as ssh-keygen writes one")
        if not item.roots:
            why = "nothing said then, or says since, which keys may sign: there is no list of allowed signers"
            return Verdict(Judgement.UNKNOWN, why=why)
        stem = self._directory / f"{threading.get_ident()}"
        signature, payload = stem.with_suffix(".sig"), stem.with_suffix(".data")
        signature.write_text(item.signature, encoding="utf-8", errors="surrogateescape")
        payload.write_bytes(item.payload)
        at = datetime.fromtimestamp(min(max(item.at, 0), _LAST_SECOND), UTC)
        for content in item.roots:
            allowed = self._file(content)
            names = self._principals(content, allowed, signature, key, at)
            for principal in [item.principal] if item.principal else names:
                command = verify_command(allowed, signature, principal, item.namespace, at, self._program)
                if self._exit_code([*command, *self._revoked], payload) == 0:
                    return Verdict(Judgement.GOOD, principal)
        command = [self._program, "-Y", "check-novalidate", "-n", item.namespace, "-s", str(signature)]
        if self._exit_code(command, payload) == 0:
            why = f"by a key that nobody was allowed to sign with at {at:%Y-%m-%dT%H:%M:%SZ} or may now"
            return Verdict(Judgement.NOT_ALLOWED, why=why)
        return Verdict(Judgement.BROKEN, why="its signature is not one over this tag")

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
        lines = (line.split() for line in content.decode(errors="replace").splitlines())
        text = base64.b64encode(key).decode()
        fields = [line[0].strip('"') for line in lines if text in line[1:] and not line[0].startswith("#")]
        names = [name for field in fields for name in field.split(",") if name]
        if names and not any(_PATTERN & set(name) for name in names):
            return tuple(dict.fromkeys(names))
        moment = f"-Overify-time={at:%Y%m%d%H%M%S}Z"
        command = [self._program, "-Y", "find-principals", "-f", str(allowed), "-s", str(signature), moment]
        found = subprocess.run(command, capture_output=True, env=clean_environment())
        return [] if found.returncode else found.stdout.decode(errors="replace").split()

    def _exit_code(self, command: list[str], stdin: Path) -> int:
        try:
            with stdin.open("rb") as file:
                process = subprocess.Popen(
                    command,
                    stdin=file,
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                    env=clean_environment(),
                )
                return process.wait()
        except OSError as error:
            raise CannotTell(
                f"can't run {self._program} to verify signatures: {error.strerror}",
                hint="Install OpenSSH's client.",
            ) from error


def _public_key(armoured: str) -> bytes | None:
    """The public key inside an SSH signature; None unless it is written the one way ssh-keygen writes it."""
    body = armoured.removeprefix(_SSH_HEAD).removesuffix(_SSH_TAIL)
    try:
        blob = base64.b64decode(body.replace("\n", ""), validate=True)
    except (binascii.Error, ValueError):
        return None
    text = base64.b64encode(blob).decode()
    lines = "\n".join(text[start : start + _LINE] for start in range(0, len(text), _LINE))
    start = len(_MAGIC) + 4
    length = int.from_bytes(blob[len(_MAGIC) : start], "big")
    is_whole = blob.startswith(_MAGIC) and 0 < length <= len(blob) - start
    return blob[start : start + length] if is_whole and armoured == _SSH_HEAD + lines + _SSH_TAIL else None
