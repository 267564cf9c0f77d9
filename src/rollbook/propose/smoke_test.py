"""Smoke tests: a version is run on its sample, what comes out is checked, and how it went is evidence."""

from __future__ import annotations

import math
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rollbook import __version__, layout
from rollbook.artifact.retrieval import fetch_version
from rollbook.artifact.running.model_run import Rows
from rollbook.artifact.running.output_checks import ABSOLUTE, RELATIVE, Expectations, faults
from rollbook.artifact.running.sandbox import isolation
from rollbook.artifact.running.version_run import RunSettings, run_artifact, signature_columns
from rollbook.errors import BadCall, ModelFailed
from rollbook.propose.declared_requirements import interpreter_for
from rollbook.propose.expected_outputs import expected_outputs
from rollbook.propose.manifest_facts import sha256, small_file
from rollbook.propose.new_evidence import Examination
from rollbook.propose.samples import read_sample
from rollbook.text import one_line

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rollbook.artifact.progress import Progress
    from rollbook.artifact.running.model_run import ModelRun
    from rollbook.registry.model_version import ModelVersion

SAMPLE = "sample-input.json"
TOOL = "rollbook test"
_LONGEST_SUMMARY = 2000


@dataclass(frozen=True, slots=True)
class SmokeTestSettings:
    """What is run and what must come out: other rows than the version's sample (`input`), a file of what is
    expected, how near numbers must be to it, ranges by output, `environment` as the policy of
    `declared_requirements`; `run` says how."""

    input: Path | None = None
    expect: Path | None = None
    tolerance: float = RELATIVE
    absolute_tolerance: float = ABSOLUTE
    ranges: Mapping[str, tuple[float | None, float | None]] = field(default_factory=dict)
    environment: str = "current"
    run: RunSettings = field(default_factory=RunSettings)


def registration_settings(*, test: bool, trust: bool, environment: str) -> SmokeTestSettings | None:
    """Return how a version is tested while it is registered; None where it isn't. Raises BadCall where it is
    told how, and not asked for."""
    if test:
        return SmokeTestSettings(environment=environment, run=RunSettings(trust=trust))
    if trust or environment != "current":
        raise BadCall("nothing is run while it is registered", hint="Give --test too, or leave out how.")
    return None


@dataclass(frozen=True, slots=True)
class SmokeTestSubject:
    """What is tested: an artifact that is at hand, what its manifest says, and the files beside that."""

    artifact: Path
    format: str
    signature: Mapping[str, Any]
    environment: Mapping[str, Any]
    files: Mapping[str, bytes]


@dataclass(frozen=True, slots=True)
class SmokeTest:
    """How a smoke test went. `faults` are sentences on what is wrong, none when it passed; `isolation` is
    what the model was shut in by, `environment` the one that it ran in; `metrics` are its latencies, its cold
    load, its memory, by name; `outputs` are the shapes of what came out; `runtime` are the versions of what
    ran it; `data` is the sample's name and digest."""

    passed: bool
    faults: tuple[str, ...]
    rows: int
    isolation: str
    environment: str
    metrics: Mapping[str, float]
    outputs: Mapping[str, str]
    runtime: Mapping[str, str]
    data: Mapping[str, str]

    def examination(self) -> Examination:
        """Return it as what evidence is made of."""
        ran_by = ", ".join(f"{name} {version}" for name, version in self.runtime.items())
        walls = f"isolation: {self.isolation}"
        said = f"{self.rows} rows; {'; '.join((*self.faults, *filter(None, [ran_by]), walls))}"
        return Examination(
            kind="smoke-test",
            passed=self.passed,
            summary=one_line(said, _LONGEST_SUMMARY),
            metrics=self.metrics,
            data=self.data,
            tool={"name": TOOL, "version": __version__},
            extra={
                "isolation": self.isolation,
                "environment": self.environment,
                "runtime": dict(self.runtime),
                "outputs": dict(self.outputs),
            },
        )


def smoke_test_version(version: ModelVersion, settings: SmokeTestSettings, progress: Progress) -> SmokeTest:
    """Bring a version's artifact, run it on its sample, and return how that went.

    Raises Refused for a model that needs trust, BadCall where there are no rows or no library to run it.
    """
    directory = layout.version_directory(version.model.name, version.version)
    names = (SAMPLE, layout.REQUIREMENTS_TXT)
    found = version.model.registry.snapshot.read_many([f"{directory}/{name}" for name in names])
    files = {name: data for name, data in zip(names, found, strict=True) if data is not None}
    manifest = version.manifest
    sample = sample_rows(files, settings.input)  # before any byte is brought
    with tempfile.TemporaryDirectory(prefix="rollbook-") as folder:
        artifact = fetch_version(version, Path(folder), progress=progress)
        subject = SmokeTestSubject(
            artifact, version.artifact.format, manifest.signature, manifest.environment, files
        )
        return _tested(subject, sample, settings)


