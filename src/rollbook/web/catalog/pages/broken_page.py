"""The page in the place of one that a broken file keeps from being made: what is wrong, and where."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rollbook.web.catalog.rendering import rendered

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rollbook.errors import RollbookError
    from rollbook.web.catalog.pages.page_frame import PageFrame


def broken_page(
    frame: PageFrame, path: str, title: str, crumbs: Sequence[tuple[str, str]], error: RollbookError
) -> str:
    """Return the page at `path` that says what is wrong with a file."""
    return rendered(
        "broken.html",
        path,
        frame,
        title=title,
        crumbs=crumbs,
        message=getattr(error, "message", "") or str(error),
        file=getattr(error, "path", "") or "",
        line=getattr(error, "line", None),
        key=getattr(error, "key", "") or "",
        hint=error.hint,
    )


def missing_page(frame: PageFrame, path: str, error: RollbookError) -> str:
    """Return the page for an address at which there is none."""
    return rendered("missing.html", path, frame, title="No such page", message=str(error), hint=error.hint)
