"""The methods of the public registry: what the command prints as JSON, they return."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from building.world import git, rollbook
from rollbook import (
    BadCall,
    ChangeRefused,
    Federation,
    NotFound,
    Refused,
    Registry,
    document,
    open_index,
)
from rollbook.names import parse_moment

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from building.once import Template
    from building.world import World

REF = "credit-approval@1.0.0"
NEXT = "credit-approval@1.1.0"


def _walk(world: World) -> None:
    """Two versions with what there is to ask about them: stages, evidence with an attachment, lineage."""
    world.register("credit-approval", "1.0.0", "--metric", "auc=0.9", "--data", "applications@1")
    world.promote(REF, "staging")
    world.promote(REF, "production")
    world.register("credit-approval", "1.1.0", "--metric", "auc=0.95", "--parent", REF)
    world.promote(NEXT, "staging")
    report = world.artifact(b"<html>", "report.html")
    world.run("evidence", "add", REF, "fairness", "--status", "passed", "--attach", str(report), "--land")


@pytest.fixture
def asked(template: Template) -> World:
    """A registry that is only read."""
    return template(_walk)


@pytest.fixture
def walked(started: Template) -> World:
    """The same, to change."""
    return started(_walk)


def _printed(world: World, *arguments: str) -> Any:
    ran = rollbook(world.registry, *arguments, "--json")
    assert ran.out, ran.err
    return json.loads(ran.out)


def _data(result: object) -> Any:
    """A result's document as programs read it."""
    return json.loads(json.dumps(document(result)))


QUESTIONS: dict[str, tuple[list[str], Callable[[Registry], object]]] = {
    "resolve": (
        ["resolve", "credit-approval@production"],
        lambda it: it.resolve("credit-approval@production"),
    ),
    "show": (["show", REF], lambda it: it.show(REF)),
    "show of a model": (["show", "credit-approval"], lambda it: it.show_model("credit-approval")),
    "list": (["list"], lambda it: it.list()),
    "list of versions": (["list", "credit-approval"], lambda it: it.list("credit-approval")),
    "compare": (["compare", "credit-approval"], lambda it: it.compare("credit-approval")),
    "best": (["best", "credit-approval", "-m", "auc"], lambda it: it.best("credit-approval", "auc")),
    "lineage": (["lineage", NEXT], lambda it: it.lineage(NEXT)),
    "descendants": (
        ["lineage", "--data", "applications@1"],
        lambda it: it.descendants(data="applications@1"),
    ),
    "query": (["query", "SELECT version FROM versions"], lambda it: it.query("SELECT version FROM versions")),
    "storage": (["storage"], lambda it: it.storage()),
    "card": (["card", REF], lambda it: it.card(REF)),
    "history": (["history"], lambda it: it.history()),
    "history of a stage": (
        ["history", "credit-approval", "--stage", "production"],
        lambda it: it.history("credit-approval", stage="production"),
    ),
    "evidence list": (["evidence", "list", REF], lambda it: it.evidence.list(REF)),
    "check": (["check"], lambda it: it.check()),
    "check of a change": (
        ["check", "--base", "main~1", "--head", "main"],
        lambda it: it.check(base="main~1", head="main"),
    ),
    "gates": (["gates", NEXT, "production"], lambda it: it.gates(NEXT, "production")),
    "audit verify": (["audit", "verify"], lambda it: it.audit.verify()),
    "audit head": (["audit", "head"], lambda it: it.audit.head()),
    "audit record": (["audit", "record"], lambda it: it.audit.record()),
    "sweep": (["sweep"], lambda it: it.sweep()),
    "notify": (["notify"], lambda it: it.notify()),
}


@pytest.mark.parametrize("name", QUESTIONS)
def test_a_question_is_answered_as_its_command_prints_it(name: str, asked: World) -> None:
    arguments, ask = QUESTIONS[name]
    with Registry.open(asked.registry) as registry:
        assert _data(ask(registry)) == _printed(asked, *arguments)


