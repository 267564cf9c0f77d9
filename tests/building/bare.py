"""A bare repository that `git fast-import` fills: any path, mode and text can stand in a commit."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rollbook.git.repository import Repository, discover

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

START = 1_767_225_600  # 2026-01-01, Unix time

# A file: its text, or its git mode and bytes. A submodule's bytes are the commit it names.
File = str | tuple[str, bytes]


@dataclass
class Bare:
    """A bare repository. Nothing is checked that is put into it."""

    directory: Path

    @property
    def repository(self) -> Repository:
        return discover(self.directory)

    def git(self, *arguments: str, stdin: bytes = b"") -> str:
        """Run git here and return its output without the last line break; fail the test when git fails."""
        command = ["git", "-C", str(self.directory), *arguments]
        done = subprocess.run(command, input=stdin, capture_output=True)
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout.decode().rstrip("\n")

    def put(
        self,
        ref: str,
        files: Mapping[str, File | None],
        *,
        parents: Sequence[str] = (),
        whole: bool = False,
        who: str = "Jane <jane@example.com>",
        at: int = START,
        message: str = "x",
    ) -> str:
        """Let `ref` name a new commit in which these files are written (None: removed), and return its id.

        The other files are those of the first parent; there are none when `whole`. `at` is Unix time.
        """
        words = message.encode()
        parts = [
            f"commit {ref}\nmark :1\ncommitter {who} {at} +0000\ndata {len(words)}\n".encode(),
            words,
            b"\n",
            *(f"{'merge' if number else 'from'} {name}\n".encode() for number, name in enumerate(parents)),
            b"deleteall\n" if whole else b"",
            *(_change(path, content) for path, content in files.items()),
            b"\nget-mark :1\n",
        ]
        return self.git("fast-import", "--quiet", "--force", stdin=b"".join(parts))


def _change(path: str, content: File | None) -> bytes:
    quoted = '"' + "".join(f"\\{byte:03o}" for byte in path.encode(errors="surrogateescape")) + '"'
    if content is None:
        return f"D {quoted}\n".encode()
    mode, data = ("100644", content.encode()) if isinstance(content, str) else content
    if mode == "160000":
        return f"M {mode} {data.decode()} {quoted}\n".encode()
    return f"M {mode} inline {quoted}\ndata {len(data)}\n".encode() + data + b"\n"
