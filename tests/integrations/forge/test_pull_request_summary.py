"""What a pull request's comment says, and that nothing in it acts."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from markdown_it import MarkdownIt

from rollbook.check.finding import Finding
from rollbook.check.judge import check_merge
from rollbook.git.repository import discover
from rollbook.integrations.forge.pull_request import summary

if TYPE_CHECKING:
    from pathlib import Path

    from building.once import Template
    from building.world import World

HOSTILE = (
    "</code><script>alert(1)</script> @acme/risk #12 GH-12 `x` | y | [a](https://evil.example) "
    "![i](http://evil.example/i.png) <!-- --> https://evil.example www.evil.example deadbeef" + "a" * 32
)


def told(world: World, head: str, base: str = "origin/main") -> str:
    repository = discover(world.registry)
    findings, _ = check_merge(repository, base, head)
    return summary(repository, base, head, findings)


def propose(world: World, reference: str, stage: str, reason: str = "AUC is better") -> str:
    world.git("fetch", "--quiet")
    return world.run("promote", reference, stage, "--reason", reason, "--draft").out.strip()


def contest(world: World) -> None:
    """One version in production and a better one in staging."""
    world.register("credit-approval", "1.0.0", "--metric", "auc=0.9")
    world.promote("credit-approval@1.0.0", "staging")
    world.promote("credit-approval@1.0.0", "production")
    world.register("credit-approval", "1.1.0", "--metric", "auc=0.93", "--metric", "f1=0.8")
    world.promote("credit-approval@1.1.0", "staging")


@pytest.fixture
def contested(started: Template) -> World:
    return started(contest)


def rows(text: str) -> list[list[str]]:
    """The cells of all tables, as a reader sees them."""
    html = MarkdownIt("commonmark").enable("table").render(text)
    return [
        [re.sub(r"<[^>]+>", "", cell) for cell in re.findall(r"<td>(.*?)</td>", row)]
        for row in re.findall(r"<tr>(.*?)</tr>", html, re.DOTALL)
    ]


def test_a_promotion_shows_who_comes_who_goes_and_the_figures_of_both(contested: World) -> None:
    text = told(contested, propose(contested, "credit-approval@1.1.0", "production"))
    assert text.startswith("### rollbook check: ✅ passed\n\nNothing is wrong.\n")
    found = rows(text)
    assert ["credit-approval@1.0.0", "production", "archived", "replaced by 1.1.0 in production"] in found
    assert ["credit-approval@1.1.0", "staging", "production", "AUC is better"] in found
    assert ["auc", "0.9", "0.93", "+0.03"] in found
    assert ["f1", "", "0.8", ""] in found


def test_a_registration_is_compared_with_production(contested: World, tmp_path: Path) -> None:
    artifact = tmp_path / "new.bin"
    artifact.write_bytes(b"new")
    facts = ("--version", "1.2.0", "--metric", "auc=0.85")
    branch = contested.run("register", "credit-approval", str(artifact), *facts).out.split()[0]
    found = rows(told(contested, branch))
    assert ["credit-approval@1.2.0", "new", "development", ""] in found
    assert ["auc", "0.9", "0.85", "-0.05"] in found


def test_what_is_wrong_is_listed_with_what_to_do(world: World) -> None:
    world.register("credit-approval", "1.0.0")
    world.git("checkout", "--quiet", "-b", "edit", "origin/main")
    manifest = world.registry / "registry/credit-approval/versions/1.0.0/version.yaml"
    manifest.write_text(manifest.read_text() + "description: better\n")
    world.git("commit", "--quiet", "--all", "-m", "Edit")
    text = told(world, "edit")
    assert text.startswith("### rollbook check: ❌ refused\n")
    assert any(row[0] == "RB301" and "version.yaml" in row[1] for row in rows(text) if row)


def test_a_conflict_is_told_though_nothing_can_be_compared(contested: World) -> None:
    branch = propose(contested, "credit-approval@1.1.0", "production")
    contested.promote("credit-approval@1.1.0", "archived")
    contested.git("fetch", "--quiet")
    text = told(contested, branch)
    assert "RB305" in text
    assert "What changes" not in text


def test_nothing_that_a_file_says_acts(contested: World) -> None:
    text = told(contested, propose(contested, "credit-approval@1.1.0", "production", HOSTILE))
    html = MarkdownIt("commonmark", {"linkify": True}).enable("table").render(text)
    assert not re.findall(r"<(?!/?(?:code|p|h3|h4|table|thead|tbody|tr|th|td)>)[^>]*>", html)
    raw = re.sub(r"&#\d+;", "", text)
    assert not [word for word in ("<script", "@acme", "#12", "`", "](", "https:", "www.") if word in raw]


def test_a_summary_that_would_be_too_long_for_a_comment_is_cut_and_says_so(world: World) -> None:
    world.git("commit", "--quiet", "--allow-empty", "-m", "Nothing")
    findings = [Finding("RB104", f"registry/{'é' * 250}/{n}", "x" * 400, hint="y" * 400) for n in range(3000)]
    text = summary(discover(world.registry), "origin/main", "HEAD", findings)
    assert len(text.encode()) < 61_000
    assert "There is more" in text
    assert text.count("<code>") == text.count("</code>")
