"""`rollbook monitor report [MODEL] -o FILE`."""

from __future__ import annotations

from pathlib import Path

import click

from rollbook.cli import options
from rollbook.cli.output import say
from rollbook.cli.step_bar import step_bar


@click.command("report")
@click.argument("model", metavar="[MODEL]", required=False)
@click.option(
    "-o",
    "--output",
    required=True,
    type=click.Path(dir_okay=False, path_type=Path),
    help="The page's file, such as report.html.",
)
@click.option(
    "--since", "--from", metavar="DATE", default="7d", show_default=True,
    help="Where it begins: a date, a time, or a span before now.",
)  # fmt: skip
@click.option("--until", "--to", metavar="DATE", default="", help="Where it ends. Default: now.")
@click.option("--step", metavar="SPAN", default="1h", show_default=True, help="How far apart two looks are.")
@options.directory
def report_command(model: str | None, output: Path, since: str, until: str, step: str) -> None:
    """Draw how production went, of all models or of MODEL, as one page of HTML that needs nothing else.

    Each check over time with its bounds, what was in breach or unknown, the promotions and the rollbacks,
    and the episodes with the evidence of them. Needs the extra `monitor`.
    """
    from rollbook.artifact.placed_file import write_whole

    with step_bar("drawing") as bar:
        text = options.registry().monitor.report(model, since=since, until=until, step=step, progress=bar)
    write_whole(output, text.encode())
    say(f"wrote {output}")
