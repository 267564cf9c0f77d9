"""The story that `rollbook demo` tells: of three models, one is not let into production."""

from __future__ import annotations

import textwrap
from importlib import resources
from typing import TYPE_CHECKING

from rollbook.cli.demo.asking import approve, ask
from rollbook.cli.demo.cast import (
    BOOSTING,
    JANE,
    LOGISTIC,
    MODEL,
    RELEASE_KEY,
    git,
    promotion,
    registration,
    rollbook,
)
from rollbook.cli.demo.inspecting import inspect
from rollbook.cli.demo.managing import ask_around, hand_over, publish, tidy_up
from rollbook.cli.demo.night_watch import watch
from rollbook.cli.demo.refusals import refuse
from rollbook.cli.demo.rules import agree
from rollbook.cli.demo.scene import Chapter, CommandRun, Edit, Say, Write
from rollbook.layout import manifest_path, stages_path
from rollbook.propose.proposal import branch_name

if TYPE_CHECKING:
    from rollbook.cli.demo.scene import Figures

LEAST_AUC = 0.95

_SETTINGS = f"""\
# Who works in this scratch directory. Only its repositories read this file.
[user]
    name = Jane Doe
    email = {JANE}
[commit]
    gpgsign = false
[tag]
    gpgsign = false
"""
_GATE = f"""
gates:
  - gate: metric-threshold
    to: [production]
    metric: auc
    min: {LEAST_AUC}
"""
_SIGNERS = """
model_signers:
  release-team:
    key: |
"""
_CARD = """\
---
license: mit
---

# The second model

## Intended use

Sorting tumours for a second look by a pathologist, who decides.

## Limitations

Trained on 398 tumours of one hospital.
"""
_OWN_SETTINGS = ("git", "config", "include.path", "../../gitconfig")


def opening(signer: str) -> list[Chapter]:
    """Return what happens until there are models to register. `signer` is the public key (PEM) of those who
    sign models.
    """
    return [_start(signer), _train()]


def plot(figures: Figures) -> list[Chapter]:
    """Return what happens with the models. `figures` are what their training measured."""
    return [
        _register(figures),
        inspect(),
        _promote(),
        agree(),
        ask(figures),
        approve(figures),
        refuse(figures),
        watch(),
        ask_around(),
        tidy_up(),
        _look_back(),
        _use(),
        publish(),
        hand_over(),
    ]


def _script(name: str) -> Write:
    folder = {"train.py": "training", "predict.py": "service"}[name]
    text = resources.files("rollbook.cli.demo").joinpath(name).read_text(encoding="utf-8")
    return Write(f"{folder}/{name}", text)


def _start(signer: str) -> Chapter:
    return Chapter(
        "A registry is a git repository",
        [
            Say("A bare repository stands in for the server. Its clone becomes a registry."),
            Write("gitconfig", _SETTINGS),
            git(".", "init", "--quiet", "--bare", "--initial-branch=main", "origin.git"),
            git(".", "clone", "--quiet", "origin.git", "registry"),
            CommandRun("registry", _OWN_SETTINGS),
            rollbook(
                "init",
                "--remote",
                "../../artifacts",
                says=("registry/policy.yaml", "../../artifacts"),
                lines=8,
            ),
            Say("Artifacts go to a DVC remote: here a folder, elsewhere a bucket. The team sets a gate,"),
            Say("and says whose signature of a model counts: that of the key in release.pem."),
            Edit(
                "registry/registry/policy.yaml",
                r"\Z",
                _SIGNERS + textwrap.indent(signer, " " * 6) + _GATE,
                f"nothing enters production with an auc below {LEAST_AUC}; the release team signs",
            ),
            git("registry", "add", "."),
            git("registry", "commit", "--quiet", "-m", "Start a model registry"),
            git("registry", "push", "--quiet", "--set-upstream", "origin", "main"),
        ],
    )


def _train() -> Chapter:
    return Chapter(
        "Three models are trained, in a repository of their own",
        [
            Say("Two honest ones, and one that is bad on purpose: it learns from shuffled labels."),
            git(".", "init", "--quiet", "--initial-branch=main", "training"),
            CommandRun("training", _OWN_SETTINGS),
            _script("train.py"),
            git("training", "add", "train.py"),
            git("training", "commit", "--quiet", "-m", "Train three models"),
            CommandRun(
                "training", ("python", "train.py"), says=("logistic: auc", "boosting: auc", "shuffled: auc")
            ),
        ],
    )


