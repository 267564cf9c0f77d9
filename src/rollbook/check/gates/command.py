"""The gate that a program of the team's own lets the version pass."""

from __future__ import annotations

import json
import re
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from rollbook.artifact.running.bounded_command import run_bounded
from rollbook.check.finding import Rule
from rollbook.check.gates.gate import SettingsSchema, failed, passed, ref, setting, waiting
from rollbook.errors import InvalidFile
from rollbook.text import printable

if TYPE_CHECKING:
    from rollbook.check.gates.gate import Promotion, Verdict
    from rollbook.records.fields import Fields

_TIME_LIMIT, _LONGEST = 60, 3600  # seconds
_SHOWN = 300
_ESCAPE = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]")


class Command:
    """`{gate: command, to: [production], run: [/opt/checks/bias, --strict], time_limit: 60}`"""

    name = "command"
    sentence = "A program that reads the promotion as JSON exits with 0; its last line is what it found."
    code = "RB413"
    rule = Rule("command", "A program that the policy names lets the version pass.")
    schema = SettingsSchema(
        "A program must exit with 0. It reads the promotion as JSON from its standard input.",
        {
            "run": setting(
                "Program",
                "The program and its arguments; no shell reads them. "
                "A program without `/` is searched in PATH.",
                ["/opt/checks/bias", "--strict"],
                type="array",
                maxItems=100,
                minItems=1,
                items=ref("argument"),
            ),
            "time_limit": setting(
                "Time limit",
                "After how many seconds it is killed and the gate fails; 60 unless set.",
                30,
                type="number",
                minimum=0.1,
                maximum=3600,
            ),
            "title": setting(
                "Title", "What to call it where its result is shown.", "bias check", **ref("line")
            ),
        },
        example={"to": ["production"], "run": ["/opt/checks/bias", "--strict"], "time_limit": 30},
        required=("run",),
    )

    def verdict(self, settings: Fields, promotion: Promotion) -> Verdict:
        run = settings.texts("run")
        if not run or not run[0] or any("\0" in word for word in run):
            raise InvalidFile("run must be a program and its arguments", key="run")
        limit = settings.optional_number("time_limit")
        limit = _TIME_LIMIT if limit is None else limit
        if not 0 < limit <= _LONGEST:
            raise InvalidFile(f"the time limit must be between 0 and {_LONGEST} seconds", key="time_limit")
        threshold = f"{settings.optional_text('title') or run[0]} exits with 0"
        if not promotion.circumstances.may_run:
            hint = "It runs in `rollbook gates`, in `rollbook land` and in the check of a pull request."
            return waiting("programs are not run here", threshold, hint)
        try:
            ended = run_bounded(run, json.dumps(request(promotion), default=str).encode(), limit)
        except OSError as error:
            return failed(f"can't be run: {error.strerror}", threshold, "Install it where the check runs.")
        lines = [line for line in _ESCAPE.sub("", ended.output).splitlines() if line.strip()]
        last_line = printable(lines[-1].strip()[:_SHOWN]) if lines else ""
        if ended.code is None:
            return failed(
                f"not done after {limit:g} s", threshold, "Make it faster, or raise its time_limit."
            )
        figure = f"exit code {ended.code}" + (f": {last_line}" if last_line else "")
        return failed(figure, threshold, "See what the program asks for.") if ended.code else passed(
            figure, threshold
        )  # fmt: skip


def request(promotion: Promotion) -> dict[str, Any]:
    """Return what the program gets to read. A NaN or an infinity of a broken manifest stands as Python writes
    it.
    """
    entry, manifest, record = promotion.entry, promotion.manifest, promotion.record
    files = promotion.version_files
    return {
        "model": promotion.model,
        "version": promotion.version,
        "from": promotion.start,
        "to": promotion.target,
        "entry": asdict(entry) if entry else None,
        "record": asdict(record) if record else None,
        "manifest": asdict(manifest) if manifest else None,
        "evidence": [document.value for document in files.evidence if not document.findings] if files else [],
        "holders": {
            holder.version: asdict(holder.manifest) if holder.manifest else None
            for holder in promotion.holders(promotion.target)
        },
    }


GATE = Command()
