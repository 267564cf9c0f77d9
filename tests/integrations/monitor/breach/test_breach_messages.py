"""Messages about a breach: each step once to each receiver that wants it, signed, and none lost at once."""

from __future__ import annotations

import base64
import hashlib
import hmac
from typing import TYPE_CHECKING

from building.world import git
from notify_receiver import SECRET, Receiver, subscribe, told
from rollbook.names import time_text

from .breached import acted, actions, episode, outcome, over

if TYPE_CHECKING:
    import pytest

    from building.world import World
    from rollbook.integrations.monitor.monitor_memory import Episode

ONLY_TOLD = actions(evidence="none", rollback="none")
DOWN = "http://127.0.0.1:9/hook"


def types(receiver: Receiver) -> list[str]:
    return [event["type"] for event in receiver.events]


def letters(done: Episode) -> dict[str, str]:
    return {name: deed for name, deed in done.deeds.items() if name.startswith("notify ")}


def test_a_breach_is_told_once(served: World, receiver: Receiver) -> None:
    subscribe(served, {"url": receiver.url})
    done = acted(served, monitoring=ONLY_TOLD)
    assert done.deeds["notify"] == "told: 1 of 1 receivers"
    acted(served, done, ONLY_TOLD)
    assert types(receiver) == ["dev.rollbook.monitor.breach"]


def test_a_message_says_what_is_wrong(served: World, receiver: Receiver) -> None:
    subscribe(served, {"url": receiver.url})
    lasting = episode()
    acted(served, lasting, ONLY_TOLD)
    (event,) = receiver.events
    assert (event["specversion"], event["subject"]) == ("1.0", "fraud@1.2.0")
    assert event["time"] == time_text(int(lasting.started.timestamp()))
    data = event["data"]
    assert (data["step"], data["episode"], data["stage"]) == ("breach", lasting.id, "production")
    assert data["checks"] == [
        {
            "check": "errors",
            "state": "breach",
            "value": 0.05,
            "bound": "<= 0.02",
            "message": "error_rate is 0.05",
        }
    ]


def test_it_is_signed_as_every_other(served: World, receiver: Receiver) -> None:
    subscribe(served, {"url": receiver.url})
    acted(served, monitoring=ONLY_TOLD)
    ((headers, body),) = receiver.got
    key = base64.b64decode(SECRET.removeprefix("whsec_"))
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    expected = base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()
    assert headers["webhook-signature"] == f"v1,{expected}"


def test_evidence_and_rollback_are_told(autonomous: World, receiver: Receiver) -> None:
    subscribe(autonomous, {"url": receiver.url, "events": ["monitor"]})
    done = acted(autonomous)
    acted(autonomous, over(done), outcomes=())
    breach, ended = receiver.events
    assert breach["data"]["evidence"] == "landed: monitoring-1"
    assert ended["type"] == "dev.rollbook.monitor.over"
    assert ended["data"]["rollback"] == "landed: back to 1.1.0 (monitoring-1)"
    assert ended["data"]["ended"] is not None


def test_what_was_told_and_not_remembered_is_told_again_under_the_same_id(
    served: World, receiver: Receiver
) -> None:
    subscribe(served, {"url": receiver.url})
    acted(served, monitoring=ONLY_TOLD)
    acted(served, monitoring=ONLY_TOLD)
    first, second = receiver.events
    assert first["id"] == second["id"] == "0123456789ab-breach"
    assert len({headers["webhook-id"] for headers, _ in receiver.got}) == 1


def test_a_receiver_that_is_down_holds_up_nobody(autonomous: World, receiver: Receiver) -> None:
    subscribe(autonomous, {"url": DOWN}, {"url": receiver.url, "events": ["monitor"]})
    done = acted(autonomous)
    assert types(receiver) == ["dev.rollbook.monitor.breach"]
    assert done.deeds["rollback"].startswith("landed: ")
    assert done.deeds["notify"] == "told: 1 of 2 receivers"
    (failed,) = (deed for deed in letters(done).values() if deed.startswith("failed"))
    assert "127.0.0.1:9" in failed
    assert "hook" not in failed


