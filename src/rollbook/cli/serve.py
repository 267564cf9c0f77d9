"""`rollbook serve`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from rollbook.cli import options
from rollbook.cli.serving_callers import callers, identification
from rollbook.errors import BadCall


@click.command("serve")
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option("--port", default=8321, show_default=True, type=click.IntRange(0, 65535), help="The port.")
@callers
@options.directory
@click.pass_obj
def command(
    directory: str, /, host: str, port: int, audit_log: Path | None, tokens: Path | None, **callers_told: Any
) -> None:
    """Answer for the registry over HTTP: the REST API, and the catalog for browsers."""
    try:
        import uvicorn

        from rollbook.web.service.app import create_app
    except ImportError as error:
        raise BadCall(f"{error.name} is not installed", hint="pip install 'rollbook[api]'") from error
    from rollbook.git.repository import discover
    from rollbook.web.identity.read_log import ReadLog
    from rollbook.web.identity.token_file import default_path
    from rollbook.web.registries.served_registries import ServedRegistries
    from rollbook.web.registries.served_registry import ServedRegistry

    served = ServedRegistry("registry", discover(Path(directory)))
    identify = identification(host=host, tokens=tokens or default_path(served.repository), **callers_told)
    read_log = ReadLog(audit_log) if audit_log else None
    app = create_app(ServedRegistries([served]), identify=identify, read_log=read_log)
    uvicorn.run(app, host=host, port=port, log_config=None)
