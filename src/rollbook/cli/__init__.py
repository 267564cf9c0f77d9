"""The command line: one module a command, imported when it is called; one place where errors end."""

from __future__ import annotations

import os
import sys
from importlib import import_module
from typing import Any

import click

from rollbook import __version__
from rollbook.cli.narrow_output import print_in_any_encoding
from rollbook.cli.near_commands import NearCommands
from rollbook.errors import RollbookError
from rollbook.text import printable

# Each command, and what `rollbook --help` says of it; its module has the same name and holds `command`.
COMMANDS = {
    "init": "Turn a git repository into a registry.",
    "demo": "Show the whole story in a scratch directory.",
    "register": "Register a model version: store its bytes, propose its manifest.",
    "promote": "Propose that a version moves to another stage.",
    "rollback": "Propose that a model goes back to the version before.",
    "deprecate": "Propose that a version is deprecated, with a replacement and a sunset.",
    "archive": "Propose that a version is archived.",
    "alias": "Propose that an alias, such as champion, points to a version.",
    "sign": "Sign a version's artifact: propose its signature.",
    "evidence": "Put on record what was learnt about a version.",
    "note": "Note what may change about a version: description, tags.",
    "model": "Change what is said of a model: its owner, description, tags.",
    "card": "Make a version's model card from what the registry knows.",
    "check": "Check the registry's files, or what a change does to them.",
    "gates": "Show gate by gate what a promotion meets.",
    "approve": "Approve a proposal with your SSH signature.",
    "requests": "List what is proposed and has not landed: what it waits for, what fails.",
    "reject": "Close a request: remove its branch, and keep on record why.",
    "land": "Check a proposal, merge it into main, record it, push it.",
    "list": "List the models, their newest versions and their stages.",
    "show": "Show one version, or a model: what it is, where it stands, how it got there.",
    "resolve": "Print which version a reference stands for.",
    "signature": "Print what goes into a version and what comes out, also as MLflow or servers have it.",
    "fetch": "Get a version's artifact, verified.",
    "scan": "Tell what loading an artifact would run: nothing of it is loaded.",
    "test": "Run a version on its sample, shut in, and put on record how it went.",
    "predict": "Run a version on rows, shut in, and print what comes out.",
    "package": "Convert a version to another format, and propose it, compared, as a version derived from it.",
    "verify": "Verify a version's signature over its bytes.",
    "compare": "Put versions of a model side by side.",
    "best": "Print the best version of a model by a metric.",
    "lineage": "Show what a version came from, or what came from a data set.",
    "query": "Ask SQL of models, versions, stages, events and the rest.",
    "bom": "Print a version's bill of materials (CycloneDX).",
    "storage": "Say what the artifacts take, share and cost.",
    "prune": "Propose that artifacts go which the retention lets go.",
    "sweep": "Delete from the DVC remote what landed removals let go.",
    "history": "List what happened: registrations and stage changes.",
    "audit": "Write the audit trail's tags, and verify them.",
    "import": "Take models over from elsewhere.",
    "export": "Write what the registry holds in a form that others read.",
    "serve": "Answer for the registry over HTTP: a REST API, and the catalog for browsers.",
    "token": "Make, list and revoke the tokens by which people and programs ask `rollbook serve`.",
    "site": "Build the catalog, the pages that people open: static files for any host.",
    "comment": "Write the check's summary into its pull request.",
    "recheck": "Have GitHub run the check of a pull request once more.",
    "release": "Publish a release for each version that came into production.",
    "notify": "Send what was recorded to those that the policy names.",
    "monitor": "Hold what production says of the versions that serve against what the policy asks.",
    "hooks": "Install git hooks, in a clone or on a server.",
    "whoami": "Say who you are to the registry, and what you may do.",
    "access": "Say who may do what: people, roles, models.",
    "codeowners": "Write .github/CODEOWNERS from the policy's roles.",
    "dvc-artifacts": "Write each model's newest artifact into dvc.yaml, for `dvc artifacts get`.",
}

# `import` is a word of the language: no module that others import may bear it.
_MODULES = {"import": "importing", "dvc-artifacts": "dvc_artifacts"}

_READER_GONE = 141  # as a shell reports a program that SIGPIPE ended


class _Commands(NearCommands):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return [*COMMANDS]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = import_module(f"rollbook.cli.{_MODULES.get(cmd_name, cmd_name)}").command
        return command

    def invoke(self, ctx: click.Context) -> Any:
        try:
            result = super().invoke(ctx)
            sys.stdout.flush()
        except BrokenPipeError as error:
            # The reader has gone (`rollbook list | head`). Click would exit with 1: the registry says no.
            _drop_output()
            raise click.exceptions.Exit(_READER_GONE) from error
        return result

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([*COMMANDS.items()])  # the package has a module called list


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="rollbook")
@click.option(
    "-C",
    "directory",
    metavar="DIR",
    default=".",
    envvar="ROLLBOOK_DIR",
    help="Use the registry in DIR. Other paths stay relative to where you are.",
)
@click.pass_context
def cli(ctx: click.Context, directory: str) -> None:
    """A Git-native, file-based registry for machine-learning models."""
    ctx.obj = directory


def main() -> None:
    """Run the command line on the process's arguments and exit."""
    print_in_any_encoding()
    sys.exit(execute(sys.argv[1:]))


def execute(arguments: list[str]) -> int:
    """Run the command line and return its exit code: 0 fine; 1 the registry says no; 2 the call is wrong.

    No error passes but those that are bugs.
    """
    try:
        code = cli.main(arguments, prog_name="rollbook", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        return 2
    except (click.Abort, KeyboardInterrupt):
        click.echo("interrupted", err=True)
        return 130
    except RollbookError as error:
        return _report(error)
    except OSError as error:
        try:
            sys.stdout.flush()
        except OSError:
            _drop_output()
        where = f": {error.filename}" if error.filename else ""
        is_about_room = "temporary directory" in str(error)
        hint = "Name a folder that can be written: TMPDIR=DIR rollbook ..." if is_about_room else ""
        return _report(RollbookError(f"{error.strerror or error}{where}", hint=hint))
    except UnicodeEncodeError as error:
        # A name of a file; what is printed always can be.
        name = error.object.encode("ascii", errors="backslashreplace").decode("ascii")
        message = f"{name} can't be named in this locale's encoding ({error.encoding})"
        return _report(RollbookError(message, hint="Set PYTHONUTF8=1, or LC_ALL=C.UTF-8."))
    return code if isinstance(code, int) else 0


def _drop_output() -> None:
    """Point stdout elsewhere: what it still holds can't be written, and Python would complain at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _report(error: RollbookError) -> int:
    findings = getattr(error, "findings", ())
    if findings:
        from rollbook.check.report.findings_text import as_text

        click.echo(as_text([*findings]), err=True, nl=False)
    # Of what a program said, each line stands on one of its own.
    said = "\n  ".join(printable(line) for line in str(error).split("\n"))
    click.echo(click.style("error: ", fg="red") + said, err=True)
    if error.hint:
        click.echo(click.style("hint: ", fg="yellow") + printable(error.hint), err=True)
    return error.exit_code
