"""Judging the signatures of many tags: by the programs that know them.

A signature is judged for the moment that its event landed on main, whatever date the tagger gave: else a
back-dated tag would revive a key that has expired. Formats: https://git-scm.com/docs/gitformat-signature,
https://github.com/openssh/openssh-portable/blob/master/PROTOCOL.sshsig.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

from rollbook.git.config import openpgp_program
from rollbook.signing.openpgp import openpgp_verdict
from rollbook.signing.ssh_judge import SshJudge
from rollbook.signing.sshsig import ARMOUR
from rollbook.signing.verdict import Judgement, SignatureVerdict

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rollbook.git.repository import Repository
    from rollbook.signing.verdict import Signed
    from rollbook.signing.verified_signatures import VerifiedSignatures

_PGP_HEAD = "-----BEGIN PGP SIGNATURE-----\n"


def judge(
    repository: Repository | None, signed: Sequence[Signed], known: VerifiedSignatures | None = None
) -> list[SignatureVerdict]:
    """Judge each of `signed`, in order. What is good is added to `known`, and not judged again.

    The repository's configuration names the programs that judge, and revoked keys.

    Raises CannotTell when the program that judges can't be started.
    """
    roots = {item.roots: "" for item in signed}
    verdicts: dict[int, SignatureVerdict] = {}
    with tempfile.TemporaryDirectory(prefix="rollbook-") as directory:
        ssh = SshJudge(repository, Path(directory))
        for contents in roots:
            roots[contents] = _digest((*contents, ssh.revoked))
        by_ssh = [place for place, item in enumerate(signed) if item.signature.startswith(ARMOUR)]
        for place in by_ssh:
            item = signed[place]
            principal = known.principal(item.oid, roots[item.roots], item.at) if known else None
            if principal:
                verdicts[place] = SignatureVerdict(Judgement.GOOD, principal)
        with ThreadPoolExecutor(min(4, os.cpu_count() or 1)) as pool:
            new = [place for place in by_ssh if place not in verdicts]
            judged = ssh.verdicts([signed[place] for place in new], pool)
            for place, verdict in zip(new, judged, strict=True):
                verdicts[place] = verdict
                if known and verdict.judgement is Judgement.GOOD:
                    item = signed[place]
                    known.add(item.oid, roots[item.roots], item.at, verdict.principal)
            others = [place for place in range(len(signed)) if place not in verdicts]
            program = openpgp_program(repository) if others and repository else "gpg"
            told = pool.map(lambda place: _openpgp(program, signed[place], Path(directory)), others)
            verdicts.update(zip(others, told, strict=True))
    return [verdicts[place] for place in range(len(signed))]


def _openpgp(program: str, item: Signed, directory: Path) -> SignatureVerdict:
    if not item.signature.startswith(_PGP_HEAD):
        return SignatureVerdict(
            Judgement.UNKNOWN, why="its signature is of a kind that Rollbook does not know"
        )
    if item.only_ssh:
        return SignatureVerdict(
            Judgement.NOT_ALLOWED, why="by an OpenPGP key, which no list of SSH keys can allow"
        )
    with tempfile.NamedTemporaryFile("w", dir=directory, encoding="utf-8", errors="surrogateescape") as file:
        file.write(item.signature)
        file.flush()
        return openpgp_verdict(program, Path(file.name), item.payload, item.at)


def _digest(contents: Sequence[bytes]) -> str:
    """Return what tells one set of contents from another: SHA-256, hexadecimal."""
    return hashlib.sha256(b"".join(hashlib.sha256(content).digest() for content in contents)).hexdigest()
