"""Which symbolic links an artifact may be reached through, or be made of."""

from __future__ import annotations

import re
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

# An object of DVC's cache by its place (https://dvc.org/doc/user-guide/project-structure/internal-files), in
# a shared cache of DVC 3 and in a project's own before it.
_DVC_OBJECT = re.compile(r".*/(?:files/md5|\.dvc/cache)/[0-9a-f]{2}/[0-9a-f]{30}")
_HUB_MODEL = "models--"


class LinkRule(Enum):
    """Which links are followed: none; those into a cache of models; also the one that a person names; all."""

    NONE = "none"
    CACHED = "cached"
    NAMED = "named"
    ALL = "all"


def is_cached(link: Path, target: Path) -> bool:
    """Whether the file `target`, where `link` ends, is kept by what made the link: an object of a DVC cache,
    or a blob of the model in the Hugging Face Hub's cache that the link is a part of."""
    if _DVC_OBJECT.fullmatch(target.as_posix()):
        return True
    model = target.parent.parent
    is_blob = target.parent.name == "blobs" and model.name.startswith(_HUB_MODEL)
    return is_blob and link.parent.resolve().is_relative_to(model / "snapshots")