def test_versions_that_nothing_uses_are_listed_as_by_the_command(asked: World) -> None:
    with Registry.open(asked.registry, at="2099-01-01") as registry:
        stale = registry.list(stale="1d", now=parse_moment("2099-01-01"))
    assert _data(stale) == _printed(asked, "list", "--stale", "1d", "--at", "2099-01-01")


def test_a_bill_of_materials_is_a_document_of_cyclonedx(asked: World) -> None:
    with Registry.open(asked.registry) as registry:
        assert registry.bom(REF)["bomFormat"] == "CycloneDX"


def test_a_report_covers_the_period_that_is_asked_for(asked: World) -> None:
    with Registry.open(asked.registry) as registry:
        report = registry.report("2020-01-01..2099-12-31")
    assert [step.tag.event.version for step in report.steps][:1] == ["1.0.0"]


def test_an_artifact_is_fetched(asked: World, tmp_path: Path) -> None:
    with Registry.open(asked.registry) as registry:
        fetched = registry.fetch(REF, tmp_path / "model")
    assert fetched.output.read_bytes() == REF.replace("@", " ").encode()
    assert _data(fetched) == _printed(asked, "fetch", REF, "-o", str(tmp_path / "model"), "--force")


def test_what_is_attached_to_evidence_is_fetched(asked: World, tmp_path: Path) -> None:
    with Registry.open(asked.registry) as registry:
        fetched = registry.evidence.fetch(REF, "fairness-1", tmp_path)
    assert [path.read_bytes() for path in fetched.outputs] == [b"<html>"]


def test_several_registries_are_asked_as_one(asked: World) -> None:
    addresses = [str(asked.registry)]
    with Federation.open(addresses) as federation:
        assert [row.registry for row in federation.list()] == addresses
        assert federation.resolve(REF).version == "1.0.0"


def test_an_index_is_written_and_answers(walked: World, tmp_path: Path) -> None:
    with Registry.open(walked.registry) as registry:
        written = registry.export_index(tmp_path / "index")
    assert written.exported.models == 1
    assert open_index(str(tmp_path / "index")).resolve(REF).sha256


def test_the_views_are_written_as_parquet(asked: World, tmp_path: Path) -> None:
    with Registry.open(asked.registry) as registry:
        written = registry.export_parquet(tmp_path / "views")
    assert _data(written)["rows"]["versions"] == 2


def test_a_bundle_is_brought_to_another_registry(asked: World, world: World, tmp_path: Path) -> None:
    with Registry.open(asked.registry) as registry:
        packed = registry.export_bundle(REF, tmp_path / "moved.bundle")
    brought = Registry.open(world.registry).import_bundle(packed.path)
    assert f"{brought.model}@{brought.version}" == REF
    assert git(world.registry, "rev-parse", brought.branch) == brought.commit


PROPOSALS: dict[str, tuple[list[str], Callable[[Registry], object]]] = {
    "promote": (
        ["promote", NEXT, "production", "--reason", "better"],
        lambda it: it.promote(NEXT, "production", reason="better"),
    ),
    "deprecate": (
        ["deprecate", REF, "--reason", "old", "--replacement", NEXT, "--sunset", "2099-06-30"],
        lambda it: it.deprecate(REF, reason="old", replacement=NEXT, sunset="2099-06-30"),
    ),
    "archive": (
        ["archive", NEXT, "--reason", "not wanted"],
        lambda it: it.archive(NEXT, reason="not wanted"),
    ),
    "note": (["note", REF, "--tag", "seen=yes"], lambda it: it.note(REF, tags={"seen": "yes"})),
    "model edit": (
        ["model", "edit", "credit-approval", "--team", "risk"],
        lambda it: it.edit_model("credit-approval", team="risk"),
    ),
    "evidence add": (
        ["evidence", "add", NEXT, "evaluation", "--status", "passed", "-m", "f1=0.5"],
        lambda it: it.evidence.add(NEXT, "evaluation", status="passed", metrics={"f1": 0.5}),
    ),
    "card": (["card", REF, "--write"], lambda it: it.propose_card(REF)),
}


