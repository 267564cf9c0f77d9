"""The gate that a version has stood in a stage for long enough."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from rollbook.check.finding import Rule
from rollbook.check.gates.gate import SettingsSchema, failed, passed, ref, setting, waiting
from rollbook.errors import InvalidFile

if TYPE_CHECKING:
    from rollbook.check.gates.gate import Promotion, Verdict
    from rollbook.records.fields import Fields


class Soak:
    """`{gate: soak, to: [production], stage: canary, hours: 24}`"""

    name = "soak"
    sentence = (
        "The version has stood in a stage for some hours, by the trail of main and no claim of its own."
    )
    code = "RB406"
    rule = Rule("soak", "A version has stood in a stage for long enough, by the trail of main.")
    schema = SettingsSchema(
        "The version must have stood in a stage for some hours, by the trail of main.",
        {
            "stage": setting(
                "Soaked in", "The stage; the one it comes from unless set.", "canary", **ref("stage-name")
            ),
            "hours": setting(
                "Hours",
                "How many hours at least, at one stretch.",
                24,
                type="number",
                minimum=0.001,
                maximum=999999,
            ),
        },
        example={"to": ["production"], "stage": "canary", "hours": 24},
        required=("hours",),
        waived_for_rollback=True,
    )

    def verdict(self, settings: Fields, promotion: Promotion) -> Verdict:
        hours = settings.optional_number("hours")
        if hours is None or not 0 < hours < 1e6:
            raise InvalidFile("hours must be a number above 0", key="hours")
        stage = settings.optional_text("stage") or promotion.came_from
        threshold = f"{hours:g} h in {stage}"
        now = promotion.circumstances.now
        stays = [stay for stay in promotion.stays if stay.stage == stage]
        longest = max(((stay.left or now) - stay.entered for stay in stays), default=None)
        if longest is None:
            return failed(f"never in {stage} by main's trail", threshold, f"Move it to {stage} first.")
        figure = f"{max(longest, timedelta(0)) / timedelta(hours=1):.1f} h in {stage}"
        if longest >= timedelta(hours=hours):
            return passed(figure, threshold)
        last = stays[-1]
        if last.left is None and promotion.came_from == stage:
            until = last.entered + timedelta(hours=hours)
            return waiting(figure, threshold, f"It is over at {until:%Y-%m-%dT%H:%MZ}.")
        return failed(figure, threshold, f"Move it to {stage} and leave it there.")


GATE = Soak()
