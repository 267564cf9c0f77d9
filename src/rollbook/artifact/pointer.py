"""DVC's pointer file: which object of the storage an artifact is, and the name it is checked out under."""

from __future__ import annotations

from dataclasses import dataclass

from rollbook.artifact.artifact_files import unsafe_name
from rollbook.artifact.dir_object import SUFFIX, is_md5
from rollbook.errors import BadCall, InvalidFile
from rollbook.layout import FORMERLY_FREE, Kind, place

TAKEN = "is the name of another file of a version"
# `isexec` and `desc` change nothing about where the bytes are.
_OUT_KEYS = frozenset(["md5", "size", "nfiles", "hash", "path", "isexec", "desc"])
_TOP_KEYS = frozenset(["outs", "desc", "meta"])


@dataclass(frozen=True, slots=True)
class Pointer:
    """A file name, DVC's md5 (a folder's ends with `.dir`), the size in bytes, and a folder's file count."""

    path: str
    md5: str
    size: int
    files: int | None

    @property
    def is_directory(self) -> bool:
        return self.md5.endswith(SUFFIX)


def unsafe_artifact_name(name: str) -> str:
    """Say why `name` can't be an artifact's file name; empty when it can."""
    if reason := unsafe_name(name):
        return reason
    if name.startswith((".", "-")):
        return f"starts with {name[0]!r}"
    if name.lower().endswith(".dvc"):
        return "ends with .dvc, as a pointer does"
    if len(name.encode()) > 240:
        return "is longer than 240 bytes"
    lower = name.lower()
    reserved = lower == "evidence" or place(f"registry/m/versions/1.0.0/{lower}").kind is not Kind.STRAY
    return TAKEN if reserved and lower not in FORMERLY_FREE else ""


def require_artifact_name(name: str) -> str:
    """Return `name`, or raise BadCall that says why it can't be an artifact's file name."""
    if reason := unsafe_artifact_name(name):
        raise BadCall(f"{name!r} {reason}", hint="Give the artifact a plain file name such as model.onnx.")
    return name


def pointer_data(pointer: Pointer) -> dict[str, object]:
    """Return the mapping DVC writes to `<path>.dvc`, keys in its order
    (https://dvc.org/doc/user-guide/project-structure/dvc-files)."""
    out: dict[str, object] = {"md5": pointer.md5, "size": pointer.size}
    if pointer.files is not None:
        out["nfiles"] = pointer.files
    out |= {"hash": "md5", "path": pointer.path}
    return {"outs": [out]}


def parse_pointer(data: object, path: str) -> Pointer:
    """Read the mapping of a pointer file that stands at `path` (only named in errors).

    Raises InvalidFile when it tracks anything but one artifact beside it, in the default remote, by md5.
    """
    if not isinstance(data, dict):
        raise InvalidFile("is not a DVC pointer: a mapping with `outs` is expected", path=path)
    if extra := sorted(str(key) for key in data.keys() - _TOP_KEYS):
        raise InvalidFile("a pointer only names an artifact", path=path, key=extra[0], hint=_HINT)
    outs = data.get("outs")
    if not isinstance(outs, list) or len(outs) != 1 or not isinstance(outs[0], dict):
        raise InvalidFile("exactly one artifact is expected", path=path, key="outs", hint=_HINT)
    out = outs[0]
    if extra := sorted(str(key) for key in out.keys() - _OUT_KEYS):
        raise InvalidFile("is not allowed in a pointer", path=path, key=f"outs[0].{extra[0]}", hint=_HINT)
    return _parse_out(out, path)


_HINT = "Let `rollbook register` write the pointer."


def _parse_out(out: dict[str, object], path: str) -> Pointer:
    name, md5, size, files = (out.get(key) for key in ("path", "md5", "size", "nfiles"))
    if out.get("hash") != "md5":
        raise InvalidFile("must be md5, as DVC 3 writes it", path=path, key="outs[0].hash", hint=_HINT)
    if not isinstance(name, str) or (reason := unsafe_artifact_name(name)):
        why = reason if isinstance(name, str) else "is not a text"
        raise InvalidFile(f"{name!r} {why}", path=path, key="outs[0].path", hint=_HINT)
    if not isinstance(md5, str) or not is_md5(md5.removesuffix(SUFFIX)):
        raise InvalidFile("is not an md5 digest", path=path, key="outs[0].md5", hint=_HINT)
    if type(size) is not int or size <= 0:
        raise InvalidFile("must be a number of bytes above 0", path=path, key="outs[0].size", hint=_HINT)
    if md5.endswith(SUFFIX):
        if type(files) is not int or files <= 0:
            raise InvalidFile(
                "must be a number of files above 0", path=path, key="outs[0].nfiles", hint=_HINT
            )
        return Pointer(name, md5, size, files)
    if files is not None:
        raise InvalidFile("is for folders only", path=path, key="outs[0].nfiles", hint=_HINT)
    return Pointer(name, md5, size, None)
