"""What NumPy's files say of themselves: an array (`.npy`), or a zip archive of some (`.npz`)."""

from __future__ import annotations

import zipfile
import zlib
from typing import TYPE_CHECKING

from rollbook.artifact.formats.contents import Broken, Contents
from rollbook.artifact.numpy_header import HEAD, NoPlainArray, array_header
from rollbook.artifact.zip_scan import zip_format

if TYPE_CHECKING:
    from rollbook.artifact.formats.artifact_bytes import ArtifactBytes
    from rollbook.artifact.formats.contents import Fact, Scalar
    from rollbook.artifact.numpy_header import ArrayHeader

_NUMPY = {"name": "numpy"}
_SUFFIX = ".npy"
_ZIP_ERRORS = (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, ValueError, zlib.error)


def read_array(artifact: ArtifactBytes) -> Contents:
    """Read the header of one array. Raises Broken for one of objects, and where the file has more bytes or
    fewer."""
    with artifact.open() as file:
        header = _header(file.read(HEAD), artifact.size(), "the array")
    return Contents({"dtype": header.dtype, "shape": [*header.shape] or "scalar"}, _NUMPY)


def read_archive(artifact: ArtifactBytes) -> Contents:
    """Read the headers of the arrays in an archive. Raises Broken."""
    arrays: dict[str, Scalar | list[Scalar]] = {}
    elements = 0
    with artifact.open() as file:
        if zip_format(file, artifact.size()) != "npz":
            raise Broken("it is no zip archive of plain arrays, or a part of one")
        try:
            with zipfile.ZipFile(file) as archive:
                for member in archive.infolist():
                    with archive.open(member) as content:
                        header = _header(content.read(HEAD), member.file_size, member.filename[:80])
                    elements += (header.size - header.start) // max(1, header.item_size)
                    arrays[member.filename.removesuffix(_SUFFIX)[:200]] = _described(header)
        except _ZIP_ERRORS as error:
            raise Broken(f"it is no whole zip archive: {error or type(error).__name__}") from error
    facts: dict[str, Fact] = {"arrays": arrays, "elements": elements}
    return Contents({"count": len(arrays), **facts}, _NUMPY)


def _header(head: bytes, size: int, what: str) -> ArrayHeader:
    try:
        header = array_header(head)
    except NoPlainArray as error:
        raise Broken(f"{what}: {error}") from error
    if header.size != size:
        raise Broken(f"{what} has {size:,} bytes; by its header there are {header.size:,}")
    return header


def _described(header: ArrayHeader) -> str:
    return f"{header.dtype}[{','.join(map(str, header.shape))}]"
