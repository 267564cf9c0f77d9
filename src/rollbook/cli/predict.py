"""`rollbook predict REF --input FILE`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from rollbook.cli import options
from rollbook.cli.output import print_json, warn
from rollbook.cli.run_options import run_options


@click.command("predict")
@click.argument("reference", metavar="REF")
@click.option(
    "--input", "input", metavar="FILE", type=click.Path(path_type=Path), required=True,
    help="Rows in JSON, CSV or Parquet.",
)  # fmt: skip
@run_options
@options.directory
@options.as_json
def command(reference: str, as_json: bool, **given: Any) -> None:
    """Run REF on rows in a process that is shut in, and print its outputs as JSON.

    Nothing is unpickled without --trust. With --json their types and shapes are told too.
    """
    predicted = options.registry().predict(reference, **given)
    if predicted.isolation == "none":
        warn("this system lets no program be shut in: the model could do what you can")
    print_json(predicted if as_json else predicted.outputs)
