"""The chapter of the story in which the team agrees on rules: every kind of gate, roles, and a second key."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from importlib import resources

from rollbook.cli.demo.cast import BOB, JANE, git, rollbook
from rollbook.cli.demo.managing import RETENTION
from rollbook.cli.demo.scene import Chapter, CommandRun, Edit, Say, Write
from rollbook.cli.demo.shell import PACKAGES
from rollbook.layout import ALLOWED_SIGNERS

# The gates after the first one. A few seconds of soaking stand for a day.
_GATES = """\
  - {gate: metric-comparison, to: [production], from: &, metric: auc, with: production, direction: higher}
  - {gate: required-fields, to: [production], from: &, fields: [signature.inputs, lineage.data],
     clean_code: true, pinned: true}
  - {gate: required-tags, to: [production], from: &, tags: {data_validated: "true"}}
  - {gate: model-card, to: [production], from: &, sections: [Intended use, Limitations]}
  - {gate: evidence, to: [production], from: &, kind: fairness, max_age_days: 30}
  - {gate: soak, to: [production], from: &, stage: staging, hours: 0.001}
  - {gate: artifact-present, to: [production], from: &}
  - {gate: artifact-format, to: [production], from: &, allow: [joblib, onnx], max_size: 1000000}
  - {gate: scan, to: [production], from: &, verify: true}
  - {gate: monitoring, to: [production]}
  - {gate: signed, to: [production], from: &, by: [release-team]}
  - {gate: signature, to: [production], from: &}
  - {gate: approvals, to: [production], count: 1, role: approver, rollback_count: 0}
  - {gate: deprecation, to: [deprecated], days: 90}
  - {gate: command, to: [canary], title: hyperparameters on record, time_limit: 10,
     run: [grep, --only-matching, '"hyperparameters": {"[^}]*}']}
  - {gate: plug-in, to: [canary], name: changelog, settings: {least: 20}}
""".replace("&", "[development, staging]")
_ROLES = f"""
roles:
  admin: [{JANE}]
  approver: [{BOB}]
"""
_BOBS_SETTINGS = f"""\
[user]
    name = Bob Doe
    email = {BOB}
    signingKey = ../bob
[gpg]
    format = ssh
"""


def agree() -> Chapter:
    """Return the policy gets every kind of gate, by a change that is checked like any other."""
    return Chapter(
        "The team agrees on more rules, and the server enforces them",
        [
            Say("There are seventeen kinds of gates, and freezes. A policy names those that it wants."),
            Edit(
                "registry/registry/policy.yaml",
                r"\Z",
                _GATES + _ROLES + RETENTION + _freezes(),
                "every kind of gate, two roles, what is kept, two freezes",
            ),
            *_gate_package(),
            Say("Bob approves with an SSH key of his own. The registry gets to know it:"),
            CommandRun(".", ("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", BOB, "-f", "bob")),
            Write("bob.gitconfig", _BOBS_SETTINGS),
            Write(f"registry/{ALLOWED_SIGNERS}", f"{BOB} ", "bob.pub"),
            git("registry", "diff", "--unified=0", "registry/policy.yaml"),
            git("registry", "switch", "--quiet", "--create", "rules"),
            git("registry", "add", "registry"),
            git("registry", "commit", "--quiet", "-m", "Agree on gates, roles and keys"),
            git("registry", "switch", "--quiet", "main"),
            rollbook("land", "rules", says=("landed rules on main",)),
            Say("From here on the server judges every push as well, before any ref moves:"),
            CommandRun("origin.git", ("rollbook", "hooks", "install", "--server"), says=("pre-receive",)),
        ],
    )


def _freezes() -> str:
    """Return a freeze that is on, and one that is to come."""
    today = datetime.now(UTC).date()
    yesterday, soon, later = (today + timedelta(days=days) for days in (-1, 30, 44))
    return f"""
freezes:
  - {{from: {yesterday}, to: {soon}, timezone: UTC, stages: [canary], reason: the load balancer moves}}
  - {{from: {soon}, to: {later}, timezone: UTC, stages: [production], reason: the auditors are here}}
"""


def _gate_package() -> list[Say | Write]:
    gate = resources.files("rollbook.cli.demo").joinpath("changelog_gate.py").read_text(encoding="utf-8")
    about = f"{PACKAGES}/changelog_gate-1.0.dist-info"
    return [
        Say("One of them is the team's own: a package with an entry point, as pip would install it."),
        Write(f"{PACKAGES}/changelog_gate.py", gate),
        Write(f"{about}/METADATA", "Metadata-Version: 2.1\nName: changelog-gate\nVersion: 1.0\n"),
        Write(f"{about}/entry_points.txt", "[rollbook.gates]\nchangelog = changelog_gate:ChangelogGate\n"),
    ]
