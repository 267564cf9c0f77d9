"""Proposing a stage change: stages.yaml alone is edited, and only a legal move is proposed."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from building.world import World, git, rollbook
from rollbook.check.judge import check_tree
from rollbook.errors import BadCall, NotFound, Refused
from rollbook.git.repository import discover
from rollbook.propose.promotion import propose_promotion
from rollbook.propose.proposal import ChangeRefused
from rollbook.snapshot.tree_snapshot import commit_snapshot
from rollbook.trail.record import record

if TYPE_CHECKING:
    from rollbook.propose.promotion import ProposedMove

STAGES = "registry/credit/stages.yaml"


@pytest.fixture(scope="module")
def with_versions(new_world: World, tmp_path_factory: pytest.TempPathFactory) -> World:
    world = new_world.copy(tmp_path_factory.mktemp("promote") / "world")
    world.git("remote", "remove", "origin")
    for version in ("1.0.0", "1.1.0", "1.2.0"):
        world.register("credit", version)
    return world


@pytest.fixture
def models(with_versions: World, tmp_path: Path) -> World:
    """A registry without a remote, with three versions of a model, all at the first stage."""
    return with_versions.copy(tmp_path / "world")


def propose(world: World, reference: str, stage: str, **options: Any) -> ProposedMove:
    return propose_promotion(discover(world.registry), reference, stage, reason="because", **options)


def written(world: World, text: str) -> None:
    """Put a stages.yaml on main as a person would."""
    (world.registry / STAGES).write_text(text)
    world.git("add", STAGES)
    world.git("commit", "-q", "-m", "by hand")


def held(world: World, revision: str) -> dict[str, Any]:
    """Which versions each stage holds in a revision."""
    table = yaml.safe_load(world.git("show", f"{revision}:{STAGES}")) or {}
    return {
        stage: [item["version"] for item in held] if isinstance(held, list) else held["version"]
        for stage, held in table.items()
        if stage not in ("aliases", "extra")
    }


def proposals(world: World) -> str:
    return world.git("for-each-ref", "refs/heads/rollbook")


ENTRY = 'reason: "earlier", requested_by: ann@example.com, requested_at: 2026-01-02T09:00:00Z}'


def test_a_promotion_is_one_commit_that_edits_stages_alone(models: World) -> None:
    promotion = propose(models, "credit@1.0.0", "staging")
    assert promotion.branch == "rollbook/promote/credit/1.0.0-staging"
    assert models.git("diff", "--name-only", f"main..{promotion.branch}") == STAGES
    assert models.git("rev-list", f"main..{promotion.branch}") == promotion.commit


def test_the_entry_says_why_who_and_when(models: World) -> None:
    promotion = propose(models, "credit@1.0.0", "staging")
    (entry,) = yaml.safe_load(models.git("show", f"{promotion.branch}:{STAGES}"))["staging"]
    assert entry.keys() == {"version", "reason", "requested_by", "requested_at"}
    assert (entry["version"], entry["reason"], entry["requested_by"]) == (
        "1.0.0",
        "because",
        "jane@example.com",
    )


def test_the_users_checkout_stays_as_it_is(models: World) -> None:
    (models.registry / "staged").write_text("x")
    models.git("add", "staged")
    before = [
        models.git(*words) for words in (["status", "--porcelain"], ["ls-files", "-s"], ["rev-parse", "HEAD"])
    ]
    propose(models, "credit@1.0.0", "staging")
    after = [
        models.git(*words) for words in (["status", "--porcelain"], ["ls-files", "-s"], ["rev-parse", "HEAD"])
    ]
    assert after == before


def test_comments_order_aliases_and_extra_stay_as_people_wrote_them(models: World) -> None:
    text = f"""\
