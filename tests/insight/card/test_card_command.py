"""`rollbook card`, from the command line to main."""

from __future__ import annotations

import contextlib
import io
import json
from typing import TYPE_CHECKING

import pytest

from building.world import World, rollbook
from rollbook.cli import execute

if TYPE_CHECKING:
    from pathlib import Path

    from building.once import Template

REF = "credit-approval@1.0.0"
PATH = "registry/credit-approval/versions/1.0.0/card.md"


def _one_version(world: World) -> None:
    world.register("credit-approval", "1.0.0", "--metric", "auc=0.9")
    world.git("pull", "--quiet", "--ff-only")


@pytest.fixture
def ready(started: Template) -> World:
    """A registry with one version, which has no card."""
    return started(_one_version)


def _staged(world: World, text: str) -> None:
    (world.registry / PATH).write_text(text)
    world.git("add", PATH)


def test_a_card_is_printed_and_nothing_is_written(ready: World):
    out = ready.run("card", REF).out
    assert out.startswith("---\n# rollbook:begin\n")
    assert "# credit-approval 1.0.0" in out
    assert ready.git("status", "--porcelain") == ""


def test_a_card_is_proposed_checked_and_landed(ready: World):
    ran = ready.run("card", REF, "--write", "--land", "--json")
    assert json.loads(ran.out)["branch"] == "rollbook/card/credit-approval/1.0.0"
    assert f"{ready.git('show', f'main:{PATH}')}\n" == ready.run("card", REF, "--rev", "main").out


def test_a_card_that_is_up_to_date_is_not_proposed_again(ready: World):
    ready.run("card", REF, "--write", "--land")
    ran = ready.run("card", REF, "--write", "--json")
    assert json.loads(ran.out) is None
    assert "up to date" in ran.err


def test_hand_written_text_in_main_survives_new_evidence(ready: World):
    text = ready.run("card", REF).out.replace("## Limitations\n", "## Limitations\n\nFew young applicants.\n")
    (ready.root / "mine.md").write_text(text)
    ready.run("card", REF, "--from", str(ready.root / "mine.md"), "--write", "--land")
    ready.run("evidence", "add", REF, "fairness", "--status", "passed", "--summary", "Narrow.", "--land")
    ready.run("card", REF, "--write", "--land")
    card = ready.git("show", f"main:{PATH}")
    assert "## Limitations\n\nFew young applicants.\n" in card
    assert "Narrow." in card


def test_the_output_file_keeps_what_a_person_wrote_in_it(ready: World):
    file = ready.root / "card.md"
    ready.run("card", REF, "--output", str(file))
    file.write_text(
        file.read_text().replace("## Limitations\n", "## Limitations\n\nMine.\n").replace("0.9", "7")
    )
    ready.run("card", REF, "--output", str(file))
    assert "## Limitations\n\nMine.\n" in file.read_text()
    assert "| auc | 0.9 |" in file.read_text()


def test_the_card_of_an_earlier_state_is_made(ready: World):
    ready.run("evidence", "add", REF, "fairness", "--status", "passed", "--summary", "Narrow.", "--land")
    assert "Narrow." in ready.run("card", REF, "--rev", "main").out
    assert "Narrow." not in ready.run("card", REF, "--rev", "main~1").out


def test_html_goes_to_a_file_of_its_own(ready: World):
    file = ready.root / "card.html"
    for _ in range(2):
        ready.run("card", REF, "--html", "--output", str(file))
        assert file.read_text().count("<!doctype html>") == 1


def test_the_gate_finds_what_is_left_to_be_written_and_passes_a_written_card(ready: World):
    policy = ready.registry / "registry" / "policy.yaml"
    gate = "{gate: model-card, to: [staging], sections: [Intended use, Limitations]}"
    text = policy.read_text()
    assert "\ngates:" not in text
    policy.write_text(f"{text}gates:\n  - {gate}\n")
    _staged(ready, ready.run("card", REF).out)
    ready.git("commit", "--quiet", "-a", "-m", "Ask for a card")
    assert "More Information Needed" in rollbook(ready.registry, "gates", REF, "staging").out
    _staged(ready, ready.run("card", REF).out.replace("[More Information Needed]", "All is said."))
    ready.git("commit", "--quiet", "-m", "Write the card")
    # The license, which stands inside a generated part, comes from the front matter.
    card = (ready.registry / PATH).read_text()
    (ready.registry / PATH).write_text(card.replace("---\n", "---\nlicense: mit\n", 1))
    ready.run("card", REF, "--output", str(ready.registry / PATH))
    ready.git("commit", "--quiet", "-a", "-m", "Say the license")
    ran = rollbook(ready.registry, "gates", REF, "staging", "--json")
    (promotion,) = json.loads(ran.out)["promotions"]
    assert {each["gate"]: each["state"] for each in promotion["gates"]}["model-card"] == "passed"


