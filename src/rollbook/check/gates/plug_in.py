"""The gate that a package of the team's own judges: any entry point of the group `rollbook.gates`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rollbook.check.finding import Rule
from rollbook.check.gates.gate import SettingsSchema, State, Verdict, ref, setting
from rollbook.errors import InvalidFile, RollbookError

if TYPE_CHECKING:
    from rollbook.check.gates.gate import Promotion
    from rollbook.records.fields import Fields

GROUP = "rollbook.gates"


class PlugIn:
    """`{gate: plug-in, to: [production], name: acme-latency, settings: {most_ms: 20}}`"""

    name = "plug-in"
    sentence = "A gate of an installed package lets the version pass."
    code = "RB414"
    rule = Rule("plug-in gate", "A gate of an installed package lets the version pass.")
    schema = SettingsSchema(
        "A gate of an installed package must pass.",
        {
            "name": setting(
                "Gate's name",
                "The name of its entry point in the group `rollbook.gates`.",
                "acme-latency",
                **ref("line"),
            ),
            "settings": setting(
                "Settings", "What the gate is given.", {"most_ms": 20}, type="object", maxProperties=1000
            ),
        },
        example={"to": ["production"], "name": "acme-latency", "settings": {"most_ms": 20}},
        required=("name",),
    )

    def verdict(self, settings: Fields, promotion: Promotion) -> Verdict:
        name = settings.text("name")
        gate = _load(name)
        try:
            verdict = gate.verdict(settings.inner("settings"), promotion)
        except InvalidFile:
            raise
        except Exception as error:  # noqa: BLE001 (whatever is wrong in it, it must not let a version pass)
            return Verdict(
                State.FAILED, f"{name} broke off: {type(error).__name__}: {error}", _asked(gate, name)
            )
        if not isinstance(verdict, Verdict) or not isinstance(verdict.state, State):
            return Verdict(State.FAILED, f"{name} gave no verdict", _asked(gate, name))
        return Verdict(verdict.state, f"{name}: {verdict.figure}", verdict.threshold, verdict.hint)


def _load(name: str) -> Any:
    """Return the gate of that name among what is installed. Raises InvalidFile unless there is just one."""
    from importlib.metadata import entry_points

    points = list(entry_points(group=GROUP, name=name))
    if len(points) != 1:
        installed = ", ".join(sorted({point.name for point in entry_points(group=GROUP)})) or "none"
        many = f"{len(points)} installed packages have" if points else "no installed package has"
        raise InvalidFile(f"{many} a gate {name[:60]!r}", key="name", hint=f"Installed gates: {installed}.")
    try:
        loaded = points[0].load()
        return loaded() if isinstance(loaded, type) else loaded
    except RollbookError:
        raise
    except Exception as error:
        raise InvalidFile(
            f"the gate {name[:60]!r} can't be loaded: {error}", key="name", hint="Repair its package."
        ) from error


def _asked(gate: object, name: str) -> str:
    return str(getattr(gate, "sentence", name))


GATE = PlugIn()