@pytest.mark.parametrize("name", PROPOSALS)
def test_a_proposal_is_the_one_that_the_command_makes(name: str, walked: World, tmp_path: Path) -> None:
    other = walked.copy(tmp_path / "other")
    arguments, propose = PROPOSALS[name]
    proposed = _data(propose(Registry.open(walked.registry)))
    printed = _printed(other, *arguments)
    assert git(walked.registry, "rev-parse", proposed["branch"]) == proposed["commit"]
    assert proposed | {"commit": ""} == {key: printed[key] for key in proposed} | {"commit": ""}
    assert set(printed) - set(proposed) == {"pushed", "pull_request"}


def test_a_program_registers_promotes_and_lands(world: World) -> None:
    registry = Registry.open(world.registry)
    registered = registry.register(
        "fraud", world.artifact(b"trees"), metrics={"auc": 0.9}, params={"depth": 4}, tags={"team": "risk"}
    )
    landing = registry.land(registered.branch)
    assert document(landing)["tags"] == ["fraud@v0.1.0"]
    registry.land(registry.promote("fraud@0.1.0", "staging", reason="first").branch)
    shown = Registry.open(world.registry).show("fraud@staging")
    assert (shown.manifest.metrics, shown.manifest.hyperparameters) == ({"auc": 0.9}, {"depth": 4})
    assert (shown.stage, shown.tags) == ("staging", {"team": "risk"})


