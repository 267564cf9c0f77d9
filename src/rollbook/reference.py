"""References such as `credit-approval@production`: one parser, one canonical form."""

from __future__ import annotations

import re
from dataclasses import dataclass

from rollbook.errors import BadCall
from rollbook.names import is_stage_name, is_version, normalise_version, require_model_name

LATEST = "latest"

_LONG_FORM = re.compile(r"model-(?P<model>.+)-v(?P<version>[0-9]+[._][0-9]+[._][0-9]+(?:-.+)?)")
_HINT = (
    "Write MODEL@VERSION, MODEL@STAGE, MODEL@ALIAS or MODEL@latest, "
    "e.g. credit-approval@1.2.0 or credit-approval@production."
)


@dataclass(frozen=True, slots=True)
class Reference:
    """A model, and what is asked of it: a version, or the name of a stage or an alias, or `latest`.

    Exactly one of `version` and `name` is set. `stage_only` says that `name` was written in GTO's
    form (`model#stage`), which never means an alias.
    """

    model: str
    version: str | None = None
    name: str | None = None
    stage_only: bool = False

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
        return Reference(require_model_name(model), name=selector, stage_only=True)
    if match := _LONG_FORM.fullmatch(text):
        return Reference(require_model_name(match["model"]), version=normalise_version(match["version"]))
    raise BadCall(f"{text[:120]!r} names no version", hint=_HINT)


def _selected(text: str, model: str, selector: str) -> Reference:
    if selector == LATEST or is_stage_name(selector):
        # `v1` alone would be a stage name; a full version never is.
        return Reference(model, name=selector)
    if is_version(selector) or selector[:1].isdigit() or selector[:1] == "v":
        return Reference(model, version=normalise_version(selector))
    raise BadCall(f"{text[:120]!r}: {selector[:80]!r} is neither a version nor a name", hint=_HINT)
