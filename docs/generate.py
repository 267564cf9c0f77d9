"""Write the pages of the reference that follow from the code, so that they never go stale.

python docs/generate.py            write them
python docs/generate.py --check    exit with 1 when one of them is stale
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from rollbook import layout
from rollbook.cache.memory import MEMORIES
from rollbook.check.codes import rules
from rollbook.check.gate_judgement import ALL_GATES, GATES
from rollbook.check.gates.gate import ref, setting
from rollbook.cli import cli
from rollbook.records.dtypes import DTYPES, numpy_name
from rollbook.schema import schemas as contract

sys.path.insert(0, str(Path(__file__).resolve().parent))
from monitoring_schema import with_monitoring

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from rollbook.check.gates.gate import Gate
    from rollbook.records.dtypes import Dtype

ROOT = Path(__file__).resolve().parents[1]
_SOURCES = ROOT / "src"
EXAMPLES = ROOT / "tests" / "schema" / "examples"

_LONGEST_EXAMPLE = 70
_FILES_HEAD = """\
# The files of a registry

<!-- Written by docs/generate.py from schemas/*.schema.json: edit those. -->

Every YAML file of a registry follows a JSON Schema (2020-12) in `schemas/`. A key that is not listed here is
refused; what is a team's own goes under `extra:`. Write times in RFC 3339 with a zone, and quote text that
looks like a number: `"1.10"`, not `1.10`. A nested key is written with dots; `[]` stands for each item of a
list, `[kind]` for those items of that kind, and `<...>` for a name of the author's choice.
"""

# Where each file stands, for the example model. An audit event stands in no file.
_VERSION = layout.version_directory("credit-approval", "1.2.0")
_PLACES = {
    "policy": layout.POLICY,
    "model": layout.model_path("credit-approval"),
    "stages": layout.stages_path("credit-approval"),
    "origin": layout.origin_path("credit-approval"),
    "version": layout.manifest_path("credit-approval", "1.2.0"),
    "notes": f"{_VERSION}/notes.yaml",
    "evidence": f"{_VERSION}/evidence/fairness-1.yaml",
    "removed": layout.removal_path("credit-approval", "0.3.0"),
    "imported": layout.imported_path("credit-approval", "1.2.0"),
    "card": f"{_VERSION}/card.md",
    "pointer": layout.pointer_path("credit-approval", "1.2.0", "model.onnx"),
}

_TYPES = {
    "string": "text",
    "integer": "whole number",
    "number": "number",
    "boolean": "true or false",
    "array": "list",
    "object": "map",
    "null": "null",
}


def files_page() -> str:
    """The reference of all files, from their schemas."""
    return "\n".join([_FILES_HEAD, *(_file_section(name) for name in contract.SCHEMA_NAMES)])


def _file_section(name: str) -> str:
    schema = contract.schema(name)
    rows = "\n".join(_row(*field) for field in _fields(schema, schema, ""))
    return f"""\
## {schema["title"]}

{schema["description"]}

{_standing(name)} Schema: [`{name}.schema.json`](../../schemas/{name}.schema.json).

| Field | Type | Required | Meaning | Example |
| --- | --- | --- | --- | --- |
{rows}

{_full_example(name)}"""


def _standing(name: str) -> str:
    if name not in _PLACES:
        return "It stands in no file: it is the JSON form of one audit tag."
    kind = layout.place(_PLACES[name]).kind
    if kind is layout.Kind.STRAY:
        raise AssertionError(f"the layout has no room for {_PLACES[name]}")
    rule = "Write-once: it is never edited." if kind in layout.WRITE_ONCE else "It may be edited."
    return f"It stands at `{_PLACES[name]}`, for example. {rule}"


def _full_example(name: str) -> str:
    text = (EXAMPLES / f"{name}.yaml").read_text(encoding="utf-8")
    if name == "card":
        text = f"---\n{text}---\n\n# Credit approval\n"
    language = "json" if text.startswith("{") else "yaml"
    return f"```{language}\n{text}```\n"


Field = tuple[str, "Mapping[str, Any]", bool]


def _fields(root: Mapping[str, Any], schema: Mapping[str, Any], prefix: str) -> Iterator[Field]:
    """Every field of an object and inside it: its dotted name, its schema, whether it is required."""
    if isinstance(schema.get("additionalProperties"), dict):
        noun = _plain(root, schema["propertyNames"])["title"].lower()
        inner = _plain(root, schema["additionalProperties"])
        yield from _field(root, f"{prefix}<{noun}>", inner, required=False)
    for key, described in schema.get("properties", {}).items():
        required = key in schema.get("required", ())
        yield from _field(root, f"{prefix}{key}", _plain(root, described), required=required)


def _field(
    root: Mapping[str, Any], name: str, schema: Mapping[str, Any], *, required: bool
) -> Iterator[Field]:
    yield name, schema, required
    yield from _inner(root, name, schema)


def _inner(root: Mapping[str, Any], name: str, schema: Mapping[str, Any]) -> Iterator[Field]:
    yield from _fields(root, schema, f"{name}.")
    for branch in (_plain(root, part) for part in schema.get("oneOf", ())):
        if "properties" in branch:
            yield from _fields(root, branch, f"{_of_kind(name, branch)}.")
    if "items" in schema:
        yield from _inner(root, f"{name}[]", _plain(root, schema["items"]))


def _of_kind(name: str, branch: Mapping[str, Any]) -> str:
    """`gates[]` as `gates[metric-threshold]`, where a constant in the branch names its kind."""
    kinds = [field["const"] for field in branch["properties"].values() if "const" in field]
    return f"{name.removesuffix('[]')}[{kinds[0]}]" if kinds else name


def _plain(root: Mapping[str, Any], schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """`schema` with what its `$ref` points to filled in; its own words stay."""
    if "$ref" not in schema:
        return schema
    target = _plain(root, root["$defs"][schema["$ref"].removeprefix("#/$defs/")])
    return {**target, **{key: value for key, value in schema.items() if key != "$ref"}}


def _row(name: str, schema: Mapping[str, Any], required: bool) -> str:
    cells = [
        _code(name),
        _type(schema),
        "yes" if required else "",
        _text(schema["description"]),
        _example(schema),
    ]
    return f"| {' | '.join(cells)} |"


def _type(schema: Mapping[str, Any]) -> str:
    if "oneOf" in schema:
        return "map or list" if len(schema["oneOf"]) > 1 else "map"
    if "enum" in schema:
        return "one of " + ", ".join(_code(str(word)) for word in schema["enum"])
    names = schema["type"]
    return " or ".join(_TYPES[name] for name in ([names] if isinstance(names, str) else names))


def _example(schema: Mapping[str, Any]) -> str:
    text = json.dumps(schema["examples"][0], ensure_ascii=False)
    return _code(text) if len(text) <= _LONGEST_EXAMPLE else "see below"


def _code(text: str) -> str:
    return f"`{_text(text)}`"


def _text(text: str) -> str:
    return text.replace("|", "\\|")


_COMMANDS_HEAD = """\
# Commands

<!-- Written by docs/generate.py from the command line itself: edit src/rollbook/cli/. -->

Results go to stdout, everything else to stderr. `--json` prints one JSON value, whose keys are
[stable](json.md). Without it a table is drawn on a terminal; piped, it is lines of tab-separated fields.

A terminal's table keeps to its width (or to `COLUMNS`) and breaks no word: its widest cells are wrapped, then
columns are left out, which are named below it, and at last each row is a block of `column: value` lines.
What is piped is always whole.

| Exit code | Meaning |
| --- | --- |
| 0 | Fine. |
| 1 | The registry says no: a finding, a failed gate, an unknown reference, lost bytes, a breach. |
| 2 | The call itself is wrong: an unknown option, a value that can't be right, no repository. |
| 3 | There is too little to tell, as in a shallow clone (`audit`) or of a source that is away (`monitor`). |
| 130 | Interrupted. |
| 141 | The reader of stdout has gone, as in `rollbook list \\| head`. |

Shell completion, for bash, zsh or fish: `eval "$(_ROLLBOOK_COMPLETE=bash_source rollbook)"`.

A reference (REF) names one version of a model: `credit-approval@1.2.0`, `@production` (a stage), `@champion`
(an alias) or `@latest`; also read are `credit-approval#production` and `model-credit-approval-v1.2.0`.
"""

# What an argument means, by the name that usage lines give it.
_ARGUMENTS = {
    "ARTIFACT": "The model's file or folder.",
    "BRANCH": "The proposal's branch, local or on the remote.",
    "DIR": "A directory.",
    "FILE": "A file; `-`, or none, for standard input.",
    "ID": "A token's id, the letters between `rbk_` and the next `_`; or the token itself.",
    "KIND": "What was done: `evaluation`, `fairness`, `data-validation`, `smoke-test`, `conversion`, "
    "`load-test`, `monitoring`, `deployment` or `reference`.",
    "MODEL": "A model's name, with its namespace if it has one: `credit-approval`, `risk/credit-approval`.",
    "TAG": "A tag of the audit trail, or one that looks like it.",
    "NAME": "The evidence: its kind and number, e.g. `fairness-1`.",
    "NUMBER": "A pull request's number, or the name of the branch on which GitHub's merge queue tries it.",
    "REF": "The version: `MODEL@VERSION`, `MODEL@STAGE`, `MODEL@ALIAS` or `MODEL@latest`.",
    "ID": "The id of a token, as `rollbook token list` prints it.",
    "URI": "Where a registry of another tool is: `sqlite:///mlflow.db`, `./mlruns`, `http://127.0.0.1:5000`.",
    "SQL": "One SELECT over the [views](views.md); `-` for standard input.",
    "VERSION": "A version, a stage, an alias or `latest` of the model, or a whole reference.",
    "STAGE": "A stage of the registry's policy; where gates are asked, also an alias: `@champion`.",
    "ALIAS": "A name that moves between versions, such as `champion`.",
    "TARGET": "A model, or one version of it: `credit-approval`, `credit-approval@0.3.0`.",
}


def commands_page() -> str:
    """The reference of all commands, from the command line itself."""
    return "\n".join([_COMMANDS_HEAD, *_command_sections(cli, click.Context(cli, info_name="rollbook"), 2)])


def _command_sections(command: click.Command, context: click.Context, level: int) -> Iterator[str]:
    usage = " ".join([context.command_path, *command.collect_usage_pieces(context)])
    yield f"{'#' * level} `{context.command_path}`\n\n{_help(command)}\n\n```text\n{usage}\n```\n"
    arguments = [item for item in command.params if isinstance(item, click.Argument)]
    options = [item for item in command.params if isinstance(item, click.Option) and not item.hidden]
    if arguments:
        yield _table(("Argument", "Meaning"), [_argument_row(item, context) for item in arguments])
    if options:
        yield _table(("Option", "Default", "Meaning"), [_option_row(item, context) for item in options])
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            inner = command.get_command(context, name)
            if inner is not None and not inner.hidden:
                inner_context = click.Context(inner, parent=context, info_name=name)
                yield from _command_sections(inner, inner_context, level)


def _help(command: click.Command) -> str:
    if not command.help:
        raise AssertionError(f"{command.name} has no help")
    paragraphs = command.help.replace("\b\n", "").split("\n\n")
    return "\n\n".join(" ".join(paragraph.split()) for paragraph in paragraphs)


def _argument_row(argument: click.Argument, context: click.Context) -> tuple[str, ...]:
    name = argument.make_metavar(context).strip("[].")
    if name not in _ARGUMENTS:
        raise AssertionError(f"{context.command_path}: say in _ARGUMENTS what {name} means")
    optional = "" if argument.required else " Optional."
    many = " Repeatable." if argument.nargs == -1 else ""
    return _code(name), f"{_text(_ARGUMENTS[name])}{optional}{many}"


def _option_row(option: click.Option, context: click.Context) -> tuple[str, ...]:
    words = ", ".join(_code(word) for word in (*option.opts, *option.secondary_opts))
    value = "" if option.is_flag else f" {_code(option.make_metavar(context))}"
    variable = f" Environment: {_code(str(option.envvar))}." if option.envvar else ""
    required = " Required." if option.required else ""
    return f"{words}{value}", _default(option), f"{_text(option.help or '')}{required}{variable}"


def _default(option: click.Option) -> str:
    value = option.default
    if option.is_flag or option.multiple or value is None or callable(value) or not str(value).isprintable():
        return ""
    return _code(str(value)) if isinstance(value, str | int | float | Path) else ""


def _table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)


_FINDINGS_HEAD = """\
# Findings

<!-- Written by docs/generate.py from src/rollbook/check/codes.py and check/gates/: edit those. -->

`rollbook check` reports everything that is wrong, each finding with a code that never changes its meaning,
the file, the line and the key, and what to do. `RB1..` is about single files, `RB2..` about how files agree,
`RB3..` about what a change does, `RB4..` about gates, `RB5..` about who did it. An error makes the check exit
with 1; a warning does not. `RB6..` is what `rollbook audit verify` reports of the audit trail, each finding
with the tag and the commit of main.

"""


def findings_page() -> str:
    """The reference of all codes of findings, from their table."""
    rows = [(_code(code), _text(rule.title), _text(rule.explanation)) for code, rule in rules().items()]
    return _FINDINGS_HEAD + _table(("Code", "Title", "What the rule is"), rows)


_GATES_HEAD = """\
# Gates

<!-- Written by docs/generate.py from src/rollbook/check/gates/: edit that. -->

A gate is what a version must meet before it enters a stage. A policy lists its gates under `gates:`, and a
model's own stand in its `model.yaml` under the same key: they are added to the policy's, so that a model can
ask for more and never for less. The base of a change judges it, its policy and the model's gates there
alike. `rollbook gates REF STAGE` shows what a promotion would meet.

A gate has passed, has failed, or waits: for approvals, for the end of a freeze or of a soak, or for a place
where it can be judged. What waits does not keep `rollbook promote` from making a proposal; nothing lands
while a gate fails or waits. A version that only makes room for another one meets no gates. A gate that can't
be judged, because its name or its settings are wrong, fails with the code `RB400`.

"""
_GATES_TAIL = """\
## `freeze`

{sentence} Its finding has the code `{code}`. Freezes stand in a list of their own, `freezes:`, in the policy.
Who asks for a change may set a freeze aside with the role that it names: the entry then has
`override: {{reason: ...}}`, which stays on record and is part of what approvers sign.

{table}
```yaml
freezes:
  - from: 2026-12-20
    to: 2027-01-06
    timezone: Europe/Vienna
    reason: end of year
  - weekly: {{from: fri 16:00, to: mon 08:00}}
    timezone: Europe/Vienna
    reason: nobody is on call
    stages: [production]
    override_role: approver
```

## What a program gets

The program of a `command` gate runs without a shell, in an empty folder, with `PATH`, `HOME`, `TMPDIR` and
the language as its only environment. It reads one JSON object from its standard input:

| Key | Meaning |
| --- | --- |
| `model`, `version`, `from`, `to` | The promotion. |
| `entry` | The version's line in stages.yaml; null while nobody has written one. |
| `manifest`, `record` | What version.yaml and model.yaml say; null when they can't be read. |
| `evidence` | The list of all evidence on the version. |
| `holders` | The manifests of the versions in the stage now, by version. |

Exit code 0 lets the version pass. The last line of what it prints is shown. What it started is killed with
it, when it ends or when its time is over; on Linux also what has a session of its own, unless it gave up the
environment that the program got. Elsewhere such a child outlives the gate. Programs do not run in a
pre-commit hook nor in a server's hook, where the gate waits.

## A gate of your own

Install a package with an entry point in the group `rollbook.gates`, and name it with `gate: plug-in`. It
stands for an object, or a class without arguments, with the method `verdict(settings, promotion)`. It returns
what `passed(figure, threshold)`, `failed(...)` or `waiting(...)` of `rollbook.check.gates.gate` make.
"""


def gates_page() -> str:
    """The reference of all gates, from their objects."""
    policy = json.loads(schema_with_gates("policy"))
    freeze = ALL_GATES["freeze"]
    tail = _GATES_TAIL.format(
        sentence=freeze.sentence, code=freeze.code, table=_settings(policy, policy["$defs"]["freeze"])
    )
    return _GATES_HEAD + "\n".join([*(_gate_section(policy, gate) for gate in GATES.values()), tail])


def _gate_section(policy: Mapping[str, Any], gate: Gate) -> str:
    schema = policy["$defs"][f"gate-{gate.name}"]
    # The schema's first sentence says the same as the gate's own.
    more = filter(None, [schema["description"].partition(". ")[2]])
    example = "\n".join(
        f"{'  - ' if key == 'gate' else '    '}{key}: {text}"
        for key, value in schema["examples"][0].items()
        for text in [value if isinstance(value, str) else json.dumps(value)]
    )
    return f"""\
## `{gate.name}`

{gate.sentence} {" ".join([*more, ""])}Its finding has the code `{gate.code}`.

{_settings(policy, schema)}
```yaml
gates:
{example}
```
"""


def _settings(policy: Mapping[str, Any], schema: Mapping[str, Any]) -> str:
    rows = "\n".join(_row(*field) for field in _fields(policy, schema, ""))
    return f"| Setting | Type | Required | Meaning | Example |\n| --- | --- | --- | --- | --- |\n{rows}\n"


def schema_with_gates(name: str) -> str:
    """The schema of a file that names gates and checks, with what these themselves say of their settings."""
    schema = contract.schema(name)
    listed = [f"gate-{gate}" for gate in GATES]
    before = {branch["$ref"].rpartition("/")[2] for branch in schema["$defs"]["gate"]["oneOf"]}
    definitions: dict[str, Any] = {}
    for key, definition in schema["$defs"].items():
        if key == "gate":
            definitions[key] = {**definition, "oneOf": [ref(branch) for branch in listed]}
            definitions |= dict(zip(listed, map(_entry_schema, GATES.values()), strict=True))
        elif key in ALL_GATES and key not in GATES:
            definitions[key] = _entry_schema(ALL_GATES[key])
        elif key not in before:
            definitions[key] = definition
    whole = with_monitoring({**schema, "$defs": definitions}, name)
    return json.dumps(whole, indent=2, ensure_ascii=False) + "\n"


def _entry_schema(gate: Gate) -> dict[str, Any]:
    """The schema of a gate's entry in the policy."""
    own, name, title = gate.schema, gate.name, gate.name.replace("-", " ")
    usual = "waived" if own.waived_for_rollback else "enforced"
    guarded = "The stages whose entry the gate guards, and the aliases (`@champion`) whose setting it guards."
    ways = (
        "The stages from which the gate guards the way; without it, from any. Of an alias, the version's own."
    )
    common = {
        "gate": setting("Gate", f"Which gate this is: `{name}`.", name, const=name, type="string"),
        "to": setting("Into stages", guarded, ["production"], **ref("gate-targets")),
        "from": setting("From stages", ways, ["staging"], **ref("gate-stages")),
        "rollback": setting(
            "For a rollback",
            "Whether a version that goes back to a stage that it held before must meet it too: "
            f"`enforced` or `waived`; `{usual}` unless set.",
            usual,
            type="string",
            enum=["enforced", "waived"],
        ),
    }
    is_listed = name in GATES
    return {
        "title": f"Gate: {title}" if is_listed else title.capitalize(),
        "description": own.description,
        "type": "object",
        "additionalProperties": False,
        "required": [*(["gate", "to"] if is_listed else []), *own.required],
        "properties": {**(common if is_listed else {}), **own.settings},
        "examples": [{**({"gate": name} if is_listed else {}), **own.example}],
    }


_VIEWS_HEAD = """\
# Views for queries

<!-- Written by docs/generate.py from src/rollbook/insight/query/views.py. -->

What [`rollbook query`](../how-to/query.md) reads, and `rollbook export --parquet` writes. Names, columns and
meanings are stable; columns may be added at the end. What is not given is null. A `time` is text in UTC, to
the second, such as `2026-11-21T09:00:00Z`, and a timestamp in Parquet; a `flag` is 0 or 1, and a boolean in
Parquet.
"""


def views_page() -> str:
    """The views, with their columns."""
    from rollbook.insight.query.views import VIEWS

    sections = [
        f"## `{view.name}`\n\n{view.meaning}\n\n"
        + _table(
            ("Column", "Type", "Meaning"),
            [(f"`{column.name}`", column.type, column.meaning) for column in view.columns],
        )
        for view in VIEWS
    ]
    return "\n".join([_VIEWS_HEAD, *sections])


_MEMORIES_HEAD = """\
# What Rollbook remembers

<!-- Written by docs/generate.py from src/rollbook/cache/memory.py: edit that. -->

To be faster, Rollbook keeps what it has found out in the folder `rollbook` of the git directory, which all
work trees of a repository share. Nothing there is the registry's: each part may be deleted at any time, and
costs time only. So does a git directory that can't be written to.

A file is replaced as a whole, and is believed only when it has the SHA-256 that it names, belongs to the user
who asks, and can be written by nobody else. The index is too large for that, and users may share it:
its files are believed by name and time of modification. Who can write there can also replace git's own
configuration.

| In `rollbook/` | What it holds | By what key | Why it can be believed | At most |
| --- | --- | --- | --- | --- |
"""

_MEMORIES_FOOT = """
In `mlflow` stand the [copies of artifacts that MLflow loads](mlflow.md#the-copy-that-is-loaded), one of each,
as large as these are. Nothing removes them by itself: delete the folder when no process loads from it.

The answers of an [index over HTTP](index-format.md) are no part of a repository. They are kept, and believed,
in the same way, in `ROLLBOOK_CACHE`, or else in `rollbook` in the user's cache folder: 256 MiB of them, those
that were confirmed last.
"""


def memories_page() -> str:
    """The reference of what is remembered in the git directory, from the list of it."""
    rows = (
        f"| `{memory.name}` | {memory.holds} | {memory.key} | {memory.believed} | {_bytes(memory.most)} |\n"
        for memory in MEMORIES
    )
    return _MEMORIES_HEAD + "".join(rows) + _MEMORIES_FOOT


def _bytes(count: int) -> str:
    if not count:
        return "3 files"
    return f"{count >> 20} MiB" if count >= 1 << 20 else f"{count >> 10} KiB"


# The page of signatures is written by hand, but for what stands between these lines.
_VOCABULARY = "docs/reference/signatures.md"
_BEGINS = "<!-- Written by docs/generate.py from src/rollbook/records/dtypes.py: edit that. -->\n\n"
_ENDS = "\n<!-- Here ends what is written by docs/generate.py. -->\n"


def signatures_page() -> str:
    """The reference of signatures, with the vocabulary of types from its table."""
    before, _, rest = _written(ROOT / _VOCABULARY).partition(_BEGINS)
    _, _, after = rest.partition(_ENDS)
    head = ("Word", "ONNX", "safetensors", "MLflow, columns", "NumPy, MLflow's tensors")
    head += ("Open Inference Protocol", "TensorFlow")
    table = _table(head, [(f"`{dtype.name}`", *_called(dtype)) for dtype in DTYPES])
    return f"{before}{_BEGINS}{table}{_ENDS}{after}"


def _called(dtype: Dtype) -> Iterator[str]:
    numpy = numpy_name(dtype.name) or ""
    names = (dtype.onnx, dtype.safetensors, dtype.mlflow, numpy, dtype.open_inference, dtype.tensorflow)
    for name in names:
        yield f"`{name}`" if isinstance(name, str) and name else str(name or "")


_PYTHON_HEAD = """\
# The Python API

<!-- Written by docs/generate.py from the docstrings of src/rollbook: edit those. -->

All of it comes from `rollbook` itself: `from rollbook import Registry, Refused`. What stands here is
public; anything else may change. A verb has the name of its command and takes the command's options under
their names; what is repeated on the command line is a list or, where it is `NAME=VALUE`, a mapping. It
returns frozen data, of which `document(result)` makes what the command prints with `--json`, and raises the
errors below, each with a `hint` that says what to do. To push, open or land what a verb proposed, hand its
`branch` to `push`, `open_pull_request` or `land`.

"""


def python_page() -> str:
    """The public names, with their docstrings, as griffe reads them from the source."""
    import griffe

    package = griffe.load("rollbook", search_paths=[_SOURCES])
    public = {name: package.members[name].final_target for name in _all_names(package)}
    errors = [name for name, what in public.items() if what.is_class and "errors." in what.path]
    first = ["Registry", "EvidenceVerbs", "AuditTrail", "Hooks", "Model", "ModelVersion", "Federation"]
    rest = [name for name in public if name not in (*first, *errors)]
    sections = [_public_section(public[name]) for name in (*first, *sorted(rest, key=str.lower), *errors)]
    return _PYTHON_HEAD + "\n".join(sections)


def _all_names(package: Any) -> list[str]:
    homes = package.members["_HOMES"].value
    return [str(key).strip("'\"") for key in homes.keys]


def _public_section(what: Any) -> str:
    if not what.is_class:
        return f"## `{what.name}`\n\n```text\n{_signature(what)}\n```\n\n{_words(what)}\n"
    names = [name for name in what.all_members if not name.startswith(("_", "make_"))]
    members = [_documented(what, name) for name in names]
    parts = [f"## `{what.name}`\n\n{_words(what)}\n"]
    if what.name == "ReadOnlyRegistry":
        return f"{parts[0]}\nOf `Registry` it has {', '.join(map(_code, sorted(names)))}.\n"
    fields = [one for one in members if one.is_attribute and "property" not in one.labels]
    if fields:
        parts.append("\n".join(f"- `{one.name}`: `{one.annotation}`" for one in fields) + "\n")
    for one in members:
        if one not in fields:
            called = f"```text\n{_signature(one)}\n```\n\n" if one.is_function else ""
            parts.append(f"### `{what.name}.{one.name}`\n\n{called}{_words(one)}\n")
    return "\n".join(parts)


def _documented(what: Any, name: str) -> Any:
    """A class's member; where it only narrows a type, the one whose words it inherits."""
    found = [owner.members[name] for owner in (what, *what.mro()) if name in owner.members]
    return next((member for member in found if member.docstring), found[0])


def _words(what: Any) -> str:
    if what.docstring is None:
        raise AssertionError(f"{what.path} has no docstring")
    paragraphs = what.docstring.value.split("\n\n")
    return "\n\n".join(" ".join(paragraph.split()) for paragraph in paragraphs)


def _signature(function: Any) -> str:
    given = []
    is_named = False
    for one in function.parameters:
        kind = str(one.kind.value)
        if one.name in ("self", "cls"):
            continue
        if kind == "keyword-only" and not is_named:
            given.append("*")
            is_named = True
        stars = "**" if kind == "variadic keyword" else ""
        default = f" = {one.default}" if one.default is not None and not stars else ""
        given.append(f"{stars}{one.name}: {one.annotation}{default}")
    line = f"{function.name}({', '.join(given)}) -> {function.returns}"
    broken = "".join(f"    {one},\n" for one in given)
    return line if len(line) <= 100 else f"{function.name}(\n{broken}) -> {function.returns}"


PAGES: dict[str, Callable[[], str]] = {
    "schemas/policy.schema.json": lambda: schema_with_gates("policy"),
    "schemas/model.schema.json": lambda: schema_with_gates("model"),
    "docs/reference/files.md": files_page,
    "docs/reference/commands.md": commands_page,
    "docs/reference/findings.md": findings_page,
    "docs/reference/gates.md": gates_page,
    "docs/reference/views.md": views_page,
    "docs/reference/python.md": python_page,
    "docs/reference/memories.md": memories_page,
    _VOCABULARY: signatures_page,
}


def stale_pages() -> list[str]:
    """The pages that differ from what would be written now."""
    return [path for path, page in PAGES.items() if _written(ROOT / path) != page()]


def _written(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.is_file() else ""


def main(arguments: list[str]) -> int:
    if arguments == ["--check"]:
        stale = stale_pages()
        for path in stale:
            sys.stderr.write(f"{path} is stale: run python docs/generate.py\n")
        return 1 if stale else 0
    if arguments:
        sys.stderr.write(f"{__doc__}\n")
        return 2
    for path, page in PAGES.items():
        (ROOT / path).parent.mkdir(parents=True, exist_ok=True)
        (ROOT / path).write_text(page(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
