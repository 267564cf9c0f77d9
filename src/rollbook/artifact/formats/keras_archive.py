"""What a `.keras` file of Keras 3 says of itself: https://keras.io/guides/serialization_and_saving.

It is a zip archive of the version (`metadata.json`), the layers (`config.json`) and the weights. The layers
are made anew from their configuration; some bring code along, or name code that must be there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rollbook.artifact.formats.archive_members import opened_archive
from rollbook.artifact.formats.bounded_json import read_json_object
from rollbook.artifact.formats.contents import Broken, Contents
from rollbook.records.signature import Column

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from rollbook.artifact.formats.artifact_bytes import ArtifactBytes
    from rollbook.artifact.formats.contents import Fact

_CONFIG, _METADATA = "config.json", "metadata.json"
_WEIGHTS = ("model.weights.h5", "model.weights.npz")
_MOST_CONFIG = 32 << 20  # bytes
# What Keras's own names lead to that runs, unpickles or fetches something.
_REACHING = frozenset(["TorchModuleWrapper", "get_file", "load_model", "load_weights", "run_script"])
_SAME_SHAPE = frozenset(
    [
        *("Activation", "ActivityRegularization", "AlphaDropout", "BatchNormalization", "Dropout", "ELU"),
        *("GaussianDropout", "GaussianNoise", "LayerNormalization", "LeakyReLU", "Normalization", "PReLU"),
        *("ReLU", "Rescaling", "Softmax", "UnitNormalization"),
    ]
)
_MIXED = {"mixed_float16": "float16", "mixed_bfloat16": "bfloat16"}


def read(artifact: ArtifactBytes) -> Contents:
    """Read a model's version and layers. Raises Broken where the archive is damaged or lacks them."""
    with opened_archive(artifact) as archive:
        metadata = read_json_object(archive.read(_METADATA), _METADATA)
        config = read_json_object(archive.read(_CONFIG, _MOST_CONFIG), _CONFIG)
        remarks = [*archive.remarks()]
        weights = sum(archive.size(name) for name in _WEIGHTS if name in archive.names)
        assets = sum(name.startswith("assets/") for name in archive.names)
    if not weights:
        remarks.append("It has no weights.")
    layers = _layers(config)
    lambdas, outside, files = lambda_layers(config), outside_code(config), read_files(config)
    facts: dict[str, Fact] = {
        "class": str(config.get("class_name", "")),
        "layers": len(layers),
        "layer_classes": sorted({str(layer.get("class_name")) for layer in layers}),
        "weights_bytes": weights,
        **({"assets": assets} if assets else {}),
        **({"lambda_layers": [*lambdas]} if lambdas else {}),
        **({"outside_code": [*outside]} if outside else {}),
        **({"reads_files": [*files]} if files else {}),
    }
    if lambdas:
        remarks.append(
            f"Loading it can run code that it brings along, in the layers"
            f" {', '.join(lambdas[:5])}. Keras refuses them unless it is told safe_mode=False."
        )
    if outside:
        remarks.append(f"Loading it needs code that is not Keras's: {', '.join(outside[:5])}.")
    if files:
        remarks.append(f"Loading it reads files that its layers name: {', '.join(files[:5])}.")
    version = metadata.get("keras_version")
    framework = {"name": "keras", **({"version": version} if isinstance(version, str) else {})}
    inputs, outputs = _signature(config, layers)
    return Contents(facts, framework, inputs, outputs, remarks=tuple(remarks))


def lambda_layers(config: Any) -> tuple[str, ...]:
    """Return the names of the layers in a model's configuration that bring code along, as bytes that Python
    unmarshals and runs: Lambda layers, and whatever else holds such a function."""
    found: dict[str, None] = {}
    for part, owner in _parts(config):
        if part["class_name"] == "__lambda__":
            found[owner] = None
        elif part["class_name"] == "Lambda":
            found[_name(part) or owner] = None
    return tuple(found)


def outside_code(config: Any) -> tuple[str, ...]:
    """Return the names in a configuration that are not Keras's, which loading imports or looks up, and those
    of Keras's own that run, unpickle or fetch something."""
    found: dict[str, None] = {}
    for part, _ in _parts(config):
        module = part.get("module", "keras")
        is_function = module == "builtins" and part["class_name"] == "function"
        called = str(part.get("config") if is_function else part["class_name"])
        is_own = is_function or str(module).partition(".")[0] == "keras"
        registered = called if is_function else str(part.get("registered_name"))
        # The package before it is one that somebody registered.
        if not is_own or ">" in registered or called in _REACHING:
            found[called if module is None or is_function else f"{module}.{called}"] = None
    return tuple(found)


