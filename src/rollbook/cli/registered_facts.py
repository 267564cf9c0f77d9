"""The many options of `rollbook register` that say what a new version, or a new model, is: one table."""

from __future__ import annotations

from functools import reduce
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    Command = Callable[..., Any]
    Option = tuple[str, str, str]  # its word, what stands for its value ("": its word), its help

_NEW_MODEL: Sequence[Option] = (
    ("--owner", "", "The model's owner, when it is new. Default: you."),
    ("--display-name", "TEXT", "What people call the model, when it is new."),
    ("--model-description", "TEXT", "What the model does, when it is new."),
    ("--team", "", "The model's team, when it is new."),
    ("--task", "", "The model's task, when it is new."),
    ("--use-case", "", "The model's use case, when it is new."),
    ("--compliance", "CLASS", "The model's class of regulation, when it is new, e.g. eu-ai-act-high-risk."),
    ("--data-classification", "CLASS", "How sensitive the model's data is, when it is new."),
    ("--model-tag", "NAME[=TEXT]", "A tag of the model, when it is new. Repeatable."),
)

# What a manifest says of how the version was made, and of its limits.
_DESCRIBED: Sequence[Option] = (
    ("--feature", "NAME", "A feature that the model reads, in their order. Repeatable."),
    ("--features-file", "FILE", "The features: one on each line, or a list in JSON or YAML."),
    ("--feature-pipeline", "NAME[@VERSION]", "What computes the features."),
    ("--preprocessing", "TEXT", "A step that the data takes before the model, in their order. Repeatable."),
    ("--input", "NAME:DTYPE[:SHAPE]", "An input of the signature, e.g. income:float32. Repeatable."),
    ("--output", "NAME:DTYPE[:SHAPE]", "An output, e.g. probabilities:float32:-1x3. Repeatable."),
    (
        "--signature",
        "FILE",
        "Inputs and outputs in JSON or YAML: a manifest's, MLflow's, or a server's metadata.",
    ),
    (
        "--sample-output",
        "FILE",
        "What comes out, in rows as for --sample-input; the outputs follow from them.",
    ),
    (
        "--reference",
        "FILE",
        "Rows in CSV, TSV, Parquet or JSON, thousands of them, that the drift of live data is told by.",
    ),
    ("--trained-at", "DATE", "When it was trained, e.g. 2026-11-20 or 2026-11-20T22:00:00Z."),
    ("--training-started", "DATE", "When the training started."),
    ("--training-ended", "DATE", "When the training ended."),
    ("--training-duration", "DURATION", "How long it took: 2.5h, 90m, 1h30m, or seconds."),
    ("--training-rows", "NUMBER", "How many rows or samples it was trained on."),
    (
        "--created-at",
        "DATE",
        "When it was made, of one that is back-filled; the trail says so.",
    ),
    (
        "--created-by",
        "WHO",
        "Who made it, of one that is back-filled; you stay on record.",
    ),
    ("--limitation", "TEXT", "What the version can't do. Repeatable."),
    ("--protected-group", "NAME", "A group of people whose fair treatment is looked after. Repeatable."),
)

# Who vouches for the artifact, and how.
_VOUCHED: Sequence[Option] = (
    ("--sign", "KEY|sigstore", "Sign it: with a private key (PEM), or in CI with Sigstore's identity."),
    (
        "--provenance",
        "FILE",
        "SLSA provenance of it, in a DSSE envelope or a Sigstore bundle. Repeatable.",
    ),
    ("--provenance-key", "FILE", "The public key (PEM) that must have signed the provenance."),
)


def described(command: Command) -> Command:
    """Add the options of `version.yaml` that say how a version was made, and its limits."""
    return _added(command, _DESCRIBED)


def vouched(command: Command) -> Command:
    """Add the options that say who vouches for the artifact."""
    return _added(command, _VOUCHED)


def new_model(command: Command) -> Command:
    """Add the options of `model.yaml` for a model's first version."""
    return _added(command, _NEW_MODEL)


def _added(command: Command, options: Sequence[Option]) -> Command:
    made = (_option(*option) for option in reversed(options))
    return reduce(lambda whole, option: option(whole), made, command)


def _option(word: str, metavar: str, text: str) -> Command:
    name = word.removeprefix("--").replace("-", "_")
    many = text.endswith("Repeatable.")
    plural = f"{name}s" if many and name not in ("preprocessing", "provenance") else name
    kind = {"FILE": click.Path(path_type=Path), "NUMBER": click.IntRange(min=0)}.get(metavar)
    return click.option(word, plural, metavar=metavar or None, multiple=many, type=kind, help=text)
