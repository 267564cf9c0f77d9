"""The gate that no freeze is on, or that somebody who may has set it aside and said why."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING

from rollbook.access.roles import ADMIN, DECIDING, Person, roles_for
from rollbook.check.finding import Rule
from rollbook.check.gates.gate import SettingsSchema, failed, passed, ref, setting, waiting
from rollbook.errors import InvalidFile
from rollbook.names import is_bare_date

if TYPE_CHECKING:
    from datetime import tzinfo

    from rollbook.check.gates.gate import Promotion, Verdict
    from rollbook.records.fields import Fields

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_WEEKLY = re.compile(rf"(?P<day>{'|'.join(DAYS)}) (?P<hour>[01][0-9]|2[0-3]):(?P<minute>[0-5][0-9])")
_WEEK = timedelta(days=7)


class Freeze:
    """`freezes: [{from: 2026-12-20, to: 2027-01-06, timezone: Europe/Vienna, reason: end of year}]`"""

    name = "freeze"
    sentence = (
        "No freeze of the policy is on; somebody with a role may set it aside, and says why in the entry."
    )
    code = "RB411"
    rule = Rule("freeze", "Nothing moves during a freeze unless somebody who may sets it aside.")
    schema = SettingsSchema(
        "A time in which no version moves: between two dates, or every week.",
        {
            "from": setting(
                "From",
                "When it begins; a date means its first moment. Needed unless it is weekly.",
                "2026-12-20",
                **ref("local-time"),
            ),
            "to": setting(
                "To",
                "When it ends; a date means its last moment. Needed unless it is weekly.",
                "2027-01-06",
                **ref("local-time"),
            ),
            "weekly": setting(
                "Every week",
                "A time of every week in which it is on, between `from` and `to` where they are given.",
                {"from": "fri 16:00", "to": "mon 08:00"},
                type="object",
                additionalProperties=False,
                required=["from", "to"],
                properties={
                    "from": setting("Weekly from", "When it begins.", "fri 16:00", **ref("week-time")),
                    "to": setting("Weekly to", "When it ends.", "mon 08:00", **ref("week-time")),
                },
            ),
            "timezone": setting(
                "Time zone",
                "The zone of these times, by its name in the IANA database.",
                "Europe/Vienna",
                **ref("line"),
            ),
            "reason": setting("Reason", "Why nothing moves then.", "end of year", **ref("line")),
            "stages": setting(
                "Frozen stages",
                "The stages that nothing enters, and the aliases (`@champion`) that stay where they are; all "
                "stages and no alias unless set.",
                ["production"],
                **ref("gate-targets"),
            ),
            "override_role": setting(
                "Override role",
                "Who may set it aside, with a reason; admins unless set.",
                "admin",
                type="string",
                enum=list(DECIDING),
            ),
        },
        example={
            "from": "2026-12-20",
            "to": "2027-01-06",
            "timezone": "Europe/Vienna",
            "reason": "end of year",
        },
        required=("timezone", "reason"),
        listed_under="freezes",
    )

    def verdict(self, settings: Fields, promotion: Promotion) -> Verdict:
        reason = settings.optional_text("reason") or "no reason given"
        role = settings.optional_text("override_role") or ADMIN
        zone = _zone(settings.text("timezone"))
        now = promotion.circumstances.now.astimezone(zone).replace(tzinfo=None)
        until = _end(settings, now)
        threshold = f"no freeze ({reason})"
        if until is None:
            return passed("no freeze is on", threshold)
        figure = f"frozen until {until:%Y-%m-%d %H:%M} {settings.text('timezone')}"
        entry = promotion.entry
        if entry is None or not entry.override:
            hint = f"Wait, or let somebody who is {role} propose it with --override REASON."
            return waiting(figure, threshold, hint)
        by, authors = entry.requested_by, promotion.circumstances.authors
        policy = promotion.policy
        if policy is None or role not in roles_for(Person(email=by), policy, promotion.model):
            return failed(
                f"{figure}; {by}, who sets it aside, is no {role}", threshold, f"Ask one who is {role}."
            )
        if authors is not None and by.casefold() not in {author.casefold() for author in authors}:
            hint = f"{by} has to make the change, not only to be named in it."
            return failed(f"{figure}; {by}, who sets it aside, has no part in the change", threshold, hint)
        return passed(f"{figure}, set aside by {by}: {entry.override}", threshold)


def _zone(name: str) -> tzinfo:
    if name == "UTC":
        return UTC
    from zoneinfo import ZoneInfo

    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:
        raise InvalidFile(
            f"no time zone {name[:60]!r} is known here",
            key="timezone",
            hint="Write it like Europe/Vienna; where the system has no time zones: pip install tzdata",
        ) from error


def _end(settings: Fields, now: datetime) -> datetime | None:
    """When the freeze that is on ends, None when none is on; both in the freeze's own wall-clock time."""
    first, last = settings.optional_text("from"), settings.optional_text("to")
    start = _moment(first, "from") if first else None
    end = _moment(last, "to", end_of_day=True) if last else None
    weekly = settings.inner("weekly") if settings.mapping("weekly") else None
    if weekly is None and (start is None or end is None):
        raise InvalidFile("a freeze has a beginning and an end, or weekly ones", key="from")
    if (start is not None and now < start) or (end is not None and now >= end):
        return None
    if weekly is None:
        return end
    week_end = _weekly_end(weekly.text("from"), weekly.text("to"), now)
    return min(week_end, end) if week_end and end else week_end


def _moment(text: str, key: str, *, end_of_day: bool = False) -> datetime:
    """Return a date or a local time; a date that ends something means the end of that day."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise InvalidFile(f"{text[:40]!r} is no date", key=key, hint="Write it like 2026-12-20.") from error
    if moment.tzinfo is not None:
        raise InvalidFile("the time has a zone of its own", key=key, hint="The freeze's `timezone` says it.")
    if not end_of_day or not is_bare_date(text):
        return moment
    return moment + timedelta(days=1) if moment.date() < date.max else moment.replace(hour=23, minute=59)


def _weekly_end(first: str, last: str, now: datetime) -> datetime | None:
    monday = datetime.combine(now.date() - timedelta(days=now.weekday()), time.min)
    start, end = (monday + _into_week(text) for text in (first, last))
    if end <= start:
        end += _WEEK
    # A freeze that runs over Sunday's end may have begun in the week before.
    for shift in (-_WEEK, timedelta(0)):
        if start + shift <= now < end + shift:
            return end + shift
    return None


def _into_week(text: str) -> timedelta:
    match = _WEEKLY.fullmatch(text)
    if not match:
        raise InvalidFile(
            f"{text[:40]!r} is no time of a week", key="weekly", hint="Write it like: fri 16:00"
        )
    return timedelta(days=DAYS.index(match["day"]), hours=int(match["hour"]), minutes=int(match["minute"]))


GATE = Freeze()
