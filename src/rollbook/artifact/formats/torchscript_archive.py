"""What a TorchScript archive says of itself: `torch/csrc/jit/docs/serialization.md` in PyTorch.

It is a zip archive of code in a language that looks like Python and is none, of tensors, and of pickles that
PyTorch's own reader takes, which runs no Python.
"""

from __future__ import annotations

import io
import pickletools
import re
from typing import TYPE_CHECKING

from rollbook.artifact.formats.archive_members import ArchiveMembers, opened_archive
from rollbook.artifact.formats.contents import Broken, Contents

if TYPE_CHECKING:
    from rollbook.artifact.formats.artifact_bytes import ArtifactBytes
    from rollbook.artifact.formats.contents import Fact

_MOST_CODE = 4 << 20  # bytes of a file
_MOST_FILES = 2_000  # of code, that are looked into
_MOST_ALL_CODE = 32 << 20  # bytes
_MOST_VERSION = 64  # bytes
_CLASS_NAME = re.compile(r"__torch__(\.[A-Za-z_]\w*)+")
_FORWARD = "  def forward("
_LONGEST_SIGNATURE = 4_000  # characters
_OWN_NAMESPACES = frozenset(["aten", "inductor", "prim", "prims", "quantized", "sparse"])
_OPERATOR = re.compile(r"\bops\.([A-Za-z_]\w*)\.([A-Za-z_]\w*)")


def read(artifact: ArtifactBytes) -> Contents:
    """Read the class of the module, its forward method, and which operators it needs. Raises Broken where the
    archive is damaged or lacks its parts."""
    with opened_archive(artifact) as archive:
        root = _root(archive, "constants.pkl")
        version = archive.read(f"{root}version", _MOST_VERSION).decode("utf-8", "replace").strip()
        name = _class_name(archive.read(f"{root}data.pkl"))
        code = _code(archive, root)
        remarks = [*archive.remarks()]
        inner = [member.removeprefix(root) for member in archive.names]
        weights = sum(archive.size(each) for each in archive.names if each.startswith(f"{root}data/"))
    forward = _forward(code, name)
    operators = sorted({".".join(found) for text in code.values() for found in _OPERATOR.findall(text)})
    custom = [each for each in operators if each.partition(".")[0] not in _OWN_NAMESPACES]
    if custom:
        remarks.append(f"It runs only where these operators are registered: {', '.join(custom[:10])}.")
    extra = sorted(each.removeprefix("extra/") for each in inner if each.startswith("extra/"))
    facts: dict[str, Fact] = {
        "archive_version": version,
        **({"class": name.removeprefix("__torch__.")} if name else {}),
        **({"forward": forward} if forward else {}),
        "code_files": sum(each.startswith("code/") and each.endswith(".py") for each in inner),
        "tensors": sum(each.startswith("data/") for each in inner),
        "tensor_bytes": weights,
        **({"traced": True} if "traced_inputs.pkl" in inner else {}),
        **({"mobile": True} if "bytecode.pkl" in inner else {}),
        **({"custom_operators": [*custom]} if custom else {}),
        **({"extra_files": [*extra]} if extra else {}),
    }
    return Contents(facts, {"name": "torch"}, remarks=tuple(remarks))


def _root(archive: ArchiveMembers, member: str) -> str:
    """Return the one folder that all members stand in, with a slash; it is called as the file once was."""
    roots = {name.partition("/")[0] for name in archive.names if name.partition("/")[2] == member}
    if len(roots) != 1:
        raise Broken(f"it has {member} in {len(roots)} folders; one is due")
    return f"{roots.pop()}/"


def _class_name(data: bytes) -> str:
    """Return the class that the pickle begins with; empty where it is none of TorchScript's."""
    try:
        for opcode, argument, _ in pickletools.genops(io.BytesIO(data)):
            if opcode.name == "GLOBAL":
                name = str(argument).replace(" ", ".")
                return name if _CLASS_NAME.fullmatch(name) else ""
    except ValueError as error:
        raise Broken("its data.pkl is damaged") from error
    return ""


def _code(archive: ArchiveMembers, root: str) -> dict[str, str]:
    """Return the files of code, by their paths below `code/`."""
    files = [name for name in archive.names if name.startswith(f"{root}code/") and name.endswith(".py")]
    if len(files) > _MOST_FILES or sum(map(archive.size, files)) > _MOST_ALL_CODE:
        raise Broken(f"it has more code than a model has: {len(files):,} files")
    return {
        name.removeprefix(f"{root}code/"): archive.read(name, _MOST_CODE).decode("utf-8", "replace")
        for name in files
    }


def _forward(code: dict[str, str], name: str) -> str:
    """Return what the module's forward method takes and gives, without itself: `(x: Tensor) -> Tensor`."""
    module, _, kind = name.rpartition(".")
    text = code.get(f"{module.replace('.', '/')}.py", "")
    _, _, body = text.partition(f"class {kind}(Module):\n")
    # Arguments end in commas where their line does; so the first line that ends in a colon ends them all.
    _, found, rest = body.partition("\nclass ")[0].partition(f"\n{_FORWARD}")
    signature, ends, _ = rest.partition(":\n")
    if not found or not ends:
        return ""
    _, _, taken = " ".join(signature[:_LONGEST_SIGNATURE].split()).partition(", ")
    return f"({taken}"