# Who decides: the risk board.
extra: {{ticket: 7}}
archived:
  - {{version: "1.1.0", {ENTRY}  # too slow
aliases: {{champion: "1.1.0"}}  # kept by hand
staging:
  - {{version: "1.0.0", {ENTRY}
"""
    written(models, text)
    promotion = propose(models, "credit@1.2.0", "staging")
    after = models.git("show", f"{promotion.branch}:{STAGES}") + "\n"
    assert after.startswith(text)
    assert held(models, promotion.branch)["staging"] == ["1.0.0", "1.2.0"]


def test_the_version_displaced_from_an_exclusive_stage_moves_where_the_policy_says(models: World) -> None:
    written(models, f'production: {{version: "1.0.0", {ENTRY}\nstaging:\n  - {{version: "1.1.0", {ENTRY}\n')
    promotion = propose(models, "credit@1.1.0", "production")
    assert held(models, promotion.branch) == {"production": "1.1.0", "archived": ["1.0.0"]}
    moves = [(move.version, move.start, move.target) for move in promotion.moves]
    assert moves == [("1.0.0", "production", "archived"), ("1.1.0", "staging", "production")]


def test_the_displaced_version_says_what_replaced_it_and_keeps_no_traffic(models: World) -> None:
    written(
        models,
        f'canary: {{version: "1.0.0", traffic: 5, {ENTRY}\nstaging:\n  - {{version: "1.1.0", {ENTRY}\n',
    )
    promotion = propose(models, "credit@1.1.0", "canary", details={"traffic": 10})
    table = yaml.safe_load(models.git("show", f"{promotion.branch}:{STAGES}"))
    assert table["canary"]["traffic"] == 10
    (displaced,) = table["staging"]
    assert (displaced["version"], displaced["reason"]) == ("1.0.0", "replaced by 1.1.0 in canary")
    assert "traffic" not in displaced


def test_a_stage_that_several_hold_takes_another(models: World) -> None:
    written(models, f'staging:\n  - {{version: "1.0.0", {ENTRY}\n')
    assert held(models, propose(models, "credit@1.1.0", "staging").branch) == {"staging": ["1.0.0", "1.1.0"]}


def test_going_back_to_the_first_stage_takes_the_entry_out(models: World) -> None:
    written(models, f'staging:\n  - {{version: "1.0.0", {ENTRY}\n  - {{version: "1.1.0", {ENTRY}\n')
    assert held(models, propose(models, "credit@1.0.0", "development").branch) == {"staging": ["1.1.0"]}


def test_the_last_one_to_leave_leaves_an_empty_table(models: World) -> None:
    written(models, f'staging:\n  - {{version: "1.0.0", {ENTRY}\n')
    promotion = propose(models, "credit@1.0.0", "development")
    assert held(models, promotion.branch) == {}
    assert not [finding for finding in promotion.findings if finding.severity == "error"]


def test_a_reference_by_stage_or_newest_version_is_understood(models: World) -> None:
    written(models, f'staging:\n  - {{version: "1.0.0", {ENTRY}\n')
    assert propose(models, "credit#staging", "production").branch.endswith("/1.0.0-production")
    assert propose(models, "credit@latest", "staging").branch.endswith("/1.2.0-staging")


# --- what is not proposed


@pytest.mark.parametrize(
    ("reference", "stage", "error", "says"),
    [
        ("credit@1.0.0", "production", Refused, "no transition from development to production"),
        ("credit@1.0.0", "development", Refused, "is in development already"),
        ("credit@1.0.0", "prodution", NotFound, "there is no stage 'prodution'"),
        ("credit@1.0.0", "Staging!", BadCall, "is not a stage name"),
        ("credit@9.9.9", "staging", NotFound, "has no version 9.9.9"),
        ("nothing@1.0.0", "staging", NotFound, "there is no model"),
    ],
)
def test_what_cant_be_is_not_proposed(
    models: World, reference: str, stage: str, error: Any, says: str
) -> None:
    with pytest.raises(error, match=says):
        propose(models, reference, stage)
    assert proposals(models) == ""


def test_an_illegal_transition_names_the_legal_ones(models: World) -> None:
    with pytest.raises(Refused) as raised:
        propose(models, "credit@1.0.0", "production")
    assert "staging, archived" in raised.value.hint


def test_an_unknown_stage_lists_those_there_are(models: World) -> None:
    with pytest.raises(NotFound) as raised:
        propose(models, "credit@1.0.0", "prodution")
    assert "development, staging, canary, production" in raised.value.hint


@pytest.mark.parametrize("reason", ["", "  \n ", "\x00\x1b"])
def test_a_reason_is_needed(models: World, reason: str) -> None:
    with pytest.raises(BadCall, match="needs a reason"):
        propose_promotion(discover(models.registry), "credit@1.0.0", "staging", reason=reason)


def test_a_reason_of_several_lines_is_put_on_one(models: World) -> None:
    promotion = propose_promotion(
        discover(models.registry), "credit@1.0.0", "staging", reason='two\nlines: "and" #more\x1b[31m'
    )
    (entry,) = yaml.safe_load(models.git("show", f"{promotion.branch}:{STAGES}"))["staging"]
    assert entry["reason"] == 'two lines: "and" #more [31m'


def test_a_proposal_that_stands_is_not_replaced(models: World) -> None:
    before = propose(models, "credit@1.0.0", "staging")
    with pytest.raises(Exception, match="exists already"):
        propose(models, "credit@1.0.0", "staging")
    assert models.git("rev-parse", before.branch) == before.commit


@pytest.fixture
def gated(models: World) -> World:
    """The registry with a gate that no version passes."""
    path = models.registry / "registry/policy.yaml"
    gate = "gates:\n  - {gate: metric-threshold, to: [staging], metric: auc, min: 0.85}\n"
    path.write_text(path.read_text() + gate)
    models.git("commit", "-q", "-a", "-m", "gate")
    return models


def test_a_gate_that_fails_lets_nothing_be_proposed(gated: World) -> None:
    with pytest.raises(ChangeRefused, match=r"credit@1\.0\.0 can't move to staging"):
        propose(gated, "credit@1.0.0", "staging")
    assert proposals(gated) == ""


def test_a_draft_is_proposed_although_a_gate_fails_and_does_not_land(gated: World) -> None:
    promotion = propose(gated, "credit@1.0.0", "staging", draft=True)
    assert [finding for finding in promotion.findings if finding.severity == "error"]
    before = gated.git("rev-parse", "main")
    assert rollbook(gated.registry, "land", promotion.branch).code == 1
    assert gated.git("rev-parse", "main") == before


def test_stages_that_cant_be_read_are_named(models: World) -> None:
    written(models, "staging: [\n")
    ran = rollbook(models.registry, "promote", "credit@1.0.0", "staging", "--reason", "x")
    assert ran.code == 1
    assert STAGES in ran.err
    assert proposals(models) == ""


@pytest.mark.parametrize("text", ["", "# nothing yet\n", "---\n", "aliases: {}\n"])
def test_stages_without_any_entry_take_the_first(models: World, text: str) -> None:
    written(models, text)
    promotion = propose(models, "credit@1.0.0", "staging")
    assert held(models, promotion.branch) == {"staging": ["1.0.0"]}
    assert models.git("show", f"{promotion.branch}:{STAGES}").startswith(text.strip().partition("\n")[0])


# --- the command


def promote(world: World, *options: str) -> Any:
    return rollbook(world.registry, "promote", "credit@1.0.0", "staging", "--reason", "because", *options)


def test_the_branch_is_the_result_on_stdout(models: World) -> None:
    ran = promote(models)
    assert ran.out == "rollbook/promote/credit/1.0.0-staging\n"
    assert "credit@1.0.0: development -> staging" in ran.err


def test_json_tells_the_moves(models: World) -> None:
    found = yaml.safe_load(promote(models, "--json").out)
    assert found["moves"] == [{"version": "1.0.0", "from": "development", "to": "staging"}]
    assert found["commit"] == models.git("rev-parse", found["branch"])


def test_land_moves_the_stage_and_tags_it(models: World) -> None:
    assert promote(models, "--land").out == "credit#staging#4\tcredit@1.0.0 put into staging\n"
    assert held(models, "main") == {"staging": ["1.0.0"]}


def test_push_sends_the_branch(models: World) -> None:
    git(models.root, "init", "-q", "--bare", "new.git")
    models.git("remote", "add", "origin", str(models.root / "new.git"))
    assert promote(models, "--push").code == 0
    branch = "rollbook/promote/credit/1.0.0-staging"
    assert git(models.root / "new.git", "rev-parse", branch) == models.git("rev-parse", branch)


@pytest.mark.parametrize("traffic", ["0", "101", "ten", "-5"])
def test_a_share_of_traffic_is_between_1_and_100(models: World, traffic: str) -> None:
    assert promote(models, f"--traffic={traffic}").code == 2


def test_no_reason_is_a_wrong_call(models: World) -> None:
    assert rollbook(models.registry, "promote", "credit@1.0.0", "staging").code == 2


# --- any sequence


def table_by_gto(world: World) -> dict[str, str]:
    """Each version's stage as `gto show` tells it."""
    from gto.api import show

    rows: Any = show(str(world.registry), "credit", assignments_per_version=-1, versions_per_stage=-1)
    return {row["version"].removeprefix("v"): held["stage"] for row in rows for held in row["stages"]}


_MOVES = st.lists(
    st.tuples(
        st.sampled_from(["1.0.0", "1.1.0", "1.2.0"]),
        st.sampled_from(["development", "staging", "canary", "production", "deprecated", "archived"]),
    ),
    min_size=4,
    max_size=9,
)


@settings(
    max_examples=6,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@given(_MOVES)
def test_any_sequence_of_legal_promotions_keeps_every_invariant(
    with_versions: World, moves: list[tuple[str, str]]
) -> None:
    with tempfile.TemporaryDirectory() as directory:
        world = with_versions.copy(Path(directory) / "world")
        repository = discover(world.registry)
        where = dict.fromkeys(["1.0.0", "1.1.0", "1.2.0"], "development")
        for version, stage in moves:
            try:
                promotion = propose(world, f"credit@{version}", stage)
            except Refused:
                continue
            world.git("update-ref", "refs/heads/main", promotion.commit)
            world.git("branch", "-q", "-D", promotion.branch)
            for move in promotion.moves:
                assert where[move.version] == move.start
                where[move.version] = move.target
            snapshot = commit_snapshot(repository, "main")
            errors = [finding for finding in check_tree(snapshot) if finding.severity == "error"]
            snapshot.close()
            assert errors == []
            table = {
                name: stage
                for stage, names in held(world, "main").items()
                for name in ([names] if isinstance(names, str) else names)
            }
            assert table == {name: stage for name, stage in where.items() if stage != "development"}
            record(repository)
        assert table_by_gto(world) == {name: stage for name, stage in where.items() if stage != "development"}
