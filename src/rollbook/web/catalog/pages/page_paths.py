"""Where each page stands, below the catalog's home. Templates link to them by `page_link(path)`.

A model's name has no dot and a version has two, so that `models/risk/credit/` and `models/credit/1.0.0/` are
never the same.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata

HOME, REQUESTS, AUDIT, SEARCH, DATA_SETS = "", "requests/", "audit/", "search/", "data/"

_LONGEST_SLUG = 48


def model_page_path(model: str) -> str:
    """Return where a model's page stands."""
    return f"models/{model}/"


def version_page_path(model: str, version: str) -> str:
    """Return where a version's page stands."""
    return f"models/{model}/{version}/"


def reference_page_path(reference: str) -> str:
    """Return where the page of a version stands that is named as `churn@1.0.0`."""
    model, _, version = reference.rpartition("@")
    return version_page_path(model, version)


def compare_page_path(model: str) -> str:
    """Return where versions of a model are put side by side."""
    return f"models/{model}/compare/"


def version_choices_path(model: str) -> str:
    """Return where the file stands by which a browser puts other versions of a model side by side."""
    return f"models/{model}/compare/versions.json"


def data_set_page_path(name: str) -> str:
    """Return where the page of a data set stands: people name data sets as they like, by addresses too, so
    it is what can be read of the name, and how the name's SHA-256 begins, which tells it from any other."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    slug = re.sub(r"[^a-z0-9]+", "-", plain)[:_LONGEST_SLUG].strip("-")
    digest = hashlib.sha256(name.encode(errors="surrogatepass")).hexdigest()[:10]
    return f"{DATA_SETS}{slug}-{digest}/" if slug else f"{DATA_SETS}{digest}/"
