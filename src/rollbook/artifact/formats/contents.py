"""What the bytes of an artifact say of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rollbook.records.signature import Column

# What a manifest can hold as a value: a scalar, a list of scalars, or one level of named scalars and lists.
Scalar = str | int | float | bool
Fact = Scalar | list[Scalar] | dict[str, Scalar | list[Scalar]]


class Broken(Exception):
    """The bytes end too early, or contradict themselves. The text says where and how, in one line."""


@dataclass(frozen=True, slots=True)
class Contents:
    """What a reader found. `facts` are in its own terms (`opset`, `tensors`, `producer`); `framework`
    has the name and perhaps the version of the library that wrote it; `inputs` and `outputs` are the two
    halves of its signature, None where the format tells none; `globals` are the names that unpickling it
    would import; `remarks` are sentences on what could not be read, or what a person may not expect."""

    facts: Mapping[str, Fact] = field(default_factory=dict)
    framework: Mapping[str, str] = field(default_factory=dict)
    inputs: tuple[Column, ...] | None = None
    outputs: tuple[Column, ...] | None = None
    globals: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()
