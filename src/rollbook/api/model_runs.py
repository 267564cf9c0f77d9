"""The verbs that run a model: `registry.test()`, `registry.predict()` and `registry.package()`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rollbook.artifact.progress import quiet

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rollbook.api.public_model import ModelVersion
    from rollbook.artifact.progress import Progress
    from rollbook.artifact.running.version_run import RunSettings
    from rollbook.git.repository import Repository
    from rollbook.names import Reference
    from rollbook.propose.new_evidence import AddedEvidence
    from rollbook.propose.packaging import PackagedVersion
    from rollbook.propose.smoke_test import SmokeTest
    from rollbook.propose.told_facts import PathLike

SECONDS, MIBIBYTES, REPEATS = 60.0, 4096, 20


@dataclass(frozen=True, slots=True)
class SmokeTestedVersion:
    """A version that was tested, how it went, and the evidence that was proposed; None where none was to
    be."""

    model: str
    version: str
    test: SmokeTest
    evidence: AddedEvidence | None


@dataclass(frozen=True, slots=True)
class Predicted:
    """What a version gave: `outputs` by name, as nested lists; `dtypes` and `shapes` of them; by what the
    model was shut in."""

    model: str
    version: str
    outputs: Mapping[str, Any]
    dtypes: Mapping[str, str]
    shapes: Mapping[str, tuple[int, ...]]
    isolation: str


class ModelRuns:
    """What runs models."""

    if TYPE_CHECKING:

        @property
        def repository(self) -> Repository: ...
        def version_or_default(self, reference: str | Reference) -> ModelVersion: ...

    def test(
        self,
        reference: str | Reference,
        *,
        input: PathLike | None = None,  # noqa: A002 - the command's word
        expect: PathLike | None = None,
        tolerance: float = 1e-5,
        absolute_tolerance: float = 1e-8,
        ranges: Mapping[str, tuple[float | None, float | None]] | None = None,
        repeat: int = REPEATS,
        timeout: float = SECONDS,
        memory: int = MIBIBYTES,
        trust: bool = False,
        trusted_types: Sequence[str] = (),
        environment: str = "current",
        no_record: bool = False,
        progress: Progress = quiet,
    ) -> SmokeTestedVersion:
        """Run a version on its sample, or the rows in the file `input`, in a process of its own that is shut
        in; check what comes out; propose evidence of how it went, unless `no_record`; return all that.

        Outputs are checked against the signature, `ranges` by name, and the file `expect`: numbers with a
        fraction by `tolerance` (relative) and `absolute_tolerance`, anything else for being the same. The
        rows are predicted again `repeat` times for the latencies. The model is ended after `timeout` seconds,
        or when it takes more than `memory` MiB. `trust` lets what is unpickled run, `trusted_types` types
        that skops does not know. `environment` is `current`, or `declared`: made of the version's pinned
        requirements. Raises Refused for a model that needs trust, BadCall where it can't be run here.
        """
        from rollbook.propose.new_evidence import add_evidence
        from rollbook.propose.smoke_test import SmokeTestSettings, smoke_test_version

        version = self.version_or_default(reference)
        settings = SmokeTestSettings(
            input=Path(input) if input else None,
            expect=Path(expect) if expect else None,
            tolerance=tolerance,
            absolute_tolerance=absolute_tolerance,
            ranges=ranges or {},
            environment=environment,
            run=run_settings(trust, trusted_types, timeout, memory, repeat),
        )
        test = smoke_test_version(version, settings, progress)
        evidence = None
        if not no_record:
            evidence = add_evidence(self.repository, str(version), test.examination(), progress)
        return SmokeTestedVersion(version.model.name, version.version, test, evidence)

    def predict(
        self,
        reference: str | Reference,
        input: PathLike,  # noqa: A002 - the command's word
        *,
        timeout: float = SECONDS,
        memory: int = MIBIBYTES,
        trust: bool = False,
        trusted_types: Sequence[str] = (),
        environment: str = "current",
    ) -> Predicted:
        """Run a version on the rows in the file `input` (JSON, CSV or Parquet), shut in as in `test`; return
        what came out. Raises as `test`, and ModelFailed where the model gives no answer.
        """
        from rollbook.artifact.running.model_run import Rows
        from rollbook.artifact.running.version_run import run_version
        from rollbook.propose.declared_requirements import interpreter_of
        from rollbook.propose.manifest_facts import small_file
        from rollbook.propose.samples import read_sample

        version = self.version_or_default(reference)
        sample = read_sample(small_file(Path(input)), Path(input))
        python = interpreter_of(version, environment)
        settings = run_settings(trust, trusted_types, timeout, memory, repeats=0, python=python)
        run = run_version(version, Rows(sample.names, sample.rows), settings)
        return Predicted(
            model=version.model.name,
            version=version.version,
            outputs={output.name: output.values for output in run.outputs},
            dtypes={output.name: output.dtype for output in run.outputs},
            shapes={output.name: output.shape for output in run.outputs},
            isolation=run.isolation,
        )

    def package(
        self,
        reference: str | Reference,
        to: str,
        *,
        tolerance: float = 1e-5,
        input: PathLike | None = None,  # noqa: A002 - the command's word
        version: str | None = None,
        bump: str | None = None,
        name: str | None = None,
        timeout: float = SECONDS,
        memory: int = MIBIBYTES,
        trust: bool = False,
        trusted_types: Sequence[str] = (),
        progress: Progress = quiet,
    ) -> PackagedVersion:
        """Convert a version to the format `to` (`onnx`, `skops`, `torchscript`, `safetensors`), compare, and
        propose it as a version derived from it, with evidence of how they compare; return all that.

        Both are run on the sample, or the rows in the file `input`, in processes that are shut in. Numbers
        agree when |after - before| <= `tolerance` + `tolerance` * |before|, labels when they are equal;
        weights alone are compared byte by byte. `version`, or else `bump` of the newest (by default `minor`),
        says which version it becomes, `name` what its artifact is called. `timeout`, `memory`, `trust` and
        `trusted_types` are as in `test`. Raises Refused for formats that can't be converted, what needs
        trust, and outputs that differ, ModelFailed where it can't be converted, and as `register`.
        """
        from rollbook.errors import BadCall
        from rollbook.propose.packaging import PackagingSettings, package_version

        if version and bump:
            raise BadCall("a version is either given or bumped", hint="Give one of the two.")
        if not 0 <= tolerance < float("inf"):
            raise BadCall(f"{tolerance} is no tolerance", hint="Give a number from 0 on.")
        settings = PackagingSettings(
            target=to,
            tolerance=tolerance,
            input=Path(input) if input else None,
            version=version,
            bump=bump or "minor",
            name=name,
            run=run_settings(trust, trusted_types, timeout, memory, repeats=0),
        )
        return package_version(self.repository, self.version_or_default(reference), settings, progress)


def run_settings(
    trust: bool,
    trusted_types: Sequence[str],
    timeout: float,
    memory: int,
    repeats: int,
    python: Path | None = None,
) -> RunSettings:
    """Return how a model is run. Raises BadCall for limits that let nothing run."""
    from rollbook.artifact.running.bounded_process import Limits
    from rollbook.artifact.running.version_run import RunSettings
    from rollbook.errors import BadCall

    if not 0 < timeout <= 86_400:
        raise BadCall(f"a run can't be limited to {timeout:g} s", hint="Give seconds, at most 86400.")
    if not 64 <= memory <= 1 << 24:
        raise BadCall(f"a run can't be limited to {memory} MiB", hint="Give MiB, at least 64.")
    if not 0 <= repeats <= 100_000:
        raise BadCall(f"rows are not predicted {repeats} times", hint="Give 0 to 100000.")
    limits = Limits(seconds=timeout, memory=memory << 20)
    return RunSettings(trust, tuple(trusted_types), limits, repeats, python)