def test_the_next_run_tells_those_that_were_down_and_nobody_twice(
    served: World, receiver: Receiver, elsewhere: Receiver
) -> None:
    subscribe(served, {"url": receiver.url}, {"url": elsewhere.url})
    elsewhere.does = [500] * 4
    done = acted(served, monitoring=ONLY_TOLD)
    done = acted(served, done, ONLY_TOLD)
    assert (types(receiver), types(elsewhere)) == (["dev.rollbook.monitor.breach"],) * 2
    assert done.deeds["notify"] == "told: 2 of 2 receivers"


def test_a_receiver_that_stays_down_is_given_up(served: World) -> None:
    subscribe(served, {"url": DOWN})
    done = episode()
    for _ in range(6):
        done = acted(served, done, ONLY_TOLD)
    (failed,) = letters(done).values()
    assert failed.endswith(", try 5]")
    assert acted(served, done, ONLY_TOLD) == done


def test_only_who_wants_it_is_told(served: World, receiver: Receiver, elsewhere: Receiver) -> None:
    subscribe(
        served,
        {"url": receiver.url, "events": ["assigned"]},
        {"url": elsewhere.url, "events": ["monitor"], "stages": ["staging"]},
    )
    done = acted(served, monitoring=ONLY_TOLD)
    assert (types(receiver), types(elsewhere)) == ([], [])
    assert letters(done) == {}


def test_who_wants_the_monitor_alone_hears_of_no_promotion(served: World, receiver: Receiver) -> None:
    subscribe(served, {"url": receiver.url, "events": ["monitor"]})
    served.run("rollback", "fraud", "--reason", "by hand", "--land")
    (outcome,) = told(served)
    assert (outcome.delivered, outcome.waiting, receiver.events) == (0, 0, [])


def test_that_a_person_is_needed_is_told_once(served: World, receiver: Receiver) -> None:
    subscribe(served, {"url": receiver.url})
    needs = actions(evidence="none")
    done = acted(served, monitoring=needs)
    done = acted(served, done, needs)
    assert types(receiver) == ["dev.rollbook.monitor.breach", "dev.rollbook.monitor.needs-person"]
    assert receiver.events[1]["data"]["rollback"].startswith("needs a person: ")


def test_that_it_is_over_is_told_until_it_arrives(served: World, receiver: Receiver) -> None:
    subscribe(served, {"url": receiver.url})
    done = acted(served, monitoring=ONLY_TOLD)
    receiver.does = [500] * 4
    done = acted(served, over(done), ONLY_TOLD, outcomes=())
    assert "ended" not in done.deeds
    done = acted(served, done, ONLY_TOLD, outcomes=())
    assert done.deeds["ended"] == "told"
    assert types(receiver) == ["dev.rollbook.monitor.breach", "dev.rollbook.monitor.over"]


def test_without_the_secret_nothing_is_sent(
    served: World, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    subscribe(served, {"url": receiver.url})
    monkeypatch.delenv("ROLLBOOK_NOTIFY_SECRET")
    done = acted(served, monitoring=ONLY_TOLD)
    assert "ROLLBOOK_NOTIFY_SECRET holds no secret" in "".join(letters(done).values())
    assert receiver.got == []


def test_nobody_is_told_where_the_policy_says_so(served: World, receiver: Receiver) -> None:
    subscribe(served, {"url": receiver.url})
    done = acted(served, monitoring=actions(evidence="none", rollback="none", notify=False))
    assert (receiver.got, dict(done.deeds)) == ([], {})


def test_what_is_wrong_is_told_though_the_clone_has_left_main(served: World, receiver: Receiver) -> None:
    subscribe(served, {"url": receiver.url})
    git(served.root, "clone", "--quiet", str(served.origin), "other")
    git(served.root / "other", "commit", "--quiet", "--allow-empty", "-m", "Elsewhere")
    git(served.root / "other", "push", "--quiet", "origin", "main")
    served.git("commit", "--quiet", "--allow-empty", "-m", "Here")
    done = acted(served, outcomes=(outcome(served),))
    assert done.deeds["evidence"].startswith("refused: 'main' and 'origin/main' have diverged")
    assert types(receiver)[0] == "dev.rollbook.monitor.breach"
