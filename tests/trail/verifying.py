"""A recorded history, the things that can be done to its tags, and what `audit verify` says of them."""

from __future__ import annotations

import hashlib
import subprocess
from typing import TYPE_CHECKING

from building.texts import stages
from building.world import git
from rollbook.trail.record import record
from rollbook.trail.verify import verify

from .histories import History, new_history, registration

if TYPE_CHECKING:
    from pathlib import Path

    from rollbook.trail.verification import Verification

STAGES = "registry/credit/stages.yaml"
CHAIN = ["credit@v1.0.0", "credit#staging#2", "credit#staging!#3", "credit#production#4", "fraud@v1.0.0"]


def landed_history(directory: Path) -> History:
    """Five events, of two models."""
    history = new_history(directory)
    history.commit(registration("credit", "1.0.0"))
    history.commit({STAGES: stages(staging=["1.0.0"])})
    history.commit({STAGES: stages(production=["1.0.0"])})
    history.commit(registration("fraud", "1.0.0"))
    return history


def recorded_history(directory: Path) -> History:
    """The same, recorded, and verified: what is done next is held against what is remembered of that."""
    history = landed_history(directory)
    assert [event.tag for event in record(history.repository)] == CHAIN
    assert verified(history).result == "verified"
    return history


def codes(found: Verification) -> list[tuple[str, str]]:
    return [(item.code, item.tag) for item in found.contradictions]


def verified(history: History, **options: object) -> Verification:
    return verify(history.repository, **options)  # type: ignore[arg-type]


def tag_bytes(history: History, name: str) -> bytes:
    return subprocess.run(
        ["git", "cat-file", "tag", name], cwd=history.directory, capture_output=True, check=True
    ).stdout


def put(history: History, name: str, data: bytes) -> str:
    """Make the ref `name` point at a tag object of these bytes."""
    command = ["git", "hash-object", "-t", "tag", "-w", "--literally", "--stdin"]
    made = subprocess.run(command, cwd=history.directory, input=data, capture_output=True, check=True)
    oid = made.stdout.decode().strip()
    assert oid == object_id(data)
    ref = history.directory / "refs" / "tags" / name
    ref.parent.mkdir(parents=True, exist_ok=True)
    ref.write_text(f"{oid}\n")  # git update-ref refuses what it can't parse
    return oid


def object_id(data: bytes) -> str:
    return hashlib.sha1(b"tag %d\0" % len(data) + data, usedforsecurity=False).hexdigest()


def replaced(history: History, name: str, old: str, new: str) -> str:
    """Change a tag's text."""
    data = tag_bytes(history, name)
    assert old.encode() in data
    return put(history, name, data.replace(old.encode(), new.encode()))


def ssh_key(folder: Path, name: str = "key") -> Path:
    path = folder / name
    if not path.exists():
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(path)], check=True)
    return path


def public(key: Path) -> str:
    return " ".join(key.with_suffix(".pub").read_text().split()[:2])


def sign_with(history: History, key: Path) -> None:
    for name, value in {"gpg.format": "ssh", "user.signingKey": str(key)}.items():
        git(history.directory, "config", name, value)


def signed_by(key: Path, payload: bytes) -> bytes:
    command = ["ssh-keygen", "-Y", "sign", "-n", "git", "-f", str(key)]
    done = subprocess.run(command, input=payload, capture_output=True, check=True)
    return payload + done.stdout
