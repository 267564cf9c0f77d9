"""What a registry of a given size holds: its models, their versions, and when each version came."""

from __future__ import annotations

import random
from dataclasses import dataclass
from functools import cached_property

from rollbook.names import bump

FIRST_MODEL = "credit-approval"
_TEAMS = (
    "risk", "growth", "search", "pricing", "logistics", "fraud", "support", "ads", "payments", "forecasting",
    "trust", "catalogue", "mobility", "claims", "energy", "vision", "speech", "hr", "finance", "retail",
)  # fmt: skip
_SUBJECTS = (
    "churn", "fraud-score", "demand", "basket-rank", "ticket-triage", "lead-score", "eta",
    "price-elasticity", "image-quality", "duplicate-listing", "spam", "next-best-offer", "late-payment",
    "anomaly", "query-intent", "document-class", "lifetime-value", "capacity", "call-summary", "defect",
)  # fmt: skip
_REGIONS = ("emea", "apac", "latam", "us", "uk", "dach", "nordics", "global")
_MOST_AT_THE_TOP = 100
_PER_NAMESPACE = 20
_MOST_NAMESPACES = 200


@dataclass(frozen=True, slots=True)
class ModelPlan:
    """A model, its place among all, and how many versions it comes to have."""

    name: str
    number: int
    versions: int

    @property
    def team(self) -> str:
        namespace = self.name.partition("/")[0] if "/" in self.name else _TEAMS[self.number % len(_TEAMS)]
        return namespace.rstrip("0123456789-")

    def version_names(self) -> list[str]:
        """Mostly minor releases, now and then a patch or a new major one."""
        names = ["1.0.0"]
        while len(names) < self.versions:
            place = len(names)
            names.append(
                bump(names[-1], "major" if place % 12 == 0 else "patch" if place % 3 == 2 else "minor")
            )
        return names


@dataclass(frozen=True)
class Plan:
    """`models` models with `versions` versions in all. Raises ValueError when a model would have none."""

    models: int
    versions: int
    seed: int = 0

    def __post_init__(self) -> None:
        if self.models < 1 or self.versions < self.models:
            raise ValueError("every model needs a version, and there must be a model")

    @cached_property
    def all_models(self) -> list[ModelPlan]:
        """The first has the average number of versions, the others between half and one and a half of it."""
        counts = self._counts()
        return [ModelPlan(self._name(number), number, count) for number, count in enumerate(counts)]

    @cached_property
    def arrivals(self) -> list[tuple[float, int, int]]:
        """Every version: when (0 to 1), of which model, the how-manieth of it; in order."""
        dice = random.Random(f"{self.seed}/arrivals")
        found = []
        for model in self.all_models:
            start = dice.random() * 0.4 if model.number else 0.0
            step = (1 - start) / model.versions
            found += [
                (start + (place + dice.random()) * step, model.number, place)
                for place in range(model.versions)
            ]
        return sorted(found)

    def _counts(self) -> list[int]:
        average = self.versions // self.models
        dice = random.Random(f"{self.seed}/counts")
        spread = average // 2
        counts = [average]
        # Two by two, so that what one has more the other has less.
        while len(counts) + 1 < self.models:
            more = dice.randint(0, spread)
            counts += [average + more, average - more]
        counts += [average] * (self.models - len(counts))
        for number in range(self.versions - sum(counts)):
            counts[1 + number % (self.models - 1) if self.models > 1 else 0] += 1
        return counts

    def _name(self, number: int) -> str:
        if number == 0:
            return FIRST_MODEL
        subject, region = _SUBJECTS[number % len(_SUBJECTS)], _REGIONS[number // 20 % len(_REGIONS)]
        name = f"{subject}-{region}-{number:04}"
        if number % 10 == 0 and number // 10 < _MOST_AT_THE_TOP:
            return name
        namespaces = max(1, min(_MOST_NAMESPACES, self.models // _PER_NAMESPACE))
        place = number % namespaces
        team, again = _TEAMS[place % len(_TEAMS)], place // len(_TEAMS)
        return f"{team}-{again + 1}/{name}" if again else f"{team}/{name}"
