"""Fuzz one reader of artifacts, and the scan of what it reads, guided by coverage.

    python tests/fuzzing/fuzz_formats.py onnx -max_total_time=60

Needs `pip install atheris`. The tiny files in `tests/artifact/formats/samples/<format>/` are the seeds; of a
folder, the first byte of an input chooses which of its files it takes the place of. A reader may say that
the bytes are broken; a scan always answers. Anything else that they raise, ten seconds without an answer,
or a gigabyte is a finding, which libFuzzer writes into a file. What follows the format are options of
libFuzzer.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["rollbook.artifact"]):
    from rollbook.artifact.formats.artifact_bytes import ArtifactBytes
    from rollbook.artifact.formats.contents import Broken
    from rollbook.artifact.formats.detection import detect_format
    from rollbook.artifact.formats.reading import READERS, read_contents
    from rollbook.artifact.scan.scanning import scan
    from rollbook.errors import BadCall

SAMPLES = Path(__file__).parents[1] / "artifact/formats/samples"


class Target:
    """A sample of a format, one file of which is written anew for each input."""

    def __init__(self, form: str, sample: Path, scratch: Path) -> None:
        self.form = form
        self.is_folder = sample.is_dir()
        files = sorted(path for path in sample.rglob("*") if path.is_file()) if self.is_folder else [sample]
        root = sample if self.is_folder else sample.parent
        self.sources = {path.relative_to(root).as_posix(): path for path in files}
        self.name = sample.name
        self.written = scratch / "input"

    def seeds(self) -> list[bytes]:
        """Return an input for each file, which leaves it as it is."""
        seeds = [path.read_bytes() for path in self.sources.values()]
        return [bytes([place]) + seed for place, seed in enumerate(seeds)] if self.is_folder else seeds

    def run(self, data: bytes) -> None:
        """Detect and read the sample with `data` in it."""
        files = dict(self.sources)
        if self.is_folder:
            place, data = (data[0] if data else 0), data[1:]
            path = sorted(files)[place % len(files)]
        else:
            path = self.name
        self.written.write_bytes(data)
        files[path] = self.written
        scan(ArtifactBytes(self.name, files, is_folder=self.is_folder), self.form, asks_engine=False)
        try:
            if not self.is_folder:
                detect_format(self.written)
            read_contents(ArtifactBytes(self.name, files, is_folder=self.is_folder), self.form)
        except (Broken, BadCall):
            return


def main() -> None:
    """Fuzz the format that the first argument names."""
    form = sys.argv[1] if len(sys.argv) > 1 else ""
    if form not in READERS:
        sys.exit(f"{form or 'nothing'} is no format: {', '.join(sorted(READERS))}")
    scratch = Path(tempfile.mkdtemp(prefix="rollbook-fuzz-"))
    samples = sorted((SAMPLES / form).iterdir())
    targets = [Target(form, sample, scratch) for sample in samples]
    corpus = scratch / "corpus"
    corpus.mkdir()
    for place, seed in enumerate(seed for target in targets for seed in target.seeds()):
        (corpus / str(place)).write_bytes(seed)

    def run(data: bytes) -> None:
        for target in targets:
            target.run(data)

    limits = ["-timeout=10", "-rss_limit_mb=1024", "-max_len=32768"]
    atheris.Setup([sys.argv[0], str(corpus), *limits, *sys.argv[2:]], run)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
