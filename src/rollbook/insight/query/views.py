# ruff: noqa: S608 (every word of the SQL is written in this package)
"""The views that a query reads. Names, columns and meanings are stable; columns may be added at the end.

What is not given is null everywhere. Times are UTC, to the second: `2026-11-21T09:00:00Z`. A flag is 0 or 1.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import sqlite3

Type = Literal["text", "integer", "real", "flag", "time"]


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its name, the type of its values, and what they mean."""

    name: str
    type: Type
    meaning: str


@dataclass(frozen=True, slots=True)
class View:
    """A view: its name, what a row of it is, its columns, and the rows, as SQL over the index's tables."""

    name: str
    meaning: str
    columns: tuple[Column, ...]
    rows: str

    def column(self, name: str) -> Column:
        return next(column for column in self.columns if column.name == name)


def _view(name: str, meaning: str, columns: str, rows: str) -> View:
    """`columns` has a line for each: name, type, meaning."""
    read = [line.split(maxsplit=2) for line in columns.strip().splitlines()]
    kinds: dict[str, Type] = {
        "text": "text", "integer": "integer", "real": "real", "flag": "flag", "time": "time"
    }  # fmt: skip
    return View(
        name,
        meaning,
        tuple(Column(column, kinds[kind], description) for column, kind, description in read),
        rows,
    )


# The joins that most views begin with: `m` is the model, `v` the version.
_MODEL = "model AS m"
_VERSION = "version AS v JOIN model AS m ON m.id = v.model_id"

_OF_A_VERSION = """\
model    text     The model's name.
version  text     The version.
"""

