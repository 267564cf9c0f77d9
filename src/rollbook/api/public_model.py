"""A model and its versions as programs use them: what the registry's own classes tell, and the bytes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from rollbook.insight.tabular import Tabular
from rollbook.registry import model_version, registry

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from rollbook.api.version_signature import SignatureForm
    from rollbook.artifact.progress import Progress
    from rollbook.artifact.signature_check import VerifiedSignature
    from rollbook.insight.compare.comparison import Comparison
    from rollbook.insight.tabular import TypedColumn
    from rollbook.names import Reference


class ModelVersion(model_version.ModelVersion):
    """One version of a model: what is fixed, what was learnt later, and its artifact."""

    def __repr__(self) -> str:
        return f"<ModelVersion {self}>"

    def _repr_html_(self) -> str:
        from rollbook.api.shown_in_notebooks import version_html

        return version_html(self)

    def fetch(
        self,
        destination: str | Path,
        *,
        overwrite: bool = False,
        progress: Progress | None = None,
        remote: str | None = None,
        environment: bool = False,
    ) -> Path:
        """Get the artifact from the DVC cache or remote, verified, whole or not at all; return its path.

        `destination` is the file (or folder) to write; an existing directory gets the artifact under its
        own name. `remote` (a path or URL) takes the place of the registry's DVC remote. With `environment`
        the file of its environment, such as requirements.txt or uv.lock, is put beside it, as registered.
        Raises StorageFailed when the bytes can't be had or are not those registered, NotFound where no
        environment is on record.
        """
        from rollbook.artifact.retrieval import fetch_version

        return fetch_version(
            self,
            Path(destination),
            overwrite=overwrite,
            progress=progress,
            remote=remote,
            environment=environment,
        )

    def load(
        self,
        *,
        trust: bool = False,
        trusted_types: Sequence[str] = (),
        remote: str | None = None,
        progress: Progress | None = None,
    ) -> Any:
        """Return the model itself, as its library makes it: an estimator of scikit-learn's, a Booster of
        XGBoost's or LightGBM's, an InferenceSession of ONNX Runtime's, a module of PyTorch's, a model of
        MLflow's `pyfunc`, or tensors by name.

        The bytes are verified and loaded from a copy of their own. A signature that none of the policy's
        `model_signers` made is refused, and so is none where a gate of its stage asks for one. What is
        unpickled or brings code (pickle, joblib, PyTorch's pickles and programs, most MLflow models) runs in
        this program as it is loaded: it takes `trust`. `trusted_types` are types that skops does not know.
        Raises Refused for a model that needs trust or is a known attack, BadCall for a format that can't be
        loaded or a library that is missing, ModelFailed when it can't be loaded, and as `fetch`.

        >>> model = registry.model("churn").stage("production").load()
        """
        from rollbook.artifact.running.loaded_model import load_version

        return load_version(self, trust=trust, trusted_types=trusted_types, remote=remote, progress=progress)

    def verify(
        self,
        *,
        key: str | Path | None = None,
        certificate_chain: Sequence[str | Path] = (),
        identity: str | None = None,
        issuer: str | None = None,
        artifact: str | Path | None = None,
        remote: str | None = None,
        progress: Progress | None = None,
    ) -> VerifiedSignature:
        """Verify the version's signature over its bytes; return who signed.

        Whose signature counts stands in the policy (`model_signers`), unless it is told: a public `key`, the
        `certificate_chain` of who may certify the signer (PEM files), or an `identity` of Sigstore's with its
        `issuer`. The bytes are fetched unless they are at `artifact`. Raises NotFound without a signature,
        Refused when nobody who counts signed exactly these bytes, StorageFailed when they can't be had.
        """
        from rollbook.artifact.signature_check import told_signers, verify_version

        return verify_version(
            self,
            told_signers(key, certificate_chain, identity, issuer),
            artifact=Path(artifact) if artifact else None,
            remote=remote,
            progress=progress,
        )

    def fetch_evidence(
        self,
        name: str,
        directory: str | Path,
        *,
        overwrite: bool = False,
        progress: Progress | None = None,
        remote: str | None = None,
    ) -> list[Path]:
        """Get what is attached to the evidence `name` (e.g. `fairness-1`) into `directory`; return the paths.

        Each is verified by its size and SHA-256, and comes whole or not at all, as in `fetch`. The bytes are
        whatever somebody attached: open an HTML report as carefully as any download.
        """
        from rollbook.artifact.retrieval import fetch_attachments

        return fetch_attachments(
            self, name, Path(directory), overwrite=overwrite, progress=progress, remote=remote
        )

    def signature_as(self, form: SignatureForm = "rollbook") -> dict[str, Any]:
        """Return what goes in and comes out as JSON data in a form of others: `mlflow`, as
        `ModelSignature.from_dict` takes it, or `open-inference`, the model's metadata of that protocol; or in
        the manifest's.

        Raises NotFound where no signature is on record, InvalidFile for a broken file, Refused for a type
        that the form does not have.
        """
        from rollbook.api.version_signature import signature_of

        return signature_of(self).in_form(form)

    def predict(
        self,
        rows: Any,
        *,
        trust: bool = False,
        trusted_types: Sequence[str] = (),
        timeout: float = 60.0,
        memory: int = 4096,
        environment: str = "current",
        remote: str | None = None,
    ) -> Any:
        """Run the model on rows in a process of its own that is shut in; return its outputs.

        `rows` are a data frame of pandas' or Polars', an array of NumPy's, mappings, lists, or one mapping of
        columns or cells; the columns of a data frame or a mapping are put into the signature's order. Of a
        data frame the outputs are a data frame, of an array arrays by name, else nested lists by name. It is
        ended after `timeout` seconds, or when it takes more than `memory` MiB. `trust` lets what is unpickled
        run, `trusted_types` types that skops does not know; `environment` is `current` or `declared`. Raises
        Refused for a model that needs trust, BadCall for rows that don't fit (it names the columns they lack)
        or a library that is missing, ModelFailed when the model gives no answer.

        >>> registry.model("churn").stage("production").predict(frame)["prediction"]
        """
        from rollbook.api.model_runs import run_settings
        from rollbook.artifact.running.given_rows import given_outputs, given_rows
        from rollbook.artifact.running.version_run import run_version, signature_columns
        from rollbook.propose.declared_requirements import interpreter_of

        fed = given_rows(rows, signature_columns(self.manifest.signature, "inputs"))
        python = interpreter_of(self, environment)
        settings = run_settings(trust, trusted_types, timeout, memory, repeats=0, python=python)
        run = run_version(self, fed, settings, remote=remote)
        return given_outputs(run.outputs, rows)


class Model(registry.Model, Tabular):
    """One registered model: its record, its versions, and which of them holds which stage. As a table it has
    a row for each version."""

    def table_columns(self) -> list[TypedColumn]:
        """Return the columns of a table with a row for each version: what its manifest says, its stage and
        aliases, its metrics and hyperparameters."""
        from rollbook.insight.version_table import version_columns

        return version_columns(self)

    def __repr__(self) -> str:
        return f"<Model {self.name}>"

    def _repr_html_(self) -> str:
        from rollbook.api.shown_in_notebooks import model_html

        return model_html(self)

    def make_version(self, version: str, manifest: bytes | None = None) -> ModelVersion:
        return ModelVersion(self, version, manifest)

    def compare(
        self,
        versions: Sequence[str] = (),
        metrics: Sequence[str] = (),
        *,
        lower_is_better: Collection[str] = (),
        higher_is_better: Collection[str] = (),
        evidence: str = "",
    ) -> Comparison:
        """Put versions side by side; without any, the one in production, those in the stages before it, and
        the newest.

        `metrics` narrows what is compared; the two `..._is_better` name metrics whose direction their names
        don't tell; `evidence` takes the metrics from the newest evidence of that kind. Raises NotFound for a
        version or metric that isn't there.
        """
        from rollbook.insight.compare.comparison import compare

        return compare(
            self,
            versions,
            metrics,
            lower_is_better=lower_is_better,
            higher_is_better=higher_is_better,
            evidence=evidence,
        )

    if TYPE_CHECKING:  # what `make_version` makes of them

        @property
        def latest(self) -> ModelVersion | None: ...
        def versions(self, names: Sequence[str] | None = None) -> Sequence[ModelVersion]: ...
        def version(self, version: str) -> ModelVersion: ...
        def stage(self, stage: str) -> ModelVersion: ...
        def select(self, reference: Reference) -> ModelVersion: ...