def smoke_test_artifact(subject: SmokeTestSubject, settings: SmokeTestSettings) -> SmokeTest:
    """Run what is at hand on its sample, and return how that went. Raises as `smoke_test_version` does."""
    return _tested(subject, sample_rows(subject.files, settings.input), settings)


def sample_rows(files: Mapping[str, bytes], told: Path | None) -> tuple[Rows, dict[str, str]]:
    """Return the rows to feed, of a file that is told or else of the version's own sample, and what evidence
    says of them. Raises BadCall where there are none."""
    if told is None and SAMPLE not in files:
        hint = "Give rows with --input FILE; or register versions with --sample-input."
        raise BadCall(f"the version has no {SAMPLE}", hint=hint)
    data = small_file(told) if told else files[SAMPLE]
    sample = read_sample(data, told or Path(SAMPLE))
    name = one_line(told.name if told else SAMPLE, 200)
    return Rows(sample.names, sample.rows), {"name": name, "digest": sha256(data)}


def _tested(
    subject: SmokeTestSubject, sample: tuple[Rows, dict[str, str]], settings: SmokeTestSettings
) -> SmokeTest:
    rows, data = sample
    expected = expected_outputs(settings.expect) if settings.expect else None
    python = interpreter_for(
        settings.environment, subject.files.get(layout.REQUIREMENTS_TXT), subject.environment
    )
    how = settings.run if python is None else _with(settings.run, python)
    run: ModelRun | None = None
    try:
        run = run_artifact(subject.artifact, subject.format, subject.signature, rows, how)
        wanted = Expectations(
            outputs=signature_columns(subject.signature, "outputs"),
            ranges=settings.ranges,
            expected=expected.by_name(run.outputs) if expected else {},
            relative=settings.tolerance,
            absolute=settings.absolute_tolerance,
        )
        found = faults(run.outputs, subject.format, wanted)
    except ModelFailed as error:
        found = [str(error)]
    outputs = run.outputs if run else ()
    return SmokeTest(
        passed=not found,
        faults=tuple(found),
        rows=len(rows.cells),
        isolation=run.isolation if run else isolation(),
        environment=settings.environment,
        metrics={"rows": len(rows.cells), **(_metrics(run) if run else {})},
        outputs={one_line(one.name): f"{one.dtype} {[*one.shape]}" for one in outputs},
        runtime=run.versions if run else {},
        data=data,
    )


def _with(settings: RunSettings, python: Path) -> RunSettings:
    from dataclasses import replace

    return replace(settings, python=python)


def _metrics(run: ModelRun) -> dict[str, float]:
    latencies = sorted(run.latencies)
    timed = {
        f"latency_p{part}_ms": round(_percentile(latencies, part) * 1000, 3) for part in (50, 95) if latencies
    }
    return {
        **timed,
        "cold_load_seconds": round(run.load_seconds, 3),
        "peak_memory_mib": round(run.peak_memory / (1 << 20), 1),
    }


def _percentile(ordered: Sequence[float], part: int) -> float:
    """Return the value that so many of a hundred do not exceed: the nearest rank
    (https://en.wikipedia.org/wiki/Percentile#The_nearest-rank_method)."""
    return ordered[max(0, math.ceil(len(ordered) * part / 100) - 1)]


def ranges_of(texts: Sequence[str]) -> dict[str, tuple[float | None, float | None]]:
    """Read `NAME=LOW:HIGH`, of whose ends one may be left out. Raises BadCall."""
    ranges = {}
    for text in texts:
        name, equals, ends = text.rpartition("=")
        low, colon, high = ends.partition(":")
        if not (name and equals and colon and (low or high)):
            raise BadCall(f"--range {text[:80]!r} is not NAME=LOW:HIGH", hint="E.g. --range score=0:1")
        ranges[name] = (_end(text, low), _end(text, high))
    return ranges


def _end(text: str, end: str) -> float | None:
    try:
        number = float(end) if end else None
    except ValueError as error:
        raise BadCall(f"--range {text[:80]!r}: {end[:40]!r} is not a number") from error
    if number is not None and not math.isfinite(number):
        raise BadCall(f"--range {text[:80]!r}: leave out an end that has no bound")
    return number