VIEWS = (
    _view(
        "models",
        "A registered model.",
        """\
model                text     The model's name, its namespace included.
display_name         text     What people call it.
owner                text     Who answers for it.
team                 text     The team.
task                 text     What kind of problem it solves.
use_case             text     What it is used for.
description          text     What it is.
compliance           text     The compliance class that it falls under.
data_classification  text     How sensitive its data is.
versions             integer  How many versions it has.
latest               text     The newest version: a release before a pre-release.
""",
        f"""
SELECT m.name, r.display_name, r.owner, r.team, r.task, r.use_case, r.description, r.compliance,
  r.data_classification,
  (SELECT count(*) FROM version AS v WHERE v.model_id = m.id),
  coalesce(
    (SELECT v.version FROM version AS v WHERE v.model_id = m.id AND v.release
      ORDER BY v.sort_key DESC LIMIT 1),
    (SELECT v.version FROM version AS v WHERE v.model_id = m.id ORDER BY v.sort_key DESC LIMIT 1)
  )
FROM {_MODEL} LEFT JOIN record AS r ON r.model_id = m.id
""",
    ),
    _view(
        "versions",
        "A version of a model, with what its manifest says.",
        f"""\
{_OF_A_VERSION}stage              text     The stage that it is in now.
created_at         time     When it was registered.
created_by         text     Who registered it.
description        text     What is new in it.
algorithm          text     The algorithm.
framework          text     The library that trained it.
framework_version  text     That library's version.
artifact           text     The name of the artifact's file or folder.
format             text     The artifact's format.
size               integer  The artifact's size in bytes.
sha256             text     The artifact's SHA-256.
files              integer  How many files a folder holds; null for a single file.
notes              text     What was noted about it later.
removed_at         time     When the artifact was removed under the retention policy.
sort_key           text     Orders the versions of a model by precedence, as semantic versioning says.
""",
        f"""
SELECT m.name, v.version, coalesce(v.stage, (SELECT first_stage FROM asked)), f.created_at, f.created_by,
  f.description, f.algorithm, f.framework, f.framework_version, f.artifact, f.format, f.size, f.sha256,
  f.files, n.description, x.removed_at, v.sort_key
FROM {_VERSION} LEFT JOIN manifest AS f ON f.version_id = v.id LEFT JOIN notes AS n ON n.version_id = v.id
  LEFT JOIN removal AS x ON x.version_id = v.id
""",
    ),
    _view(
        "metrics",
        "A metric that was measured when a version was registered.",
        f"{_OF_A_VERSION}name   text  The metric's name.\n"
        "value  real  Its value; null when it is no finite number.",
        "SELECT m.name, v.version, x.name, x.value FROM metric AS x JOIN version AS v ON v.id = x.version_id"
        " JOIN model AS m ON m.id = v.model_id",
    ),
    _view(
        "params",
        "A hyperparameter of a version.",
        f"{_OF_A_VERSION}name    text  The parameter's name.\n"
        "value   text  Its value; what is no text is written as JSON.\n"
        "number  real  Its value when it is a finite number.",
        "SELECT m.name, v.version, x.name, x.value, x.number FROM param AS x JOIN version AS v"
        " ON v.id = x.version_id JOIN model AS m ON m.id = v.model_id",
    ),
    _view(
        "contents",
        "A fact that a version's artifact says of itself, in its format's own terms.",
        f"{_OF_A_VERSION}name    text  The fact's name, e.g. `opset`.\n"
        "value   text  Its value; what is no text is written as JSON.\n"
        "number  real  Its value when it is a finite number.",
        "SELECT m.name, v.version, x.name, x.value, x.number FROM content AS x JOIN version AS v"
        " ON v.id = x.version_id JOIN model AS m ON m.id = v.model_id",
    ),
    _view(
        "tags",
        "A label of a model or of a version.",
        """\
model    text  The model's name.
version  text  The version; null for a label of the model itself.
origin   text  Where it stands: `model`, `manifest` or `notes`.
name     text  The label's name.
value    text  Its value.
""",
        """
SELECT m.name, NULL, 'model', x.name, x.value
FROM model_tag AS x JOIN model AS m ON m.id = x.model_id
UNION ALL
SELECT m.name, v.version, x.origin, x.name, x.value FROM version_tag AS x JOIN version AS v
  ON v.id = x.version_id JOIN model AS m ON m.id = v.model_id
""",
    ),
    _view(
        "stages",
        "A version that a model's stages.yaml puts into a stage. Versions at the first stage are not here.",
        f"""\
{_OF_A_VERSION}stage         text     The stage.
reason        text     Why it is there.
requested_by  text     Who asked for it.
requested_at  time     When.
traffic       integer  The share of the traffic, in per cent.
approvals     integer  How many signed approvals stand with it.
replacement   text     What to use instead, for a version that goes out of use.
sunset        text     The last day, for a version that goes out of use, e.g. `2027-03-01`.
migration     text     How to get to the replacement.
override      text     Why a freeze was set aside.
automatic     text     What the monitor moved it there on, such as `monitoring-3 of 1.3.0`.
despite       text     Which evidence of monitoring was set aside, and why.
""",
        """
SELECT m.name, e.version, e.stage, e.reason, e.requested_by, e.requested_at, e.traffic, e.approvals,
  e.replacement, e.sunset, e.migration, e.override, e.automatic,
  e.despite
FROM stage_entry AS e JOIN model AS m ON m.id = e.model_id
""",
    ),
    _view(
        "aliases",
        "A name that a model's stages.yaml gives to a version.",
        """\
model         text     The model's name.
alias         text     The alias.
version       text     The version it stands for.
reason        text     Why; null of an alias that is a version alone, and on no record.
requested_by  text     Who asked for it.
requested_at  time     When.
approvals     integer  How many signed approvals stand with it.
""",
        """
SELECT m.name, a.alias, a.version, a.reason, a.requested_by, a.requested_at, a.approvals
FROM alias AS a JOIN model AS m ON m.id = a.model_id
""",
    ),
    _view(
        "lineage",
        "One thing that a version came from.",
        f"""\
{_OF_A_VERSION}kind            text     `data`, `data-source` (of it), `features`, `code`, `run` or `parent`.
name            text     The data set, the feature set, the code's repository, the run's tool, or the parent.
source_version  text     The version of the data or features, the code's commit, or the run's id.
uri             text     Where it is.
digest          text     The data set's SHA-256.
rows            integer  The data set's rows.
role            text     What the code was for; of a data set, the step that made it.
""",
        """
SELECT m.name, v.version, s.kind, s.name, s.version, s.uri, s.digest, s.rows, s.role
FROM source AS s JOIN version AS v ON v.id = s.version_id JOIN model AS m ON m.id = v.model_id
""",
    ),
    _view(
        "evidence",
        "What was learnt about a version after its registration.",
        f"""\
{_OF_A_VERSION}kind          text     What kind of evidence it is, e.g. `fairness`.
number        integer  Its number among those of its kind, from 1.
passed        flag     Whether the version passed.
applies       flag     Whether it speaks of this version and of the very artifact that is registered.
created_at    time     When it was gathered.
created_by    text     Who gathered it.
summary       text     What it says in a sentence.
tool          text     The tool that made it.
tool_version  text     That tool's version.
uri           text     Where the full report is.
target        text     Of a deployment, where the version runs.
""",
        """
SELECT m.name, v.version, e.kind, e.number, e.passed,
  e.about_model IS m.name AND e.about_version IS v.version AND e.about_sha256 IS f.sha256,
  e.created_at, e.created_by, e.summary, e.tool, e.tool_version, e.uri, e.target
FROM main.evidence AS e JOIN version AS v ON v.id = e.version_id JOIN model AS m ON m.id = v.model_id
  LEFT JOIN manifest AS f ON f.version_id = v.id
""",
    ),
    _view(
        "evidence_metrics",
        "A number that a piece of evidence gives.",
        f"{_OF_A_VERSION}kind    text     The evidence's kind.\nnumber  integer  The evidence's number.\n"
        "name    text     The metric's name.\nvalue   real     Its value; null when it is no finite number.",
        """
SELECT m.name, v.version, e.kind, e.number, x.name, x.value
FROM evidence_metric AS x JOIN main.evidence AS e ON e.id = x.evidence_id
  JOIN version AS v ON v.id = e.version_id JOIN model AS m ON m.id = v.model_id
""",
    ),
    _view(
        "events",
        "A recorded event of the audit trail, of the commits that lead to the state that is asked about.",
        """\
model            text     The model's name.
version          text     The version.
number           integer  The event's number among those of its model, from 1.
action           text     `registered`, `assigned`, `unassigned`, `removed`, `alias-set` or `alias-removed`.
from_stage       text     The stage that the version left, or `@` and the alias that it no longer has.
to_stage         text     The stage that it entered, or `@` and the alias that it was given.
reason           text     Why.
requested_by     text     Who asked for it.
requested_at     time     When they did.
landed_at        time     When it landed on main.
landed_in        text     The commit of main that brought it.
position         integer  The place of that commit among the first-parent commits of main, from 0.
pull_request     text     The address of the pull request.
manifest_digest  text     SHA-256 of the manifest.
artifact_digest  text     SHA-256 of the artifact.
tag              text     The name of the tag that records it.
tag_object       text     The id of the tag's object.
previous_event   text     The id of the tag object before it in the chain.
tagger           text     Who wrote the tag.
signed           flag     Whether the tag has a signature. `rollbook audit verify` says whether it holds.
""",
        """
SELECT e.model, e.version, e.number, e.action, e.from_stage, e.to_stage, e.reason, e.requested_by,
  e.requested_at, e.landed_at, e.landed_in, l.position, e.pull_request, e.manifest_digest, e.artifact_digest,
  e.tag, e.oid, e.previous_event, e.tagger, e.signed
FROM event AS e JOIN landed AS l ON l.commit_id = e.landed_in
WHERE l.position <= (SELECT position FROM asked)
""",
    ),
    _view(
        "approvals",
        "One person's approval of a recorded event.",
        """\
model        text     The model's name.
version      text     The version.
number       integer  The event's number among those of its model.
approved_by  text     Who approved it.
from_stage   text     The stage that the version left, or the alias that it no longer has, e.g. `@champion`.
to_stage     text     The stage that it entered, or the alias that it was given.
landed_at    time     When it landed on main.
tag          text     The name of the tag that records the event.
""",
        """
SELECT e.model, e.version, e.number, a.person, e.from_stage, e.to_stage, e.landed_at, e.tag
FROM approver AS a JOIN event AS e ON e.tag = a.tag JOIN landed AS l ON l.commit_id = e.landed_in
WHERE l.position <= (SELECT position FROM asked)
""",
    ),
    _view(
        "problems",
        "A file that can't be read: what it says is missing from the other views.",
        """\
path     text     The file.
model    text     The model it belongs to; null for the policy.
version  text     The version it belongs to, where it does.
line     integer  The line, where it can be told.
key      text     The key, where it can be told.
message  text     What is wrong.
""",
        "SELECT path, model, version, line, key, message FROM problem",
    ),
)  # fmt: skip
BY_NAME = {view.name: view for view in VIEWS}

# The views that are made from tags rather than from files.
OF_EVENTS = ("events", "approvals")


def make(connection: sqlite3.Connection, first_stage: str, position: int | None) -> None:
    """Make the views of an index for this connection.

    `first_stage` is where versions are that no stage names; `position` is that of the last commit whose
    events count. Without one the views of the events are not made.
    """
    connection.execute(
        "CREATE TEMP TABLE asked AS SELECT ? AS first_stage, ? AS position", (first_stage, position)
    )
    for view in VIEWS:
        if position is None and view.name in OF_EVENTS:
            continue
        names = ", ".join(column.name for column in view.columns)
        connection.execute(f"CREATE TEMP VIEW {view.name} ({names}) AS {view.rows}")
