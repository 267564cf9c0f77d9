"""References such as `credit-approval@production`: one parser, one canonical form."""

from __future__ import annotations

import re
from dataclasses import dataclass

from rollbook.errors import BadCall
from rollbook.names import is_stage_name, normalise_version, require_model_name

LATEST = "latest"

_LONG_FORM = re.compile(r"model-(?P<model>.+)-v(?P<version>[0-9]+[._][0-9]+[._][0-9]+(?:-.+)?)")
_LIKE_VERSION = re.compile(r"v?[0-9]+[._][0-9]+[._][0-9]+.*", re.DOTALL)
_HINT = (
    "Write MODEL@VERSION, MODEL@STAGE, MODEL@ALIAS or MODEL@latest, "
    "e.g. credit-approval@1.2.0 or credit-approval@production."
)


@dataclass(frozen=True, slots=True)
class Reference:
    """A model, and what is asked of it: a version, or the name of a stage or an alias, or `latest`.

    Exactly one of `version` and `name` is set.
    """

    model: str
    version: str | None = None
    name: str | None = None

    def __str__(self) -> str:
        return f"{self.model}@{self.version or self.name}"


def parse_reference(text: str) -> Reference:
    """Parse any accepted form of a reference.

    `credit-approval@1.2.0`, `@v1.2.0`, `@1_2_0`, `@production`, `@champion`, `@latest`;
    `credit-approval#production`; `model-credit-approval-v1.2.0`. Raises BadCall for anything else.
    """
    model, separator, selector = text.partition("@")
    if separator:
        return _selected(text, require_model_name(model), selector)
    model, separator, selector = text.partition("#")
    if separator:
        if not is_stage_name(selector):
            raise BadCall(f"{text[:120]!r}: {selector[:80]!r} is not a stage name", hint=_HINT)
        return Reference(require_model_name(model), name=selector)
    if match := _LONG_FORM.fullmatch(text):
        return Reference(require_model_name(match["model"]), version=normalise_version(match["version"]))
    raise BadCall(f"{text[:120]!r} names no version", hint=_HINT)


def reads_as_version(name: str) -> bool:
    """Whether `@` takes the name of a stage or an alias, such as `v1_2_0`, for a version."""
    return _LIKE_VERSION.fullmatch(name) is not None


def _selected(text: str, model: str, selector: str) -> Reference:
    # First, because `v1_2_0` would also do as the name of a stage; `v1` alone is such a name.
    if reads_as_version(selector):
        return Reference(model, version=normalise_version(selector))
    if selector == LATEST or is_stage_name(selector):
        return Reference(model, name=selector)
    raise BadCall(f"{text[:120]!r}: {selector[:80]!r} is neither a version nor a name", hint=_HINT)
