"""`rollbook serve`."""

from __future__ import annotations

from pathlib import Path

import click

from rollbook.cli import options
from rollbook.errors import BadCall


@click.command("serve")
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option("--port", default=8321, show_default=True, type=click.IntRange(0, 65535), help="The port.")
@options.directory
@click.pass_obj
def command(directory: str, host: str, port: int) -> None:
    """Answer for the registry over HTTP: the REST API, and the catalog for browsers."""
    try:
        import uvicorn

        from rollbook.web.service.app import create_app
    except ImportError as error:
        raise BadCall(f"{error.name} is not installed", hint="pip install 'rollbook[api]'") from error
    from rollbook.git.repository import discover
    from rollbook.web.registries.served_registries import ServedRegistries
    from rollbook.web.registries.served_registry import ServedRegistry

    served = ServedRegistry("registry", discover(Path(directory)))
    uvicorn.run(create_app(ServedRegistries([served])), host=host, port=port, log_config=None)
