"""Telling the story in a directory: the stage is empty before, and is kept afterwards."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import click
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from rollbook.cli.demo.cast import RELEASE_KEY
from rollbook.cli.demo.scene import Figures
from rollbook.cli.demo.shell import tell
from rollbook.cli.demo.story import opening, plot
from rollbook.errors import BadCall
from rollbook.text import printable

NEEDED = ("scikit-learn", "joblib", "skl2onnx", "onnxruntime", "model-signing")


def perform(directory: Path | None = None) -> Path:
    """Tell the story in `directory`, a new temporary one when None; return its absolute path.

    Raises BadCall when a package or ssh-keygen is missing or the directory is not empty, RollbookError
    when a step does not go as told; what was written until then stays.
    """
    _require_packages()
    _require_keys()
    root = _empty_directory(directory)
    click.echo(f"The story of a small model registry, told in {printable(str(root))}\n")
    kept: dict[str, str] = {}
    chapters = opening(_signing_key(root / RELEASE_KEY))
    for number, chapter in enumerate(chapters, 1):
        tell(chapter, root, number, kept)
    for number, chapter in enumerate(plot(_figures(root / "training")), len(chapters) + 1):
        tell(chapter, root, number, kept)
    return root


def _require_packages() -> None:
    for package in NEEDED:
        try:
            version(package)
        except PackageNotFoundError as error:
            raise BadCall(
                f"the demo trains real models with {package}, which is not installed",
                hint="pip install 'rollbook[demo]'",
            ) from error


def _require_keys() -> None:
    if shutil.which("ssh-keygen") is None:
        raise BadCall(
            "the demo signs an approval with ssh-keygen, which is not installed",
            hint="Install OpenSSH's client: apt install openssh-client, or brew install openssh",
        )


def _empty_directory(directory: Path | None) -> Path:
    if directory is None:
        return Path(tempfile.mkdtemp(prefix="rollbook-demo-")).resolve()
    root = directory.resolve()
    if root.exists() and (not root.is_dir() or any(root.iterdir())):
        what = "is not empty" if root.is_dir() else "is not a folder"
        raise BadCall(f"{root} {what}", hint="Name a new or empty folder, or none at all.")
    root.mkdir(parents=True, exist_ok=True)
    return root


def _signing_key(path: Path) -> str:
    """Make the key that signs models; return its public half (PEM)."""
    key = ec.generate_private_key(ec.SECP256R1())
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(private)
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def _figures(training: Path) -> Figures:
    def auc(name: str) -> float:
        metrics = json.loads((training / name / "metrics.json").read_text(encoding="utf-8"))
        return float(metrics["auc"])

    stored = hashlib.md5((training / "shuffled/model.pkl").read_bytes(), usedforsecurity=False).hexdigest()
    return Figures(version("scikit-learn"), auc("logistic"), auc("boosting"), auc("shuffled"), stored)
