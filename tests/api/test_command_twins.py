"""Every command of the command line has a method of its name, which takes the same options."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING

import click
import pytest

from rollbook import AuditTrail, EvidenceVerbs, Hooks, MonitorVerbs, Registry, ToldFacts
from rollbook.cli import cli

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

# Commands without a method, and why.
ALONE = {
    "demo": "a show for people",
    "serve": "what runs until it is told to end; `rollbook.web.service.app` has the application",
    "token create": "a service's token is no part of a registry; `web.identity.token_making` makes it",
    "token list": "`rollbook.web.identity.token_file` reads them",
    "token revoke": "`rollbook.web.identity.token_file` revokes them",
    "site build": "`rollbook.web.catalog.site.site_build` has it, above the registry that it is given",
    "hooks receive": "what git runs on a server, with a push on its standard input",
    "hooks received": "what git runs on a server after a push",
}
# Methods without a command, and why.
IN_A_PROGRAM_ALONE = {"log_model": "what it takes is an object in memory; `register` takes its file"}
METHODS = {
    "model edit": [Registry.edit_model],
    "import gto": [Registry.import_gto],
    "import mlflow": [Registry.import_mlflow],
    "import bundle": [Registry.import_bundle],
    "export": [Registry.export_index, Registry.export_parquet, Registry.export_bundle],
    "lineage": [Registry.lineage, Registry.descendants],
    "monitor run": [MonitorVerbs.run, MonitorVerbs.serve],
}
GROUPS = {"evidence": EvidenceVerbs, "audit": AuditTrail, "hooks": Hooks, "monitor": MonitorVerbs}

# Options that no method takes, and why.
EVERYWHERE = {
    "as_json": "`document` makes the JSON",
    "repo": "what Registry.at_address and Federation.open are given",
    "rev": "what Registry.open is given",
    "at": "what Registry.open is given",
    "address": "what open_index is given",
    "offline": "what open_index is given",
    "verify": "what is said on stderr of an index's answer",
    "witness": "what is said on stderr of an index's answer",
    "allowed_signers": "what is said on stderr of an index's answer",
    "push": "Registry.push",
    "pr": "Registry.open_pull_request",
    "land": "Registry.land",
}
HERE = {
    "resolve": {"field": "a value of what is returned"},
    "signature": {"form": "VersionSignature.in_form"},
    "check": {"everything": "--all, which is the default", "style": "how it is printed"},
    "gates": {"markdown": "how it is printed", "every": "--all, Registry.standing_gates"},
    "card": {
        "output": "where the text is written",
        "write": "Registry.propose_card",
        "checking": "Registry.stale_cards",
    },
    "compare": {"every": "--all, the model's version_names", "form": "how it is printed", "picture": "drawn"},
    "requests": {"remove_landed": "Registry.remove_landed_requests"},
    "access": {"form": "how it is printed"},
    "query": {"schema": "docs/reference/views.md", "form": "how it is printed"},
    "lineage": {"form": "how it is printed"},
    "history": {
        "events": "how it is printed",
        "report": "Registry.report",
        "form": "how it is printed",
        "output": "where it is written",
    },
    "import gto": {"dry_run": "Registry.plan_gto"},
    "import mlflow": {"dry_run": "Registry.plan_mlflow"},
    "audit head": {"witness": "AuditTrail.verify"},
    "monitor run": {
        "once": "which is the default, MonitorVerbs.run",
        "replay": "MonitorVerbs.replay",
        "step": "MonitorVerbs.replay",
        "policy": "MonitorVerbs.replay",
    },
    "monitor report": {"output": "where the page is written"},
    "comment": {"file": "its text is given"},
}
# Parameters that no command has as an option, and why.
IN_PYTHON = {
    "progress": "the command draws a bar",
    "directory": "-C",
    "now": "--at",
    "with_evidence": "whether the format shows it",
    "text": "what the command reads from FILE",
    "show": "the command prints it",
}
# Where a name that stands above means something else, and the method takes it.
SHARED = {
    "audit verify": {"witness", "allowed_signers"},
    "import bundle": {"allowed_signers"},
    "audit record": {"push"},
    "audit mend": {"push"},
    "requests": {"offline"},
    "fetch": {"verify"},
}


def _commands(group: click.Group, before: str = "") -> Iterator[tuple[str, click.Command]]:
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        if isinstance(command, click.Group):
            yield from _commands(command, f"{before}{name} ")
        else:
            yield f"{before}{name}", command


COMMANDS = dict(_commands(cli))


def _methods(name: str) -> list[Callable[..., object]]:
    if name in METHODS:
        return METHODS[name]
    group, _, verb = name.rpartition(" ")
    if group and group not in GROUPS:
        return []
    method = getattr(GROUPS[group] if group else Registry, verb.replace("-", "_"), None)
    return [] if method is None else [method]


def _taken(method: Callable[..., object]) -> set[str]:
    parameters = inspect.signature(method).parameters.values()
    told = set(ToldFacts.__annotations__) if any(one.kind is one.VAR_KEYWORD for one in parameters) else set()
    return {one.name for one in parameters if one.kind is not one.VAR_KEYWORD} - {"self"} | told


@pytest.mark.parametrize("name", COMMANDS)
def test_each_command_has_a_method_of_its_name(name: str) -> None:
    assert bool(_methods(name)) == (name not in ALONE)


@pytest.mark.parametrize("name", IN_A_PROGRAM_ALONE)
def test_what_a_program_alone_can_do_is_a_method_and_no_command(name: str) -> None:
    assert callable(getattr(Registry, name))
    assert name.replace("_", "-") not in COMMANDS


@pytest.mark.parametrize("name", [name for name in COMMANDS if name not in ALONE])
def test_a_method_takes_what_its_command_takes_under_the_same_names(name: str) -> None:
    shared = SHARED.get(name, set())
    given = {option.name for option in COMMANDS[name].params if option.expose_value or option.name in shared}
    left_out = (set(EVERYWHERE) - shared) | set(HERE.get(name, {}))
    taken = set().union(*map(_taken, _methods(name)))
    assert taken - set(IN_PYTHON) == given - left_out


@pytest.mark.parametrize(
    ("name", "option"), [(name, option) for name, more in HERE.items() for option in more]
)
def test_what_is_excepted_is_an_option_of_the_command(name: str, option: str) -> None:
    assert option in {one.name for one in COMMANDS[name].params}


@pytest.mark.parametrize("name", [name for name in COMMANDS if name not in ALONE])
def test_an_options_name_in_python_is_its_word_or_the_plural_of_it(name: str) -> None:
    excepted = set(EVERYWHERE) | set(HERE.get(name, {}))
    for option in COMMANDS[name].params:
        if isinstance(option, click.Option) and option.expose_value and option.name not in excepted:
            words = {word.lstrip("-").replace("-", "_") for word in option.opts if word.startswith("--")}
            plurals = {f"{word}s" for word in words}
            # `from` and `as` are words of Python's; a query's parameters are called so by SQL.
            assert option.name in words | plurals | {"source", "name", "parameters"}
