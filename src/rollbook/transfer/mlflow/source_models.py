"""What an MLflow registry holds: its models and their versions, as plain values."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rollbook.transfer.mlflow.run_facts import MlflowFacts

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class SourceVersion:
    """A version by its number. `created_at` and `updated_at` are RFC 3339 text; `source` is what MLflow was
    told, `uri` where the bytes are; `user` is whom MLflow names, of the version or else of its run. `facts`
    is what its run and its logged model tell; `gone` says which of these are gone."""

    number: int
    created_at: str
    updated_at: str
    stage: str
    source: str
    uri: str
    description: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)
    user: str = ""
    run_id: str = ""
    run_link: str = ""
    model_id: str = ""
    facts: MlflowFacts = field(default_factory=MlflowFacts)
    gone: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SourceModel:
    """A registered model, with its versions by number, lowest first, and its aliases, each with a number."""

    name: str
    versions: tuple[SourceVersion, ...]
    description: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)
    aliases: Mapping[str, int] = field(default_factory=dict)