def _register(figures: Figures) -> Chapter:
    branch = branch_name("register", MODEL, "1.0.0")
    logistic = (
        "--version", "1.0.0", "--algorithm", "logistic-regression", "--param", "C=1.0",
        "--owner", JANE, "--team", "diagnostics", "--task", "classification", "--sign", f"../{RELEASE_KEY}",
    )  # fmt: skip
    boosting = (
        "--bump", "minor", "--algorithm", "gradient-boosting", "--param", "n_estimators=60",
        "--description", "Boosted trees instead of a straight line", "--tag", "data_validated=true",
        "--card", "../card.md", "--land",
    )  # fmt: skip
    return Chapter(
        "A version is registered: its bytes in the DVC remote, its facts on a branch",
        [
            registration("logistic/model.joblib", figures.framework, *logistic, says=(branch, "sha256")),
            Say("The branch is a pull request to be. This is what it brings, and what CI says of it:"),
            git("registry", "diff", "--stat", f"main...{branch}"),
            rollbook("check", "--base", "main", "--head", branch, says=("no errors",)),
            rollbook("land", branch, says=(f"{MODEL}@v1.0.0",)),
            Say("Landing checked it again, merged it, tagged it and pushed it. --land does that at once:"),
            Write("card.md", _CARD),
            registration("boosting/model.onnx", figures.framework, *boosting, says=(f"{MODEL}@v1.1.0",)),
        ],
    )


def _promote() -> Chapter:
    branch = branch_name("promote", MODEL, "1.0.0", "staging")
    return Chapter(
        "Stages change by pull request as well",
        [
            promotion(LOGISTIC, "staging", "first candidate", says=(branch,)),
            CommandRun(
                "registry", ("git", "diff", f"main...{branch}"), says=("+staging:", "first candidate")
            ),
            rollbook("land", branch, says=(f"{MODEL}#staging#",)),
            promotion(LOGISTIC, "production", "passed its trial", "--land", says=(f"{MODEL}#production#",)),
            promotion(BOOSTING, "staging", "second candidate", "--land"),
            rollbook("list", says=("1.1.0", "1.0.0")),
        ],
    )


def _look_back() -> Chapter:
    newest_tag = (
        "git", "for-each-ref", "--sort=-creatordate", "--count=1", "--format=%(contents)",
        f"refs/tags/{MODEL}#production#*",
    )  # fmt: skip
    return Chapter(
        "What happened is on record",
        [
            Say("Each event is an annotated tag, named as GTO names them, and was pushed with its merge:"),
            CommandRun(
                "registry", ("git", "ls-remote", "--tags", "--refs", "origin"), says=(f"{MODEL}@v1.1.0",)
            ),
            CommandRun("registry", newest_tag, says=(f"Requested-By: {JANE}",), lines=24),
            rollbook("history", MODEL, says=("passed its trial", "1.0.0 displaced to archived"), lines=24),
            Say("The past is a commit like any other. Before the rollback:"),
            rollbook("list", "--rev", "main~1", says=("1.1.0",)),
            Say("Whoever has a clone can derive every event anew and compare it with the tags, offline:"),
            rollbook("audit", "verify", says=("verified",)),
        ],
    )


def _use() -> Chapter:
    return Chapter(
        "A service takes the model in production, from the server, without a clone",
        [
            _script("predict.py"),
            CommandRun(
                "service",
                ("rollbook", "resolve", f"{MODEL}@production", "--repo", "../origin.git"),
                says=("1.0.0",),
            ),
            CommandRun(
                "service",
                ("rollbook", "fetch", f"{MODEL}@production", "--repo", "../origin.git"),
                says=("model.joblib", "verified"),
            ),
            CommandRun(
                "service",
                ("python", "predict.py", "model.joblib", "../training/patients.json"),
                says=("predicted:",),
            ),
            Say(
                "It may also ask by a name that the team moves. Each move is proposed, judged and on record:"
            ),
            rollbook(
                "alias",
                LOGISTIC,
                "champion",
                "--reason",
                "what the ward works with",
                "--land",
                says=(f"{MODEL}#champion#", f"{LOGISTIC} given the alias champion"),
            ),
            CommandRun(
                "service",
                ("rollbook", "resolve", f"{MODEL}@champion", "--repo", "../origin.git"),
                says=("1.0.0",),
            ),
        ],
    )


def closing(root: str) -> str:
    """Return what to look at and to try, once the story is told."""
    return f"""\
Everything is in {root} and stays there. To look at:

  registry/registry/policy.yaml
      the stages, their transitions, the gates, the roles
  registry/{stages_path(MODEL)}
      who holds which stage, and why
  registry/{manifest_path(MODEL, "1.1.0")}
      what was registered: metrics, digests, lineage
  git -C registry log --graph --oneline
      every change, as git keeps it

To try, in {root}/registry:

  rollbook show {MODEL}@production
  rollbook resolve {MODEL}@production --json
  rollbook gates {BOOSTING} production
  rollbook audit verify
  rollbook check --all

Delete the folder when you are done."""
