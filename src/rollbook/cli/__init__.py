"""The command line: one module a command, imported when it is called; one place where errors end."""

from __future__ import annotations

import os
import sys
from importlib import import_module

import click

from rollbook._version import __version__
from rollbook.errors import RollbookError
from rollbook.printable import printable

# Each command, and what `rollbook --help` says of it; its module has the same name and holds `command`.
COMMANDS = {
    "init": "Turn a git repository into a registry.",
    "demo": "Show the whole story in a scratch directory.",
    "register": "Register a model version: store its bytes, propose its manifest.",
    "promote": "Propose that a version moves to another stage.",
    "check": "Check the registry's files, or what a change does to them.",
    "land": "Check a proposal, merge it into main, record it, push it.",
    "list": "List the models, their newest versions and their stages.",
    "show": "Show one version: what it is, where it stands, how it got there.",
    "resolve": "Print which version a reference stands for.",
    "fetch": "Get a version's artifact, verified.",
    "history": "List what happened: registrations and stage changes.",
    "audit": "Write the audit trail's tags.",
}


class _Commands(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = import_module(f"rollbook.cli.{cmd_name}").command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = click.utils.make_str(args[0])
        if name not in COMMANDS and not name.startswith("-"):
            from rollbook.registry import nearest

            ctx.fail(f"No such command {printable(name)!r}. {nearest(name, list(COMMANDS))}")
        return super().resolve_command(ctx, args)


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="rollbook")
@click.option(
    "-C",
    "directory",
    metavar="DIR",
    default=".",
    envvar="ROLLBOOK_DIR",
    help="Run as if started in DIR.",
)
@click.pass_context
def cli(ctx: click.Context, directory: str) -> None:
    """A Git-native, file-based registry for machine-learning models."""
    ctx.obj = directory


def main() -> None:
    """The program: run the command line on the process's arguments and exit."""
    sys.exit(execute(sys.argv[1:]))


def execute(arguments: list[str]) -> int:
    """Run the command line and return its exit code: 0 fine; 1 the registry says no; 2 the call is wrong.

    No error passes but those that are bugs.
    """
    try:
        code = cli.main(arguments, prog_name="rollbook", standalone_mode=False)
        sys.stdout.flush()
    except click.ClickException as error:
        error.show()
        return 2
    except (click.Abort, KeyboardInterrupt):
        click.echo("interrupted", err=True)
        return 130
    except BrokenPipeError:
        # The reader has gone (`rollbook list | head`). Point stdout elsewhere, or Python complains at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    except RollbookError as error:
        return _report(error)
    except OSError as error:
        where = f": {printable(str(error.filename))}" if error.filename else ""
        click.echo(f"error: {error.strerror or error}{where}", err=True)
        return 1
    return code if isinstance(code, int) else 0


def _report(error: RollbookError) -> int:
    findings = getattr(error, "findings", ())
    if findings:
        from rollbook.check.report.text import as_text

        click.echo(as_text(list(findings)), err=True, nl=False)
    click.echo(click.style("error: ", fg="red") + printable(str(error)), err=True)
    if error.hint:
        click.echo(click.style("hint: ", fg="yellow") + printable(error.hint), err=True)
    return error.exit_code
