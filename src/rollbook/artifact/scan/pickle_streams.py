"""The pickles in a run of bytes, one after the other, each judged by the list and by the engine."""

from __future__ import annotations

from pathlib import PurePath
from typing import TYPE_CHECKING

from rollbook.artifact.scan.allowed_globals import is_torchscript as is_of_torchscript
from rollbook.artifact.scan.dangerous_globals import is_dangerous
from rollbook.artifact.scan.engine import opinion
from rollbook.artifact.scan.formats_without_code import FORMATS_WITHOUT_CODE
from rollbook.artifact.scan.pickle_bytes import PickleBytes
from rollbook.artifact.scan.pickle_walk import follow_pickle
from rollbook.artifact.scan.pickled_values import Imported
from rollbook.artifact.scan.verdict import ScannedStream, ScanVerdict

if TYPE_CHECKING:
    from rollbook.artifact.scan.blob import Blob
    from rollbook.artifact.scan.blob_scan import BlobScan
    from rollbook.artifact.scan.pickle_walk import Walk

_SUFFIXES = frozenset([".pkl", ".pickle", ".p", ".joblib", ".dill"])
_HIGHEST_PROTOCOL = 5
# torch.save's first format: five pickles, the first of them this number, then the tensors' bytes.
_TORCH_NUMBER = 0x1950A86A20F9469CFC6C
_TORCH_PICKLES = 5
_MOST_STREAMS = 10_000


def scan_pickles(
    scan: BlobScan, blob: Blob, head: bytes, *, is_container: bool, is_torchscript: bool = False
) -> None:
    """Follow the pickles that bytes are, where they are any. With `is_container`, they are known as something
    else, and what can't be a pickle needs no excuse."""
    is_named = PurePath(blob.name).suffix.lower() in _SUFFIXES
    is_headed = head[:1] == b"\x80" and head[1:2] <= bytes([_HIGHEST_PROTOCOL]) and len(head) > 2
    # A length in front of other data can look like a pickle's beginning.
    is_meant = (is_named or is_headed) and not is_container and scan.form not in FORMATS_WITHOUT_CODE
    with blob.open() as file:
        data = PickleBytes(file, blob.size)
        walks: list[Walk] = []
        while len(walks) < _MOST_STREAMS:
            walk = follow_pickle(data, scan.opcodes, as_joblib=True)
            if walks and not walk.opcodes and data.at == walk.start:
                break  # nothing follows
            if not _is_pickle(walk, is_meant=is_meant and not walks):
                _judge_rest(scan, blob, walks, walk)
                break
            walks.append(walk)
            where = blob.where if len(walks) == 1 else f"{blob.where} (pickle {len(walks)})"
            _judge(scan, where, walk, is_torchscript=is_torchscript)
            if not walk.is_whole or (len(walks) == _TORCH_PICKLES and _is_torch(walks)):
                break
        else:
            scan.untold(blob.where, f"over budget: it is more than {_MOST_STREAMS:,} pickles")
    if any(walk.has_arrays for walk in walks):
        _judge_without_arrays(scan, blob, walks)


def _is_pickle(walk: Walk, *, is_meant: bool) -> bool:
    """Whether bytes are a pickle, as far as anyone would run it: it is whole, or breaks off behind a call."""
    has_run = bool(walk.calls) or bool(walk.oddities)
    return is_meant or bool(walk.is_untold) or has_run or (walk.is_whole and walk.opcodes > 1)


def _is_torch(walks: list[Walk]) -> bool:
    return walks[0].first_number == _TORCH_NUMBER


def _judge_rest(scan: BlobScan, blob: Blob, walks: list[Walk], broken: Walk) -> None:
    """Judge what stands behind the last whole pickle, and is none."""
    if not walks:
        return
    with blob.open() as file:
        data = PickleBytes(file, blob.size)
        is_there = data.skip(broken.start)
        if is_there and data.rest_is_padding():
            return
    scan.untold(blob.where, f"bytes follow behind the pickle's end, at {broken.start:,}, and are no pickle")


def _judge(scan: BlobScan, where: str, walk: Walk, *, is_torchscript: bool) -> None:
    names = tuple(sorted(str(imported) for imported in walk.imports))
    texts = tuple(sorted(walk.texts.items()))
    scan.streams.append(ScannedStream(where, walk.protocol, walk.opcodes, names, texts))
    for imported, at in walk.imports.items():
        _judge_global(scan, where, imported, at, is_torchscript=is_torchscript)
    for oddity in walk.oddities:
        scan.add(ScanVerdict.SUSPICIOUS, where, f"{oddity.text}, at byte {oddity.at:,}")
    if walk.ends_badly:
        scan.untold(where, f"the pickle breaks off: {walk.ends_badly}")
    if walk.is_untold:
        scan.untold(where, walk.is_untold)
    _ask_engine(scan, where, walk, is_torchscript=is_torchscript)


def _judge_global(scan: BlobScan, where: str, imported: Imported, at: int, *, is_torchscript: bool) -> None:
    if scan.allowlist.framework(imported) or (is_torchscript and is_of_torchscript(imported)):
        return
    is_attack = is_dangerous(imported)
    verdict = ScanVerdict.MALICIOUS if is_attack else ScanVerdict.SUSPICIOUS
    what = "which no model needs" if is_attack else "which is not on the list"
    place = f", at byte {at:,}" if at >= 0 else ""
    scan.add(verdict, where, f"it imports {imported}, {what}{place}", str(imported))


def _ask_engine(scan: BlobScan, where: str, walk: Walk, *, is_torchscript: bool) -> None:
    """Let the engine make the verdict worse."""
    for part in (walk, *walk.inner) if scan.asks_engine else ():
        if not part.imports:
            continue  # nothing is imported, so nothing can be called
        scan.opinions_left -= 1
        if scan.opinions_left < 0:
            scan.untold(where, "over budget: there are more pickles than another opinion is asked on")
            return
        told = opinion(bytes(part.condensed))
        for text in told.attacks:
            scan.add(ScanVerdict.MALICIOUS, where, text)
        for text in told.oddities:
            scan.add(ScanVerdict.SUSPICIOUS, where, text)
        if told.is_untold and walk.is_whole:
            scan.untold(where, told.is_untold)
        for module, name in told.globals:
            imported = Imported(module, name)
            if imported not in walk.imports:
                _judge_global(scan, where, imported, -1, is_torchscript=is_torchscript)


def _judge_without_arrays(scan: BlobScan, blob: Blob, walks: list[Walk]) -> None:
    """Judge what an unpickler other than joblib's would import, which reads arrays as opcodes. That it fails
    on them is as it should be."""
    with blob.open() as file:
        walk = follow_pickle(PickleBytes(file, blob.size), scan.opcodes, as_joblib=False)
    known = {imported for walk in walks for imported in walk.imports}
    for imported, at in walk.imports.items():
        if imported not in known and str(imported).replace(".", "").isidentifier():
            where = f"{blob.where} (by another reader than joblib)"
            _judge_global(scan, where, imported, at, is_torchscript=False)
    if walk.is_untold:
        scan.untold(blob.where, walk.is_untold)
