"""The part `retention` of a policy and of a model.yaml: which versions' artifacts may go."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rollbook.names import ARCHIVED, PRODUCTION

if TYPE_CHECKING:
    from rollbook.records.fields import Fields

_DAYS = 30
_BYTES_STAY_DAYS = 7


@dataclass(frozen=True, slots=True)
class Retention:
    """The rules by which an artifact may go, and what storing one costs.

    `keep_unpromoted` is None where nothing ever goes. The price is that of one GB (2^30 bytes) for a month,
    None where the policy names none. The fields are named as in the file.
    """

    keep_unpromoted: int | None = None
    keep_days: int = _DAYS
    keep_stages: tuple[str, ...] = (PRODUCTION,)
    remove_from: tuple[str, ...] = (ARCHIVED,)
    days_there: int = _DAYS
    bytes_stay_days: int = _BYTES_STAY_DAYS
    price_per_gb_month: float | None = None
    currency: str = "USD"

    def rules(self) -> dict[str, object]:
        """Return the rules as a removal records them."""
        return {
            "keep_unpromoted": self.keep_unpromoted,
            "keep_days": self.keep_days,
            "keep_stages": list(self.keep_stages),
            "remove_from": list(self.remove_from),
            "days_there": self.days_there,
        }


@dataclass(frozen=True, slots=True)
class OwnRetention:
    """What a model keeps in addition to what the policy does; what the file does not give adds nothing."""

    keep_all: bool = False
    keep_unpromoted: int = 0
    keep_days: int = 0
    keep_stages: tuple[str, ...] = ()
    days_there: int = 0

    def tightened(self, policy: Retention) -> Retention:
        """Return the policy's rules and these together. They keep more than either alone, never less."""
        policy_count = policy.keep_unpromoted
        keep = None if policy_count is None or self.keep_all else max(policy_count, self.keep_unpromoted)
        return Retention(
            keep_unpromoted=keep,
            keep_days=max(policy.keep_days, self.keep_days),
            keep_stages=tuple(dict.fromkeys((*policy.keep_stages, *self.keep_stages))),
            remove_from=policy.remove_from,
            days_there=max(policy.days_there, self.days_there),
            bytes_stay_days=policy.bytes_stay_days,
            price_per_gb_month=policy.price_per_gb_month,
            currency=policy.currency,
        )


def retention_from(fields: Fields) -> Retention:
    """Read a policy's retention. Raises InvalidFile naming the file and the key."""
    defaults = Retention()
    return Retention(
        keep_unpromoted=fields.optional_integer("keep_unpromoted"),
        keep_days=_integer(fields, "keep_days", defaults.keep_days),
        keep_stages=_texts(fields, "keep_stages", defaults.keep_stages),
        remove_from=_texts(fields, "remove_from", defaults.remove_from),
        days_there=_integer(fields, "days_there", defaults.days_there),
        bytes_stay_days=_integer(fields, "bytes_stay_days", defaults.bytes_stay_days),
        price_per_gb_month=fields.optional_number("price_per_gb_month"),
        currency=fields.optional_text("currency") or defaults.currency,
    )


def own_retention_from(fields: Fields) -> OwnRetention:
    """Read a model's own retention. Raises InvalidFile naming the file and the key."""
    return OwnRetention(
        keep_all=fields.flag("keep_all", default=False),
        keep_unpromoted=_integer(fields, "keep_unpromoted", 0),
        keep_days=_integer(fields, "keep_days", 0),
        keep_stages=fields.texts("keep_stages"),
        days_there=_integer(fields, "days_there", 0),
    )


def _integer(fields: Fields, name: str, default: int) -> int:
    value = fields.optional_integer(name)
    return default if value is None else value


def _texts(fields: Fields, name: str, default: tuple[str, ...]) -> tuple[str, ...]:
    return fields.texts(name) if fields.has(name) else default
