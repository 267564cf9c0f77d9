"""Several registries read as one.

    with Federation.open(["https://git.example.com/risk/models", "../search"]) as registries:
        version = registries.version("credit-approval@production")

A model's name stands for one model only: where two registries have it, asking for it is an error, whichever
of them comes first. So nothing that a team adds to its registry changes what another team's model is.
"""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Self, TypeVar

from rollbook.errors import NotFound, Refused, nearest
from rollbook.git.address import without_credentials
from rollbook.names import names_model_alone, parse_reference, require_model_name
from rollbook.registry.model_folders import model_names
from rollbook.registry.registry import Registry

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from rollbook.names import Reference
    from rollbook.registry.model_version import ModelVersion
    from rollbook.registry.registry import Model

Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class Member:
    """One of several registries, and the address that it was named by, without credentials."""

    address: str
    registry: Registry


class Federation:
    """The models of several registries."""

    registry_class: ClassVar[type[Registry]] = Registry

    def __init__(self, members: Sequence[Member]) -> None:
        self.members = members

    @classmethod
    @contextmanager
    def open(
        cls, addresses: Iterable[str], *, rev: str | None = None, at: str | None = None
    ) -> Iterator[Self]:
        """Open the registries at paths and URLs, as `Registry.at_address` opens each; as a context."""
        with ExitStack() as stack:
            members = [
                Member(
                    without_credentials(address),
                    stack.enter_context(cls.registry_class.at_address(address, rev=rev, at=at)),
                )
                for address in dict.fromkeys(addresses)
            ]
            yield cls(members)

    def models(self) -> Sequence[Model]:
        """Every model, sorted by name."""
        all_models = [model for _, models in self.ask(Registry.models) for model in models]
        return sorted(all_models, key=lambda model: model.name)

    def model(self, name: str) -> Model:
        """Return the model of that name.

        Raises BadCall for no possible name, NotFound when no registry has it, Refused when several do.
        """
        require_model_name(name)
        has = self.ask(lambda registry: registry.has_model(name))
        having = [member for member, (_, present) in zip(self.members, has, strict=True) if present]
        if not having:
            raise self._no_model(name)
        if len(having) > 1:
            where = " and ".join(member.address for member in having)
            raise Refused(
                f"{name!r} is a model of several registries: {where}",
                hint="Name the one that you mean alone; and let one of them rename its model.",
            )
        return having[0].registry.model(name)

    def version(self, reference: str | Reference) -> ModelVersion:
        """Return the version that a reference such as `credit-approval@production` stands for. Raises as
        `model`.
        """
        target = parse_reference(reference) if isinstance(reference, str) else reference
        return self.model(target.model).select(target)

    def version_or_default(self, reference: str | Reference) -> ModelVersion:
        """Return what `version` does; for a model's name alone, what the policy of its registry makes of it.
        Raises as `Registry.version_or_default`.
        """
        if isinstance(reference, str) and names_model_alone(reference):
            return self.model(reference).registry.version_or_default(reference)
        return self.version(reference)

    def ask(self, question: Callable[[Registry], Answer]) -> list[tuple[str, Answer]]:
        """Put a question to all at once, since each may wait for a server of its own; each address with its
        registry's answer."""
        from concurrent.futures import ThreadPoolExecutor

        with ThreadPoolExecutor(len(self.members) or 1) as pool:
            answers = pool.map(question, (member.registry for member in self.members))
            return [(member.address, answer) for member, answer in zip(self.members, answers, strict=True)]

    def _no_model(self, name: str) -> NotFound:
        for member in self.members:
            member.registry.require()
        names = sorted({name for member in self.members for name in model_names(member.registry.snapshot)})
        return NotFound(f"none of the registries has a model {name!r}", hint=nearest(name, names))
