"""What a `.pt2` file of torch.export says of itself: `torch/_export/serde/schema.py` in PyTorch.

It is a zip archive of a graph as JSON and of tensors. Up to PyTorch 2.6 they stand at its root, from 2.7 on
in a folder, with `archive_format`. Loading it unpickles the members that torch.save wrote.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rollbook.artifact.formats.archive_members import opened_archive
from rollbook.artifact.formats.bounded_json import read_json_object
from rollbook.artifact.formats.contents import Broken, Contents
from rollbook.records.signature import Column

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rollbook.artifact.formats.archive_members import ArchiveMembers
    from rollbook.artifact.formats.artifact_bytes import ArtifactBytes
    from rollbook.artifact.formats.contents import Fact, Scalar

_OLD_PROGRAM = "serialized_exported_program.json"
_MOST_PROGRAM = 64 << 20  # bytes
_MOST_SMALL = 64  # bytes
# ScalarType in the schema, which is not c10's.
_DTYPES = {
    1: "uint8",
    2: "int8",
    3: "int16",
    4: "int32",
    5: "int64",
    6: "float16",
    7: "float32",
    8: "float64",
    9: "complex32",
    10: "complex64",
    11: "complex128",
    12: "bool",
    13: "bfloat16",
    28: "uint16",
    29: "float8_e4m3fn",
    30: "float8_e5m2",
    31: "float8_e4m3fnuz",
    32: "float8_e5m2fnuz",
    33: "float8_e8m0fnu",
    34: "uint32",
    35: "uint64",
}
_SYMBOLS = {"as_sym_int": "int64", "as_sym_float": "float64", "as_sym_bool": "bool"}
_OWN_NAMESPACES = frozenset(["aten", "higher_order", "inductor", "prim", "prims", "quantized"])
_COMPILED = (".so", ".dll", ".dylib", ".cubin", ".o", ".pyd")


def read(artifact: ArtifactBytes) -> Contents:
    """Read the graph's inputs, outputs and operators. Raises Broken where the archive is damaged, or what its
    signature names is not in its graph."""
    with opened_archive(artifact) as archive:
        names = archive.names
        form = _told(archive, "archive_format")
        programs = [_OLD_PROGRAM] if _OLD_PROGRAM in names else _programs(names)
        program = (
            read_json_object(archive.read(programs[0], _MOST_PROGRAM), "its program") if programs else {}
        )
        pickled = _pickled(archive)
        remarks = [*archive.remarks()]
    compiled = [name for name in names if name.endswith(_COMPILED)]
    if pickled:
        remarks.append(f"torch.export.load unpickles {len(pickled)} of its members, which can run code.")
    if compiled:
        remarks.append(f"It holds compiled code, which loading it runs: {', '.join(compiled[:5])}.")
    if len(programs) > 1:
        remarks.append(f"It has {len(programs)} programs; what is told is of {programs[0]}.")
    facts: dict[str, Fact] = {
        "archive_format": form or "export",
        "programs": len(programs),
        **_versions(program),
        **({"pickled": [*pickled]} if pickled else {}),
        **({"compiled": [*compiled]} if compiled else {}),
    }
    version = program.get("torch_version")
    framework = {"name": "torch", **({"version": version} if isinstance(version, str) else {})}
    if not program:
        return Contents(facts, framework, remarks=tuple(remarks))
    graph, signature = _graph(program), _mapping(_mapping(program, "graph_module"), "signature")
    operators = _custom_operators(graph)
    if operators:
        remarks.append(f"It runs only where these operators are registered: {', '.join(operators[:10])}.")
        facts["custom_operators"] = [*operators]
    facts["nodes"] = len(_sequence(graph, "nodes"))
    facts.update(_weights(signature))
    inputs = _columns(graph, signature, "input_specs", "user_input")
    outputs = _columns(graph, signature, "output_specs", "user_output")
    return Contents(facts, framework, inputs, outputs, remarks=tuple(remarks))


def _programs(names: Sequence[str]) -> list[str]:
    inner = [(name.partition("/")[2], name) for name in names]
    return sorted(name for path, name in inner if path.startswith("models/") and path.endswith(".json"))


def _told(archive: ArchiveMembers, member: str) -> str:
    found = [name for name in archive.names if name.partition("/")[2] == member]
    return archive.read(found[0], _MOST_SMALL).decode("utf-8", "replace").strip() if found else ""


def _pickled(archive: ArchiveMembers) -> list[str]:
    """Return the members that loading unpickles: what is called so, and tensors that are marked so."""
    marked: set[str] = set()
    for name in archive.names:
        if name.endswith(("_weights_config.json", "_constants_config.json")):
            config = _mapping(read_json_object(archive.read(name), "a list of tensors"), "config")
            folder = name.rpartition("/")[0]
            payloads = [payload for payload in config.values() if isinstance(payload, dict)]
            marked |= {f"{folder}/{each.get('path_name')}" for each in payloads if each.get("use_pickle")}
    endings = (".pt", ".pkl")
    return sorted(
        name
        for name in archive.names
        if archive.size(name) and (name.endswith(endings) or name in marked or "/opaque_obj_" in name)
    )


def _versions(program: Mapping[str, Any]) -> dict[str, Fact]:
    schema, opsets = _mapping(program, "schema_version"), _mapping(program, "opset_version")
    told: dict[str, Scalar | list[Scalar]] = {
        name: version for name, version in opsets.items() if type(version) is int
    }
    numbers = [schema.get("major"), schema.get("minor")]
    return {
        **({"schema_version": ".".join(map(str, numbers))} if schema else {}),
        **({"opsets": told} if told else {}),
    }


def _graph(program: Mapping[str, Any]) -> Mapping[str, Any]:
    graph = _mapping(_mapping(program, "graph_module"), "graph")
    if not graph:
        raise Broken("its program has no graph")
    return graph


def _custom_operators(graph: Mapping[str, Any]) -> list[str]:
    """Return the operators that are not PyTorch's own: of `torch.ops.NAMESPACE.NAME.OVERLOAD`."""
    found = set()
    for node in _sequence(graph, "nodes"):
        target = node.get("target") if isinstance(node, dict) else None
        parts = target.split(".") if isinstance(target, str) else []
        if parts[:2] == ["torch", "ops"] and len(parts) > 3 and parts[2] not in _OWN_NAMESPACES:
            found.add(".".join(parts[2:4]))
    return sorted(found)


