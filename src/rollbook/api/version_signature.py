"""A version's signature, and the forms of others in which it can be had and told."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

from rollbook.errors import InvalidFile, NotFound, Refused
from rollbook.layout import manifest_path
from rollbook.records.dtypes import word_for
from rollbook.records.mlflow_schema import as_mlflow
from rollbook.records.open_inference import as_open_inference
from rollbook.records.signature import HALVES, Illegible, columns_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rollbook.records.signature import Column
    from rollbook.registry.model_version import ModelVersion

SignatureForm = Literal["rollbook", "mlflow", "open-inference"]

# What servers call the kinds of models that they load, where it is the format alone that tells.
_PLATFORMS: Mapping[str, str] = {
    "onnx": "onnx_onnxv1",
    "tf-saved-model": "tensorflow_savedmodel",
    "torchscript": "pytorch_torchscript",
}


@dataclass(frozen=True, slots=True)
class VersionSignature:
    """What goes into a version and what comes out of it. `format` is the artifact's."""

    model: str
    version: str
    format: str
    inputs: tuple[Column, ...]
    outputs: tuple[Column, ...]

    def as_document(self) -> dict[str, Any]:
        """Return the signature, as the manifest writes it, and whose it is as JSON data."""
        halves = zip(HALVES, (self.inputs, self.outputs), strict=True)
        columns = {half: [column.as_mapping() for column in told] for half, told in halves}
        return {"model": self.model, "version": self.version, **columns}

    def in_form(self, form: SignatureForm) -> dict[str, Any]:
        """Return it as JSON data in a form of others: `mlflow`, as `ModelSignature.from_dict` takes it, or
        `open-inference`, the model's metadata that a server of that protocol answers; or in the manifest's.

        Raises Refused for a type that the form does not have.
        """
        inputs, outputs = map(_in_words, (self.inputs, self.outputs))
        try:
            if form == "mlflow":
                return as_mlflow(inputs, outputs)
            if form == "open-inference":
                platform = _PLATFORMS.get(self.format, self.format)
                whose = {"name": self.model, "versions": [self.version], "platform": platform}
                return {**whose, **as_open_inference(inputs, outputs)}
        except Illegible as error:
            raise Refused(
                f"the signature of {self.model}@{self.version} can't be written so: {error}",
                hint="As the manifest has it, it is printed by --as rollbook.",
            ) from error
        document = self.as_document()
        return {half: document[half] for half in HALVES}


def signature_of(version: ModelVersion) -> VersionSignature:
    """Return the signature of a version. Raises NotFound where none is on record, InvalidFile where it is not
    as the schema asks."""
    manifest = version.manifest
    try:
        inputs, outputs = (columns_of(manifest.signature, half) for half in HALVES)
    except Illegible as error:
        path = manifest_path(version.model.name, version.version)
        hint = "Run `rollbook check --all`."
        raise InvalidFile(str(error), path=path, key="signature", hint=hint) from error
    if not inputs and not outputs:
        raise NotFound(
            f"no signature is on record of {version}",
            hint="It is read from the file, told by --input and --output, or inferred from --sample-input "
            "when a version is registered.",
        )
    return VersionSignature(version.model.name, version.version, version.artifact.format, inputs, outputs)


def _in_words(columns: tuple[Column, ...]) -> tuple[Column, ...]:
    """Return them in the words of the vocabulary: a manifest may say a type as a framework does."""
    return tuple(replace(column, dtype=word_for(column.dtype)) for column in columns)
