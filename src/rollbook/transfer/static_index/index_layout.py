"""Where each file of an index stands, relative to its address: `docs/reference/index-format.md`.

Names are in lower case, which is unambiguous: the names of models are unique regardless of case. So an index
can be kept by a file system, or served by a host, that does not tell the cases apart.
"""

from __future__ import annotations

ROOT = "index.json"
MODELS = "models"
TRAIL = "trail"
EVENTS_PER_FILE = 1000

_SUMMARY = ".json"
_FILES = ".files.json"
_ENVIRONMENTS = ".environments.json"


def shard(model: str) -> str:
    """Return the folder of a model, by the first letters of its name's last part: `1/a`, `2/ab`, `3/a`,
    `ab/cd`."""
    name = model.lower().rpartition("/")[2]
    if len(name) <= 2:
        return str(len(name))
    return f"3/{name[0]}" if len(name) == 3 else f"{name[:2]}/{name[2:4]}"


def model_file(model: str) -> str:
    """Return the path of a model's document: all that `resolve` and `fetch` need."""
    return f"{MODELS}/{shard(model)}/{model.lower()}{_SUMMARY}"


def details_file(model: str) -> str:
    """Return the path of the document with a model's small files: all that `show` needs."""
    return f"{MODELS}/{shard(model)}/{model.lower()}{_FILES}"


def environments_file(model: str) -> str:
    """Return the path of the document with the files of a model's environments: what `fetch --env` needs. It
    is there when one of its versions has such a file.
    """
    return f"{MODELS}/{shard(model)}/{model.lower()}{_ENVIRONMENTS}"


def trail_file(number: int) -> str:
    """Return the path of a part of the trail, counted from 0, which has at most EVENTS_PER_FILE events."""
    return f"{TRAIL}/{number:06}.json"
