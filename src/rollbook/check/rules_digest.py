"""The digest of everything that decides what the check says of given files: code, schemas, interpreter."""

from __future__ import annotations

import hashlib
import os
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_PACKAGE = Path(__file__).resolve().parents[1]
# Where `rollbook.schema.schemas` may find them.
_SCHEMAS = (_PACKAGE / "schemas", _PACKAGE.parents[1] / "schemas")


def rules_digest() -> str:
    """Return a digest in hexadecimal that is another one whenever the check might judge differently."""
    digest = hashlib.sha256(f"{sys.version}\0{sys.platform}\0".encode())
    for root, suffix in ((_PACKAGE, ".py"), *((folder, ".json") for folder in _SCHEMAS if folder.is_dir())):
        for path in sorted(_files(str(root), suffix)):
            digest.update(f"{path}\0".encode(errors="surrogateescape"))
            digest.update(hashlib.sha256(Path(path).read_bytes()).digest())
    for library in _libraries():
        facts = library.stat()
        digest.update(f"{library}\0{facts.st_size}\0{facts.st_mtime_ns}\0".encode(errors="surrogateescape"))
    return digest.hexdigest()


def _files(directory: str, suffix: str) -> list[str]:
    paths = []
    with os.scandir(directory) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                paths += _files(entry.path, suffix)
            elif entry.name.endswith(suffix):
                paths.append(entry.path)
    return paths


def _libraries() -> Iterator[Path]:
    """PyYAML's files and libyaml with its binding, which say what a YAML file means, and what judges it."""
    for name in ("yaml", "jsonschema_rs"):
        spec = find_spec(name)
        if spec is not None and spec.origin is not None:
            folder = Path(spec.origin).parent
            yield from sorted(path for path in folder.iterdir() if path.suffix in (".py", ".so", ".pyd"))
