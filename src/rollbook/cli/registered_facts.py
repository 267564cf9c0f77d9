"""The many options of `rollbook register` that say what a new version, or a new model, is: one table."""

from __future__ import annotations

from functools import reduce
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
    ("--model-tag", "NAME=TEXT", "A tag of the model, when it is new. Repeatable."),
)


def new_model(command: Command) -> Command:
    """Add the options of `model.yaml` for a model's first version."""
    return _added(command, _NEW_MODEL)


def _added(command: Command, options: Sequence[Option]) -> Command:
    made = (_option(*option) for option in reversed(options))
    return reduce(lambda whole, option: option(whole), made, command)


def _option(word: str, metavar: str, text: str) -> Command:
    name = word.removeprefix("--").replace("-", "_")
    many = text.endswith("Repeatable.")
    return click.option(word, f"{name}s" if many else name, metavar=metavar or None, multiple=many, help=text)
