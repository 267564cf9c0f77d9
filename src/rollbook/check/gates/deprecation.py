"""The gate that those who use a version know what comes instead, by when, and how to get there."""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING

from rollbook.check.finding import Rule
from rollbook.check.gates.gate import SettingsSchema, failed, passed, setting, waiting
from rollbook.check.wording import placeholder
from rollbook.errors import InvalidFile
from rollbook.names import day_of, is_model_name, is_version
from rollbook.schema.explanation import shown

if TYPE_CHECKING:
    from datetime import date

    from rollbook.check.gates.gate import Promotion, Verdict
    from rollbook.records.fields import Fields

_DAYS = 90


class DeprecationGate:
    """`{gate: deprecation, to: [deprecated], days: 90}`"""

    name = "deprecation"
    sentence = "The entry names a replacement that exists, a sunset far enough ahead, and how to migrate."
    code = "RB412"
    rule = Rule("deprecation", "What goes out of use has a replacement, a sunset and a migration note.")
    schema = SettingsSchema(
        "The entry must name a replacement, a sunset far enough ahead, and how to migrate; so must that of a "
        "version which another one displaces.",
        {
            "days": setting(
                "Days of notice",
                "How many days ahead the sunset must be; 90 unless set.",
                90,
                type="integer",
                minimum=0,
                maximum=36500,
                default=90,
            )
        },
        example={"to": ["deprecated"], "days": 90},
        guards_displaced=True,
    )

    def verdict(self, settings: Fields, promotion: Promotion) -> Verdict:
        days = settings.optional_integer("days")
        days = _DAYS if days is None else days
        threshold = f"a replacement, a sunset at least {days} days ahead, a migration note"
        entry = promotion.entry
        if entry is None:
            hint = "They are given with the proposal: rollbook deprecate."
            return waiting("nothing is said yet", threshold, hint)
        wrong = [
            reason
            for reason in (
                _bad_replacement(entry.replacement, promotion),
                _bad_sunset(entry.sunset, days, promotion),
                _bad_note(entry.migration),
            )
            if reason
        ]
        if wrong:
            return failed("; ".join(wrong), threshold, "Set replacement, sunset and migration in the entry.")
        figure = f"{entry.replacement} instead, sunset {entry.sunset}{_still_used(promotion)}"
        return passed(figure, threshold)


def _still_used(promotion: Promotion) -> str:
    """Return where the version runs still, by the evidence on main: people are told, it fails nothing."""
    try:
        served = promotion.circumstances.use(promotion.model, promotion.version).served
    except InvalidFile:
        return "; evidence of its use can't be read"
    return f"; it runs on {', '.join(map(shown, served.targets))}" if served and served.targets else ""


def _bad_replacement(text: str, promotion: Promotion) -> str:
    if not text:
        return "no replacement is named"
    model, at, version = text.rpartition("@")
    model = model if at else promotion.model
    if not is_model_name(model) or not is_version(version):
        return f"the replacement {shown(text)} is no version"
    if (model, version) == (promotion.model, promotion.version):
        return "the replacement is the version itself"
    if not promotion.exists(model, version):
        return f"the replacement {shown(text)} does not exist"
    table = promotion.files.stages if promotion.files and model == promotion.model else None
    entry = table.entry_of(version) if table else None
    if entry is not None and entry.stage == promotion.target:
        return f"the replacement {shown(text)} is in {promotion.target} too"
    return ""


def _bad_sunset(text: str, days: int, promotion: Promotion) -> str:
    if not text:
        return "no sunset is set"
    sunset = day_of(text)
    if sunset is None:
        return f"the sunset {shown(text)} is no date like 2027-03-01"
    ahead = (sunset - promotion.circumstances.now.astimezone(UTC).date()).days
    if ahead >= 0 and _was_given(sunset, promotion):
        return ""
    return f"the sunset {text} is {ahead} days ahead" if ahead < days else ""


def _was_given(sunset: date, promotion: Promotion) -> bool:
    """Whether main says already that the version goes, and no later than now asked for: notice was given."""
    entry = promotion.standing.entry_of(promotion.version)
    if entry is None or entry.stage != promotion.target:
        return False
    given = day_of(entry.sunset)
    return given is not None and given <= sunset


def _bad_note(text: str) -> str:
    if not text.strip():
        return "no migration note"
    leftover = placeholder(text)
    return f"the migration note still says {shown(leftover)}" if leftover else ""


GATE = DeprecationGate()
