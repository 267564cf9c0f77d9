"""The tags by which MLflow's people say which semantic version a version of a model is."""

from __future__ import annotations

from rollbook.errors import BadCall
from rollbook.names import normalise_version

# The registry's own, and what people call it who don't know that one.
VERSION_TAG = "rollbook.version"
PLAIN_TAG = "version"
# All under which it is found where people chose them before there was a registry, the first that is there.
FORMER_TAGS = (VERSION_TAG, PLAIN_TAG, "semver", "semantic_version")


def version_in(text: str) -> str:
    """Return the version that a tag's text is, in its canonical form; an empty text where it is none."""
    try:
        return normalise_version(text)
    except BadCall:
        return ""