def test_what_is_registered_is_what_the_command_registers(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(world.registry)  # not a repository of training code
    other = world.copy(tmp_path / "other")
    artifact = world.artifact(b"trees")
    facts = world.root / "facts.json"
    facts.write_text('{"auc": 0.9}')
    registered = Registry.open(world.registry).register(
        "fraud", artifact, version="2.0.0", metrics_files=[facts], framework="xgboost==2.1", data=["loans@3"]
    )
    told = ("--metrics-file", str(facts), "--framework", "xgboost==2.1", "--data", "loans@3")
    printed = _printed(other, "register", "fraud", str(artifact), "--version", "2.0.0", *told)
    assert {**_data(registered), "commit": ""} == {key: printed[key] for key in _data(registered)} | {
        "commit": ""
    }
    path = "registry/fraud/versions/2.0.0/version.yaml"
    here, there = (
        [
            line
            for line in git(one.registry, "show", f"{registered.branch}:{path}").splitlines()
            if "created_at" not in line
        ]
        for one in (world, other)
    )
    assert here == there


@pytest.mark.parametrize("value", [float("nan"), float("inf"), True, "0.9"])
def test_a_metric_that_is_no_finite_number_is_refused(value: Any, world: World) -> None:
    with pytest.raises(BadCall, match="finite number"):
        Registry.open(world.registry).register("fraud", world.artifact(), metrics={"auc": value})


def test_a_version_is_given_or_bumped_and_not_both(world: World) -> None:
    with pytest.raises(BadCall, match="given or bumped"):
        Registry.open(world.registry).register("m", world.artifact(), version="1.0.0", bump="major")


def test_a_model_goes_back_to_the_version_before(walked: World) -> None:
    walked.promote(NEXT, "production")
    proposed = Registry.open(walked.registry).rollback("credit-approval", reason="slow")
    assert [(move.version, move.target) for move in proposed.moves][-1] == ("1.0.0", "production")


def test_a_proposal_is_pushed(walked: World) -> None:
    registry = Registry.open(walked.registry)
    branch = registry.promote(NEXT, "production", reason="better").branch
    assert registry.push(branch) == "origin"
    assert git(walked.origin, "rev-parse", branch) == git(walked.registry, "rev-parse", branch)


def test_no_pull_request_is_opened_where_the_remote_is_no_forge(walked: World) -> None:
    registry = Registry.open(walked.registry)
    branch = registry.promote(NEXT, "production", reason="better").branch
    with pytest.raises(BadCall, match="no repository on"):
        registry.open_pull_request(branch)


def test_approving_what_is_not_proposed_is_refused(asked: World) -> None:
    with pytest.raises(NotFound):
        Registry.open(asked.registry).approve(NEXT, "production")


def test_nothing_is_pruned_without_rules_for_it(asked: World) -> None:
    registry = Registry.open(asked.registry)
    assert document(registry.prune(dry_run=True)) == _printed(asked, "prune", "--dry-run")
    with pytest.raises(BadCall, match="needs a reason"):
        registry.prune()
    with pytest.raises(Refused):
        registry.prune(reason="the bucket is full")


def test_what_the_check_refuses_does_not_land(walked: World) -> None:
    walked.git("switch", "--quiet", "-c", "stray")
    (walked.registry / "registry" / "credit-approval" / "stray.txt").write_text("")
    walked.git("add", ".")
    walked.git("commit", "--quiet", "-m", "Add what has no place")
    walked.git("switch", "--quiet", "main")
    with pytest.raises(ChangeRefused) as refused:
        Registry.open(walked.registry).land("stray")
    assert [finding.code for finding in refused.value.findings if finding.severity == "error"]


def test_a_stray_file_is_found_as_the_command_finds_it(walked: World) -> None:
    (walked.registry / "registry" / "credit-approval" / "stray.txt").write_text("")
    checked = Registry.open(walked.registry).check()
    assert not checked.passed
    assert _data(checked) == _printed(walked, "check")


def test_a_repository_becomes_a_registry(tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet")
    begun = Registry.init(tmp_path)
    assert "registry/policy.yaml" in begun.written
    assert Registry.init(tmp_path).written == ()


def test_hooks_are_installed_once(walked: World) -> None:
    hooks = Registry.open(walked.registry).hooks
    assert [path.name for path in hooks.install()] == ["pre-commit"]
    assert list(hooks.install()) == []


def test_codeowners_follow_the_policy(walked: World) -> None:
    with (walked.registry / "registry" / "policy.yaml").open("a") as policy:
        policy.write("roles: {approver: [ann@example.com], data-scientist: [jane@example.com]}\n")
    registry = Registry.open(walked.registry)
    assert registry.codeowners(check=True)
    assert registry.codeowners()
    assert not registry.codeowners(check=True)


def test_dvc_artifacts_are_written_where_the_policy_asks_for_them(walked: World) -> None:
    with (walked.registry / "registry" / "policy.yaml").open("a") as policy:
        policy.write("dvc_artifacts: true\n")
    registry = Registry.open(walked.registry)
    assert list(registry.dvc_artifacts(check=True)) == list(registry.dvc_artifacts()) == ["credit-approval"]
    assert list(registry.dvc_artifacts(check=True)) == []


def test_a_staged_card_that_is_up_to_date_is_not_stale(walked: World) -> None:
    registry = Registry.open(walked.registry)
    proposed = registry.propose_card(REF)
    assert proposed is not None
    registry.land(proposed.branch)
    assert list(Registry.open(walked.registry).stale_cards()) == []


def test_what_a_forge_is_needed_for_says_so(asked: World, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("GITHUB_REPOSITORY", "GITHUB_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    registry = Registry.open(asked.registry)
    for call in (registry.release, lambda: registry.comment("1", "text"), lambda: registry.recheck("1")):
        with pytest.raises(BadCall, match="GITHUB_REPOSITORY"):
            call()


def test_a_registry_that_gto_kept_is_taken_over(world: World) -> None:
    from gto.api import register

    (world.registry / "fraud.bin").write_bytes(b"weights")
    (world.registry / "dvc.yaml").write_text("artifacts:\n  fraud:\n    path: fraud.bin\n")
    world.git("add", ".")
    world.git("commit", "--quiet", "-m", "Use GTO")
    register(str(world.registry), "fraud", "HEAD", "v1.0.0")
    world.git("push", "--quiet", "origin", "main", "--tags")
    registry = Registry.open(world.registry)
    assert document(registry.plan_gto()) == _printed(world, "import", "gto", "--dry-run")
    taken = registry.import_gto()
    assert [version.version for model in taken.plan.models for version in model.versions] == ["1.0.0"]
    registry.land(taken.branch)
    assert Registry.open(world.registry).resolve("fraud@1.0.0").size == len(b"weights")
