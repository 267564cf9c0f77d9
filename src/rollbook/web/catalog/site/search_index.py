"""The index that the search box reads, as script files: a page opened from a folder may load those alone.

`search/index.js` names the shards, each under a name with its content's hash. A shard holds models by a hash
of their names, so that a model that changes changes one of them. In a browser MiniSearch
(https://lucaong.github.io/minisearch/) makes an index of them, when somebody goes to the search box.
"""

from __future__ import annotations

import hashlib
import json
import re
from typing import TYPE_CHECKING, Any

from rollbook import layout
from rollbook.check.card_sections import FRONT_MATTER
from rollbook.check.wording import without_comments
from rollbook.errors import InvalidFile, RollbookError
from rollbook.text import decoded, printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from rollbook.registry.model_version import ModelVersion
    from rollbook.registry.registry import Model, Registry
    from rollbook.web.catalog.facts.model_summary import ModelSummary

INDEX = "search/index.js"
# What is searched of one text: enough to find it by, and no more than a browser should hold of thousands.
_MOST_WORDS, _LONGEST_WORD, _LONGEST = 150, 40, 300
_VERSIONS_A_SHARD = 4_000
_WORD = re.compile(r"[^\W_]{3,}")

# What is searched of a model: its name, what is shown below it, its words; and of each version, newest
# first, its name, its stage and its words.
SearchEntry = list[Any]


def search_entry(registry: Registry, summary: ModelSummary) -> SearchEntry:
    """Return what is searched of a model and its versions, as JSON data: a function of the model's files."""
    try:
        model = registry.model(summary.name)
    except InvalidFile:  # it is found by its name, and its page says what is wrong
        return [summary.name, "", "", []]
    serving = [f"{holder.stage} {holder.version}" for holder in summary.holders if holder.stage != "archived"]
    detail = " · ".join(part for part in (summary.owner, summary.task, ", ".join(serving[:4])) if part)
    told = [
        *(summary.display_name, summary.description[:_LONGEST], summary.team, summary.use_case),
        *(f"{name} {value}"[:_LONGEST] for name, value in summary.tags.items()),
        *summary.aliases,
        *summary.metrics,
        _card_words(model, summary),
    ]
    versions = [_version(version) for version in reversed(model.versions())]
    return [summary.name, printable(detail), _words(told), versions]


def search_files(entries: Iterable[SearchEntry]) -> Mapping[str, bytes]:
    """Return the files of the index, by their paths below the catalog's home."""
    entries = list(entries)
    count = max(1, -(-sum(1 + len(entry[3]) for entry in entries) // _VERSIONS_A_SHARD))
    shards: list[list[SearchEntry]] = [[] for _ in range(count)]
    for entry in entries:
        shards[int(hashlib.sha256(entry[0].encode()).hexdigest()[:8], 16) % count].append(entry)
    files, names = {}, []
    for shard in shards:
        content = _script("rollbookShard", shard)
        names.append(f"search/shard-{hashlib.sha256(content).hexdigest()[:12]}.js")
        files[names[-1]] = content
    return {**files, INDEX: _script("rollbookIndex", names)}


def _script(function: str, data: object) -> bytes:
    """Return a call with JSON as its argument, in ASCII: no character of it can end the text early."""
    return f"{function}({json.dumps(data, separators=(',', ':'))});\n".encode("ascii")


def _version(version: ModelVersion) -> list[str]:
    try:
        manifest = version.manifest
    except RollbookError:
        return [version.version, version.stage, ""]
    tags = (f"{name} {value}"[:_LONGEST] for name, value in manifest.tags.items())
    told = [
        manifest.created_by,
        manifest.algorithm,
        manifest.description[:_LONGEST],
        *tags,
        *manifest.metrics,
    ]
    return [version.version, version.stage, _words([*version.aliases, *told])]


def _card_words(model: Model, summary: ModelSummary) -> str:
    """Return the words of the card that counts: that of the version in production, else of the newest."""
    version = next((holder.version for holder in summary.in_production), summary.latest)
    if not version:
        return ""
    try:
        (card,) = model.registry.snapshot.read_many([layout.card_path(model.name, version)])
    except RollbookError:
        return ""
    text = without_comments(FRONT_MATTER.sub("", decoded(card or b"")[:100_000]))
    found = dict.fromkeys(word.casefold()[:_LONGEST_WORD] for word in _WORD.findall(text))
    return " ".join([*found][:_MOST_WORDS])


def _words(texts: Iterable[str]) -> str:
    """Texts as one, in which no word stands twice."""
    return printable(" ".join(dict.fromkeys(word for text in texts for word in text.split())))
