"""`rollbook test REF`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from rollbook.api.json_document import document
from rollbook.cli import options
from rollbook.cli.output import print_facts, print_json, progress_bar, say, warn
from rollbook.cli.proposed import carry_on
from rollbook.cli.run_options import run_options

if TYPE_CHECKING:
    from rollbook.api.model_runs import SmokeTestedVersion
    from rollbook.propose.smoke_test import SmokeTest

_FILE = click.Path(path_type=Path)


@click.command("test")
@click.argument("reference", metavar="REF")
@click.option(
    "--input", "input", metavar="FILE", type=_FILE,
    help="Rows in JSON, CSV or Parquet. Default: the version's sample.",
)  # fmt: skip
@click.option(
    "--expect", metavar="FILE", type=_FILE,
    help="What must come out: values by output in JSON, or a table of them.",
)  # fmt: skip
@click.option(
    "--tolerance", metavar="NUMBER", type=click.FloatRange(min=0), default=1e-5, show_default=True,
    help="How far numbers may be from what is expected, as a part of it.",
)  # fmt: skip
@click.option(
    "--absolute-tolerance", metavar="NUMBER", type=click.FloatRange(min=0), default=1e-8, show_default=True,
    help="How far besides.",
)  # fmt: skip
@click.option(
    "--range", "ranges", metavar="NAME=LOW:HIGH", multiple=True,
    help="Where all values of an output must be; an end may be left out. Repeatable.",
)  # fmt: skip
@click.option(
    "--repeat", metavar="N", type=click.IntRange(0, 100_000), default=20, show_default=True,
    help="How often the rows are predicted again, for the latencies.",
)  # fmt: skip
@run_options
@click.option("--no-record", is_flag=True, help="Only look: propose no evidence.")
@options.proposal
@options.directory
@options.as_json
def command(reference: str, then: str | None, as_json: bool, **given: Any) -> None:
    """Run REF on its sample in a process that is shut in, and check what comes out.

    Outputs are held against the signature, must be finite, and within ranges and near what is expected where
    that is told. How it went becomes evidence, a smoke test, also when it fails; then the exit code is 1.
    Nothing is unpickled without --trust.
    """
    from rollbook.propose.smoke_test import ranges_of

    if given["no_record"] and then:
        raise click.UsageError("With --no-record there is nothing to push or land.")
    given["ranges"] = ranges_of(given["ranges"])
    registry = options.registry()
    with progress_bar("fetching", reference) as progress:
        tested = registry.test(reference, progress=progress, **given)
    if not as_json:
        _report(tested)
    carried = {}
    if tested.evidence:
        carried = carry_on(registry, tested.evidence.branch, then=then, quiet=as_json)
    if as_json:
        print_json({**document(tested), **carried})
    if not tested.test.passed:
        click.get_current_context().exit(1)


def _report(tested: SmokeTestedVersion) -> None:
    test = tested.test
    print_facts(
        [
            ("version", f"{tested.model}@{tested.version}"),
            ("smoke test", "passed" if test.passed else "failed"),
            *test_facts(test),
        ]
    )
    for fault in test.faults:
        warn(fault)
    if test.isolation == "none":
        warn("this system lets no program be shut in: the model could do what you can")
    if tested.evidence:
        say(f"evidence: {tested.evidence.kind}-{tested.evidence.number}")


def test_facts(test: SmokeTest) -> list[tuple[str, str]]:
    """Return what was measured, for a person."""
    metrics = test.metrics
    latency = ""
    if "latency_p50_ms" in metrics:
        latency = f"{metrics['latency_p50_ms']:g} ms (p50), {metrics['latency_p95_ms']:g} ms (p95)"
    return [
        ("rows", f"{test.rows} of {test.data['name']}"),
        *(("output", f"{name} {what}") for name, what in test.outputs.items()),
        ("latency", latency),
        ("cold load", f"{metrics['cold_load_seconds']:g} s" if "cold_load_seconds" in metrics else ""),
        ("memory", f"{metrics['peak_memory_mib']:g} MiB" if "peak_memory_mib" in metrics else ""),
        ("ran by", ", ".join(f"{name} {version}" for name, version in test.runtime.items())),
        ("isolation", test.isolation),
        ("environment", test.environment),
    ]
