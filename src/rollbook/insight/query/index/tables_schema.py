"""The index's tables. Their shape is the index's own business: `rollbook.query` has views over them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import sqlite3

# Goes up with every change of the tables or of what is put into them: another format's index is discarded.
FORMAT = 8

# What is not given is NULL everywhere, and so is a number that is not finite. Times are UTC, whole seconds.
# `model.held` counts the files that make a folder a model, `version.files` those in a version's folder.
# What comes in when it is asked for: `landed`, main's commits, and when each landed at the earliest (Unix);
# `happened`, what main's history itself tells of versions; `pointer`, where artifacts and attachments are.
_TABLES = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value) WITHOUT ROWID;
CREATE TABLE problem (
  path TEXT PRIMARY KEY, kind TEXT, model TEXT, version TEXT, message TEXT, line INTEGER, key TEXT, hint TEXT
) WITHOUT ROWID;

CREATE TABLE model (
  id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, held INTEGER NOT NULL
);
CREATE TABLE record (
  model_id INTEGER PRIMARY KEY, owner TEXT, team TEXT, task TEXT, use_case TEXT, description TEXT,
  compliance TEXT, display_name TEXT, data_classification TEXT
);
CREATE TABLE model_tag (model_id INTEGER, name TEXT, value TEXT, PRIMARY KEY (model_id, name)) WITHOUT ROWID;
CREATE TABLE stage_entry (
  model_id INTEGER, position INTEGER, stage TEXT, version TEXT, reason TEXT, requested_by TEXT,
  requested_at TEXT, traffic INTEGER, approvals INTEGER, replacement TEXT, sunset TEXT, migration TEXT,
  override TEXT, automatic TEXT, despite TEXT,
  PRIMARY KEY (model_id, position)
) WITHOUT ROWID;
CREATE INDEX stage_entry_version ON stage_entry (model_id, version);
CREATE TABLE alias (
  model_id INTEGER, alias TEXT, version TEXT, reason TEXT, requested_by TEXT, requested_at TEXT,
  approvals INTEGER,
  PRIMARY KEY (model_id, alias)
) WITHOUT ROWID;

CREATE TABLE version (
  id INTEGER PRIMARY KEY, model_id INTEGER NOT NULL, version TEXT NOT NULL, sort_key TEXT NOT NULL,
  release INTEGER NOT NULL, files INTEGER NOT NULL, stage TEXT
);
CREATE UNIQUE INDEX version_order ON version (model_id, sort_key);
CREATE INDEX version_stage ON version (stage) WHERE stage IS NOT NULL;
CREATE TABLE manifest (
  version_id INTEGER PRIMARY KEY, created_at TEXT, created_by TEXT, description TEXT, algorithm TEXT,
  framework TEXT, framework_version TEXT, artifact TEXT, format TEXT, size INTEGER, sha256 TEXT, files INTEGER
);
CREATE TABLE metric (version_id INTEGER, name TEXT, value REAL, PRIMARY KEY (version_id, name)) WITHOUT ROWID;
CREATE TABLE param (
  version_id INTEGER, name TEXT, value TEXT, number REAL, PRIMARY KEY (version_id, name)
) WITHOUT ROWID;
CREATE TABLE content (
  version_id INTEGER, name TEXT, value TEXT, number REAL, PRIMARY KEY (version_id, name)
) WITHOUT ROWID;
CREATE TABLE version_tag (
  version_id INTEGER, origin TEXT, name TEXT, value TEXT, PRIMARY KEY (version_id, origin, name)
) WITHOUT ROWID;
CREATE TABLE source (
  version_id INTEGER, kind TEXT, position INTEGER, name TEXT, version TEXT, uri TEXT, digest TEXT,
  rows INTEGER, role TEXT,
  PRIMARY KEY (version_id, kind, position)
) WITHOUT ROWID;
CREATE TABLE notes (version_id INTEGER PRIMARY KEY, description TEXT);
CREATE TABLE removal (version_id INTEGER PRIMARY KEY, removed_at TEXT, removed_by TEXT, reason TEXT);
CREATE TABLE evidence (
  id INTEGER PRIMARY KEY, version_id INTEGER NOT NULL, kind TEXT NOT NULL, number INTEGER NOT NULL,
  about_model TEXT, about_version TEXT, about_sha256 TEXT, passed INTEGER, created_at TEXT, created_by TEXT,
  summary TEXT, uri TEXT, tool TEXT, tool_version TEXT, target TEXT
);
CREATE UNIQUE INDEX evidence_place ON evidence (version_id, kind, number);
CREATE TABLE evidence_metric (
  evidence_id INTEGER, name TEXT, value REAL, PRIMARY KEY (evidence_id, name)
) WITHOUT ROWID;

CREATE TABLE ref (name TEXT PRIMARY KEY, oid TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE event (
  tag TEXT PRIMARY KEY, oid TEXT, action TEXT, number INTEGER, model TEXT, version TEXT, from_stage TEXT,
  to_stage TEXT, reason TEXT, requested_by TEXT, requested_at TEXT, landed_in TEXT, landed_at TEXT,
  commit_id TEXT, manifest_digest TEXT, artifact_digest TEXT, pull_request TEXT, previous_event TEXT,
  tagger TEXT, signed INTEGER
);
CREATE TABLE approver (tag TEXT, position INTEGER, person TEXT, PRIMARY KEY (tag, position)) WITHOUT ROWID;
CREATE TABLE landed (
  commit_id TEXT PRIMARY KEY, position INTEGER NOT NULL, at INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX landed_position ON landed (position);
CREATE TABLE happened (
  model TEXT, sort_key TEXT, position INTEGER, place INTEGER, at INTEGER, what TEXT, version TEXT,
  number INTEGER, target TEXT, recorded_at INTEGER, commit_id TEXT,
  PRIMARY KEY (model, sort_key, position, place)
) WITHOUT ROWID;
CREATE TABLE pointer (
  path BLOB PRIMARY KEY, model TEXT, sort_key TEXT, attached INTEGER, name TEXT, md5 TEXT, size INTEGER,
  files INTEGER
) WITHOUT ROWID;
"""

# What only questions need: made of all rows at once, they cost a fraction of what keeping them up does.
_FOR_QUESTIONS = """
CREATE INDEX source_name ON source (name, version);
CREATE INDEX source_uri ON source (uri) WHERE uri IS NOT NULL;
CREATE INDEX source_digest ON source (digest) WHERE digest IS NOT NULL;
CREATE INDEX source_commit ON source (version) WHERE kind = 'code';
"""


def create(connection: sqlite3.Connection) -> None:
    """Make the tables of an index that stands for no files and no tags yet, in the open transaction.

    Once they are filled for the first time, `complete` is to follow.
    """
    _execute(connection, _TABLES)


def complete(connection: sqlite3.Connection) -> None:
    """Make what questions need besides the tables."""
    _execute(connection, _FOR_QUESTIONS)


def _execute(connection: sqlite3.Connection, statements: str) -> None:
    for statement in statements.split(";"):
        if statement.strip():
            connection.execute(statement)


def get(connection: sqlite3.Connection, key: str) -> object:
    """Return what the index says of itself under `key`; None when it says nothing."""
    row = connection.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
    return row[0] if row else None


def put(connection: sqlite3.Connection, key: str, value: object) -> None:
    """Note what the index says of itself."""
    connection.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (key, value))