def read_files(config: Any) -> tuple[str, ...]:
    """Return the files whose names stand as vocabularies in a configuration: loading reads them."""
    found: dict[str, None] = {}
    for part, _ in _parts(config):
        vocabulary = _inner(part).get("vocabulary")
        if isinstance(vocabulary, str):
            found[vocabulary] = None
    return tuple(found)


def _parts(config: Any) -> Iterator[tuple[Mapping[str, Any], str]]:
    """Yield each object in a configuration that has a class, with the name of the innermost one around it."""
    rest: list[tuple[Any, str]] = [(config, "the model")]
    while rest:
        value, owner = rest.pop()
        if isinstance(value, dict):
            if "class_name" in value:
                yield value, owner
                owner = _name(value) or owner
            rest += [(inner, owner) for inner in reversed(value.values())]
        elif isinstance(value, list):
            rest += [(inner, owner) for inner in reversed(value)]


def _name(part: Mapping[str, Any]) -> str:
    name = _inner(part).get("name")
    return name if isinstance(name, str) else ""


def _inner(part: Mapping[str, Any]) -> Mapping[str, Any]:
    inner = part.get("config")
    return inner if isinstance(inner, dict) else {}


def _layers(config: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    layers = _inner(config).get("layers")
    return [layer for layer in layers if isinstance(layer, dict)] if isinstance(layers, list) else []


def _signature(
    config: Mapping[str, Any], layers: list[Mapping[str, Any]]
) -> tuple[tuple[Column, ...] | None, tuple[Column, ...] | None]:
    """Return inputs and outputs of a sequential or functional model; None for what it does not tell."""
    inner = _inner(config)
    named = {_name(layer): layer for layer in layers}
    if config.get("class_name") == "Sequential":
        first = [(name, name) for name in [*named][:1] if named[name].get("class_name") == "InputLayer"]
        last = [(name, name) for name in [*named][-1:]]
        inputs = _columns(named, first, is_input=True)
        if inputs is None and (shape := _shape(inner.get("build_input_shape"))) is not None:
            inputs = (Column("input", "float32", shape),)
        return inputs, _columns(named, last)
    if not {"input_layers", "output_layers"} <= inner.keys():
        return None, None
    inputs = _columns(named, _leaves(inner["input_layers"]), is_input=True)
    return inputs, _columns(named, _leaves(inner["output_layers"]))


def _leaves(structure: Any, called: str = "") -> list[tuple[str, str]]:
    """Return the layers that a structure of `[layer, node, tensor]` names, each after what a caller calls it:
    its key where there are keys."""
    if isinstance(structure, dict):
        return [leaf for key, inner in structure.items() for leaf in _leaves(inner, str(key))]
    if not isinstance(structure, list):
        return []
    if len(structure) == 3 and isinstance(structure[0], str) and isinstance(structure[1], int):
        return [(called or structure[0], structure[0])]
    return [leaf for inner in structure for leaf in _leaves(inner, called)]


def _columns(
    layers: Mapping[str, Mapping[str, Any]], leaves: list[tuple[str, str]], *, is_input: bool = False
) -> tuple[Column, ...] | None:
    columns = []
    for called, name in leaves:
        if name not in layers:
            raise Broken(f"it has no layer {name[:80]!r}, which its signature names")
        layer = layers[name]
        inner = _inner(layer)
        told = inner.get("batch_shape", inner.get("batch_input_shape"))
        shape = _shape(told) if is_input else _output_shape(layer, inner)
        columns.append(Column(called, _dtype(inner.get("dtype")), shape))
    return tuple(columns) or None


def _output_shape(layer: Mapping[str, Any], inner: Mapping[str, Any]) -> tuple[int, ...] | None:
    build = layer.get("build_config")
    shape = _shape(build.get("input_shape")) if isinstance(build, dict) else None
    if shape is None:
        tensors = (_inner(part) for part, _ in _parts(layer.get("inbound_nodes")))
        shape = next((_shape(tensor["shape"]) for tensor in tensors if "shape" in tensor), None)
    kind = str(layer.get("class_name"))
    if kind in _SAME_SHAPE or shape is None:
        return shape
    units = inner.get("units")
    return (*shape[:-1], units) if kind == "Dense" and type(units) is int else None


def _shape(value: Any) -> tuple[int, ...] | None:
    if not isinstance(value, list) or not all(size is None or type(size) is int for size in value):
        return None
    return tuple(-1 if size is None else size for size in value)


def _dtype(value: Any) -> str:
    """Return what a layer computes with, from a name or the configuration of a policy."""
    if isinstance(value, dict):
        value = _name(value)
    return _MIXED.get(value, value) if isinstance(value, str) and value else "float32"
