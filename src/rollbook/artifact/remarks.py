"""What a person may not expect of the files that make an artifact: links followed, folders left out, files
that DVC would pass over or that a desktop left behind."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from rollbook.artifact.artifact_files import ArtifactSource

_SHOWN = 3
# What systems, editors and interpreters leave in a folder on their own.
_LITTER = re.compile(
    r"(?:.*/)?(?:\.DS_Store|Thumbs\.db|desktop\.ini|\._[^/]*|[^/]*~|\.[^/]*\.sw[a-p]|"
    r"(?:__pycache__|\.ipynb_checkpoints|__MACOSX|\.git|\.svn)/.*|\.directory|\.Trash-[^/]*/.*)",
    re.IGNORECASE,
)


def remarks(source: ArtifactSource) -> Iterator[str]:
    """Yield a sentence for each kind of thing that a person should know of these files."""
    if source.links:
        shown = _few([f"{link} -> {target}" for link, target in source.links])
        yield f"links were followed, and what they lead to is registered: {shown}"
    if source.empty:
        yield f"left out, for no file is in it: {_few(source.empty)}"
    paths = [file.path for file in source.files] if source.is_directory else []
    if litter := [path for path in paths if _LITTER.fullmatch(path)]:
        yield f"part of the artifact, though a system or an editor left it there: {_few(litter)}"
    if ignored := _ignored(source.root, paths):
        yield f"part of the artifact, though .dvcignore would leave it out: {_few(ignored)}"


def _few(items: Sequence[str]) -> str:
    more = len(items) - _SHOWN
    return ", ".join(items[:_SHOWN]) + (f" and {more} more" if more > 0 else "")


def _ignored(root: Path, paths: Sequence[str]) -> list[str]:
    """Those of the files below `root` that the `.dvcignore` of the DVC project around it would leave out."""
    folder = root.absolute()
    project = next((place for place in (folder, *folder.parents) if (place / ".dvc").is_dir()), None)
    if project is None or not paths or not _has_rules(project, folder):
        return []
    from dvc.fs import localfs
    from dvc.ignore import DvcIgnoreFilter

    rules = DvcIgnoreFilter(localfs, str(project))
    if rules.is_ignored_dir(str(folder)):
        return []
    return [path for path in paths if rules.is_ignored_file(str(folder / path))]


def _has_rules(project: Path, folder: Path) -> bool:
    """Whether a `.dvcignore` that says something stands on the way from `project` to `folder`."""
    places = [place for place in (folder, *folder.parents) if place.is_relative_to(project)]
    files = [place / ".dvcignore" for place in places]
    return any(file.is_file() and file.read_bytes().strip() for file in files)
