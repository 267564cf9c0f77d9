"""A registry as teams have it, and one that is full of hostile text, each with the site built from it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from building.texts import model, stages
from rollbook import Registry
from rollbook.trail.record import record
from rollbook.web.catalog.site.site_build import build_site
from trail.histories import POLICY, new_history, registration

if TYPE_CHECKING:
    from pathlib import Path

GATES = (
    "gates:\n"
    "  - {gate: metric-threshold, to: [production], metric: auc, min: 0.8}\n"
    "  - {gate: card-complete, to: [production]}\n"
)
DATA = (
    "lineage: {data: [{name: applications, version: '2026-10', uri: 's3://datasets/applications/2026-10',"
    " rows: 120000}]}\n"
)
CARD = (
    "# Credit approval\n\n## Intended use\n\nDecides on *applications*.\n\n| Slice | auc |\n|---|---|\n"
    "| new customers | 0.88 |\n\n```python\nprint('a line of code that is long enough to"
    " need a box of its own, on a phone and elsewhere too')\n```\n"
)
SCRIPT = "<script>window.pwned=1</script><img src=x onerror='window.pwned=1'>"
HOSTILE = f'{SCRIPT} \\" onmouseover=window.pwned=1 x=\\" javascript:window.pwned=1'
HOSTILE_CARD = (
    f"# Card {SCRIPT} \u202egnp.exe \x1b[2J\n\n"
    "[a link](javascript:window.pwned=1) [data](data:text/html,<script>window.pwned=1</script>)\n\n"
    "![image](https://elsewhere.example/x.png)\n\n<iframe src='https://elsewhere.example'></iframe>\n\n"
    f"<svg onload=window.pwned=1></svg>\n\n`</code>{SCRIPT}`\n"
)


def realistic(directory: Path) -> None:
    """Three models, one in a namespace; versions in every stage, with data, parents, cards; a past."""
    history = new_history(directory / "credit.git", f"{POLICY}{GATES}")
    files = {
        "registry/risk/credit-approval/model.yaml": model(
            "risk/credit-approval",
            "team: risk\ntask: classification\ndescription: Decides on applications.\ntags: {tier: '1'}\n",
        ),
        "registry/churn/model.yaml": model("churn", "team: growth\n"),
        "registry/price-of-a-very-long-name-that-goes-on-and-on-in-europe/model.yaml": model(
            "price-of-a-very-long-name-that-goes-on-and-on-in-europe"
        ),
        **registration("price-of-a-very-long-name-that-goes-on-and-on-in-europe", "1.0.0"),
        **registration("churn", "1.0.0", f"metrics: {{auc: 0.7}}\n{DATA}"),
    }
    history.commit({path: text for path, text in files.items() if path.startswith("registry/churn")})
    history.commit(files, at=history.clock + 86_400 * 40)
    for number, auc in (("1.0.0", 0.81), ("1.1.0", 0.86), ("1.2.0", 0.91)):
        metrics = f"metrics: {{auc: {auc}, log_loss: {1 - auc:.2f}}}\n"
        extra = f"{metrics}hyperparameters: {{depth: 6, rate: 0.1}}\n{DATA}"
        history.commit(
            {
                **registration("risk/credit-approval", number, extra),
                f"registry/risk/credit-approval/versions/{number}/card.md": CARD,
            }
        )
    table = "registry/risk/credit-approval/stages.yaml"
    history.commit({table: stages(staging=["1.0.0"])})
    history.commit({table: stages(production=["1.0.0"], staging=["1.1.0"])})
    record(history.repository)


def hostile(directory: Path) -> None:
    """A registry in which every text that a stranger may write tries to be more than a text."""
    history = new_history(directory / "hostile.git", POLICY)
    text = f'"{HOSTILE}"'
    extra = (
        f"metrics: {{auc: 0.7}}\ntags: {{mean: {text}}}\nhyperparameters: {{depth: {text}}}\n"
        f"lineage: {{data: [{{name: {text}, version: {text}, uri: 'javascript:window.pwned=1'}}]}}\n"
    )
    said = f"team: {text}\ntask: {text}\ndisplay_name: {text}\ntags: {{mean: {text}}}\n"
    history.commit(
        {
            "registry/hostile/model.yaml": model("hostile", f"{said}description: {text}\n"),
            **registration("hostile", "1.0.0", extra),
            **registration("hostile", "1.1.0", extra),
            "registry/hostile/versions/1.0.0/card.md": HOSTILE_CARD,
        }
    )
    entry = f"reason: {text}, requested_by: {text}, requested_at: 2026-01-02T00:00:00Z"
    history.commit({"registry/hostile/stages.yaml": f"staging: [{{version: 1.0.0, {entry}}}]\n"})
    record(history.repository)


def built(directory: Path) -> None:
    """Both registries, and their sites in `site/credit` and `site/hostile`; the first has one of its past."""
    realistic(directory)
    hostile(directory)
    for name, dates in (("credit", ("2026-01-20",)), ("hostile", ())):
        with Registry.open(directory / f"{name}.git", rev="main") as registry:
            build_site(registry, directory / "site" / name, as_of=dates)
