"""What files of attributes say of paths, as git reads them (https://git-scm.com/docs/gitattributes)."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from rollbook.git.process import fields, git
from rollbook.git.repository import new_bare

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


def attributes_of(files: Mapping[str, bytes], paths: Iterable[str]) -> dict[str, dict[str, str]]:
    """Return each path's attributes by name, where it has any, as `files` of attributes by their path say;
    neither the user's nor the repository's own have a part in it. Values are git's: `set`, `unset` or a text.
    """
    with tempfile.TemporaryDirectory(prefix="rollbook-") as place:
        root = Path(place)
        new_bare(root / ".git", {"core.bare": "false"})
        for path, data in files.items():
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_bytes(data)
        listed = fields(
            git(
                root,
                *("-c", f"core.attributesFile={os.devnull}", "check-attr", "-z", "--all", "--stdin"),
                stdin="".join(f"{path}\0" for path in paths).encode(errors="surrogateescape"),
                variables={"GIT_ATTR_NOSYSTEM": "1"},
            )
        )
    attributes: dict[str, dict[str, str]] = {}
    for path, name, value in zip(listed[::3], listed[1::3], listed[2::3], strict=True):
        attributes.setdefault(path, {})[name] = value
    return attributes