def test_a_staged_card_that_is_up_to_date_passes_the_hook(ready: World):
    _staged(ready, ready.run("card", REF).out)
    assert rollbook(ready.registry, "card", "--check").code == 0


def test_a_stale_staged_card_fails_the_hook_which_says_how_to_renew_it(ready: World):
    _staged(ready, ready.run("card", REF).out.replace("| auc | 0.9 |", "| auc | 0.99 |"))
    ran = rollbook(ready.registry, "card", "--check")
    assert (ran.code, ran.out) == (1, f"{PATH}\n")
    command = ran.err.strip().partition("rollbook ")[2].split()
    ready.run(*command)
    ready.git("add", PATH)
    assert rollbook(ready.registry, "card", "--check").code == 0


def test_the_hook_looks_at_staged_files_and_not_at_the_working_tree(ready: World):
    text = ready.run("card", REF).out
    _staged(ready, text)
    (ready.registry / PATH).write_text(text.replace("0.9", "0.99"))
    assert rollbook(ready.registry, "card", "--check").code == 0


def test_the_hook_leaves_hand_written_cards_alone(ready: World):
    _staged(ready, "# Ours\n")
    assert rollbook(ready.registry, "card", "--check").code == 0


def test_the_hook_leaves_stale_cards_alone_whose_versions_are_not_touched(ready: World):
    _staged(ready, ready.run("card", REF).out.replace("| auc | 0.9 |", "| auc | 0.99 |"))
    ready.git("commit", "--quiet", "-m", "A stale card")
    (ready.registry / "README.md").write_text("new")
    ready.git("add", "README.md")
    assert rollbook(ready.registry, "card", "--check").code == 0


def test_the_hook_works_before_the_first_commit(ready: World):
    _staged(ready, ready.run("card", REF).out.replace("| auc | 0.9 |", "| auc | 0.99 |"))
    ready.git("checkout", "--quiet", "--orphan", "new")
    assert rollbook(ready.registry, "card", "--check").out == f"{PATH}\n"


@pytest.mark.parametrize(
    "options",
    [
        (),
        (REF, "--check"),
        ("--check", "--write"),
        (REF, "--write", "--html"),
        (REF, "--write", "--rev", "main"),
        (REF, "--land"),
        (REF, "--from", "a", "--output", "b"),
        (REF, "--from", "nothing-here"),
    ],
)
def test_a_call_that_makes_no_sense_is_refused(ready: World, options):
    ran = rollbook(ready.registry, "card", *options)
    assert (ran.code, ran.out) == (2, "")


def test_a_card_that_is_no_text_is_refused_with_its_line(ready: World):
    (ready.root / "mine.md").write_bytes(b"# a\n\xff")
    assert rollbook(ready.registry, "card", REF, "--from", str(ready.root / "mine.md")).code == 2
    (ready.registry / PATH).write_bytes(b"# a\n\xff")
    ready.git("add", PATH)
    ready.git("commit", "--quiet", "-m", "Bytes")
    ran = rollbook(ready.registry, "card", REF)
    assert ran.code == 1
    assert f"{PATH}:2: the file is not UTF-8" in ran.err


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_escapes_in_a_card_do_not_act_on_a_terminal(ready: World):
    _staged(ready, "# Ours\n\x1b]0;x\x07\n")
    ready.git("commit", "--quiet", "-m", "Escapes")
    with contextlib.redirect_stdout(Terminal()) as terminal:
        assert execute(["-C", str(ready.registry), "card", REF]) == 0
    assert "\x1b" not in terminal.getvalue()
    assert "\\x1b]0;x\\x07\n" in terminal.getvalue()


def test_the_registrys_own_template_passes_the_check(ready: World):
    (ready.registry / "registry" / "card-template.md").write_text("## Our risks\n\nTBD\n")
    ready.git("add", ".")
    ready.git("commit", "--quiet", "-m", "Template")
    assert rollbook(ready.registry, "check").code == 0
    assert ready.run("card", REF).out.endswith("## Our risks\n\nTBD\n")


def test_an_output_file_that_is_a_link_is_neither_read_nor_written(ready: World, tmp_path: Path):
    secret = tmp_path / "secret"
    secret.write_text("## My own words\n\nhush\n")
    (ready.registry / "card.md").symlink_to(secret)
    ran = rollbook(ready.registry, "card", "credit-approval@1.0.0", "-o", str(ready.registry / "card.md"))
    assert ran.code == 2
    assert "is a symbolic link" in ran.err
    assert secret.read_text() == "## My own words\n\nhush\n"
