"""Where each page stands, below the catalog's home. Templates write `root` in front of these.

A model's name has no dot and a version has two, so that `models/risk/credit/` and `models/credit/1.0.0/` are
never the same.
"""

from __future__ import annotations

HOME, REQUESTS, AUDIT, SEARCH = "", "requests/", "audit/", "search/"


def model_page_path(model: str) -> str:
    """Return where a model's page stands."""
    return f"models/{model}/"


def version_page_path(model: str, version: str) -> str:
    """Return where a version's page stands."""
    return f"models/{model}/{version}/"
