"""`rollbook fetch REF`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import click

from rollbook.api.version_answers import checked_signer, fetched
from rollbook.cli import options
from rollbook.cli.output import print_json, progress_bar, say, warn
from rollbook.cli.source import (
    asked_version,
    at_index,
    at_repositories,
    index_options,
    warn_if_deprecated,
)
from rollbook.text import printable


@click.command("fetch")
@click.argument("reference", metavar="REF")
@click.option(
    "-o",
    "--output",
    metavar="PATH",
    type=click.Path(path_type=Path),
    default=Path(),
    help="File or folder to write; by default the artifact's own name, here.",
)
@click.option("--force", is_flag=True, help="Replace what stands at PATH.")
@click.option(
    "--env", is_flag=True, help="Put the file of its environment, such as uv.lock, beside it: as registered."
)
@click.option("--remote", metavar="URL", help="Get the bytes from this copy of the DVC remote (path or URL).")
@click.option(
    "--key",
    metavar="PUB.pem",
    type=click.Path(path_type=Path),
    help="The public key that must have signed the artifact.",
)
@at_repositories
@at_index
@options.snapshot
@options.directory
@options.as_json
def command(
    reference: str,
    output: Path,
    force: bool,
    env: bool,
    remote: str | None,
    key: Path | None,
    repo: tuple[str, ...],
    rev: str | None,
    at: str | None,
    as_json: bool,
) -> None:
    """Get a version's artifact: its size and SHA-256 verified, whole or not at all.

    With --verify its signature is checked first, where it has one: by the policy's `model_signers`, or by
    --key. An index does not tell whose signature counts: name the key.
    """
    verify = index_options().verify
    with asked_version(reference, repo, rev, at, whole=env, may_verify=True) as version:
        checked = checked_signer(version, key) if verify or key else None
        if checked is not None and checked.why:
            warn(checked.why)
        artifact = version.artifact
        warn_if_deprecated(version)
        with progress_bar("fetching", artifact.path, artifact.size) as progress:
            got = fetched(version, output, force=force, remote=remote, progress=progress, env=env)
    if as_json:
        print_json(replace(got, signed_by=checked.signer if checked else ""))
    else:
        click.echo(printable(str(got.output)))
        if got.environment is not None:
            click.echo(printable(str(got.environment)))
        by = f", signed by {checked.signer}" if checked is not None and checked.signer else ""
        say(f"{version} verified: sha256 {got.sha256}{by}")
