"""Pickles written opcode by opcode, as no program writes them; and the scan of bytes."""

from __future__ import annotations

import io
import pickle
import tarfile
import zipfile
from typing import TYPE_CHECKING

from rollbook.artifact.scan.stored_scan import scan_path

if TYPE_CHECKING:
    from pathlib import Path

    from rollbook.artifact.scan.verdict import ScanReport


def scanned(folder: Path, data: bytes, name: str = "model.pkl", allow: tuple[str, ...] = ()) -> ScanReport:
    """Scan bytes as a file of a name."""
    path = folder / name
    path.write_bytes(data)
    return scan_path(path, allow)


def call(module: str, name: str, *arguments: object) -> bytes:
    """Return a pickle that calls a function with plain arguments."""
    return b"\x80\x04" + pushed(module, name) + plain(tuple(arguments)) + b"R."


def pushed(module: str, name: str) -> bytes:
    """Return the opcodes that import a name."""
    return text(module) + text(name) + b"\x93"


def text(value: str) -> bytes:
    """Return the opcode of a text."""
    data = value.encode()
    return b"\x8c" + bytes([len(data)]) + data


def plain(value: object) -> bytes:
    """Return the opcodes of plain data, without header and end."""
    return pickle.dumps(value, 3)[2:-1]


def zipped(members: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """Return a zip archive."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return buffer.getvalue()


def tarred(members: dict[str, bytes]) -> bytes:
    """Return a tar archive."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, data in members.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))
    return buffer.getvalue()