def _weights(signature: Mapping[str, Any]) -> dict[str, Fact]:
    """Count what the graph takes beside the user's inputs: parameters, buffers, constants."""
    counts: dict[str, int] = {}
    for spec in _sequence(signature, "input_specs"):
        for kind in spec if isinstance(spec, dict) else ():
            counts[kind] = counts.get(kind, 0) + 1
    words = {"parameter": "parameters", "buffer": "buffers", "tensor_constant": "constants"}
    return {word: counts[kind] for kind, word in words.items() if kind in counts}


def _columns(
    graph: Mapping[str, Any], signature: Mapping[str, Any], half: str, kind: str
) -> tuple[Column, ...]:
    tensors = _mapping(graph, "tensor_values")
    arguments = [
        (form, value)
        for spec in _sequence(signature, half)
        for form, told in _mapping(_mapping(spec, kind), "arg").items()
        for value in (told if isinstance(told, list) else [told])
    ]
    columns = [_column(tensors, form, value) for form, value in arguments if isinstance(value, dict)]
    return tuple(column for column in columns if column)


def _column(tensors: Mapping[str, Any], form: str, value: Mapping[str, Any]) -> Column | None:
    """Return the column of an argument, a tensor or a number that is traced; None for what is neither."""
    if form in _SYMBOLS:
        return Column(str(value["as_name"]), _SYMBOLS[form], ()) if "as_name" in value else None
    if form not in ("as_tensor", "as_tensors"):
        return None
    name = str(value.get("name", ""))
    tensor = _mapping(tensors, name)
    if not tensor:
        raise Broken(f"its signature names the tensor {name[:80]!r}, which its graph has not")
    sizes = _sequence(tensor, "sizes")
    return Column(name, _DTYPES.get(_number(tensor, "dtype"), "unknown"), tuple(map(_size, sizes)))


def _size(size: Any) -> int:
    """Return a dimension: -1 where it is a symbol."""
    told = size.get("as_int") if isinstance(size, dict) else None
    return told if type(told) is int and told >= 0 else -1


def _number(document: Mapping[str, Any], name: str) -> int:
    value = document.get(name)
    return value if type(value) is int else 0


def _mapping(document: Any, name: str) -> Mapping[str, Any]:
    value = document.get(name) if isinstance(document, dict) else None
    return value if isinstance(value, dict) else {}


def _sequence(document: Mapping[str, Any], name: str) -> list[Any]:
    value = document.get(name)
    return value if isinstance(value, list) else []
