"""What the files of small registries say."""

from __future__ import annotations

POLICY = """\
rollbook: 1
stages:
  - {name: development, next: [staging, archived]}
  - {name: staging, next: [production, archived]}
  - {name: production, exclusive: true, next: [archived], displaced_to: archived}
  - {name: archived, next: [production]}
"""
STAGES = """\
production: {version: 1.1.0, reason: AUC, requested_by: jane@example.com, requested_at: 2026-11-21T09:00:00Z}
staging:
  - {version: 1.2.0, reason: to be tried, requested_by: jane@example.com, requested_at: 2026-11-22T09:00:00Z}
  - {version: 1.10.0, reason: to be tried, requested_by: joe@example.com, requested_at: 2026-11-23T09:00:00Z}
archived:
  - {version: 1.0.0, reason: replaced, requested_by: jane@example.com, requested_at: 2026-11-21T09:00:00Z}
aliases: {champion: 1.1.0, best: 1.1.0, staging: 1.0.0}
"""


def model(name: str, extra: str = "") -> str:
    return f"name: {name}\nowner: jane@example.com\n{extra}"


def manifest(
    name: str, version: str, extra: str = "", artifact: str = "model.onnx", *, size: int = 12
) -> str:
    return f"""\
model: {name}
version: "{version}"
created_at: 2026-01-01T09:00:00Z
created_by: jane@example.com
artifact: {{path: {artifact}, format: onnx, size: {size}, sha256: {"a" * 64}}}
{extra}"""


def versions(name: str, *numbers: str) -> dict[str, str]:
    return {f"registry/{name}/versions/{number}/version.yaml": manifest(name, number) for number in numbers}


def registry_files() -> dict[str, str]:
    """Two models, one in a namespace; the first has versions in several stages, and aliases."""
    name = "credit-approval"
    return {
        "registry/policy.yaml": POLICY,
        f"registry/{name}/model.yaml": model(name, "team: risk\ntask: classification\n"),
        f"registry/{name}/stages.yaml": STAGES,
        **versions(name, "1.0.0", "1.1.0", "1.2.0", "1.10.0", "1.11.0", "2.0.0-rc.1"),
        "registry/risk/fraud/model.yaml": model("risk/fraud"),
        **versions("risk/fraud", "0.1.0"),
    }


def stages(**held: list[str]) -> str:
    """A stages.yaml in which each stage is held by these versions."""
    lines = []
    for stage, versions in held.items():
        lines.append(f"{stage}:")
        lines += [
            f'  - {{version: "{version}", reason: "for {stage}", requested_by: ann@example.com, '
            "requested_at: 2026-01-02T09:00:00Z}"
            for version in versions
        ]
    return "\n".join(lines) + "\n"


def alias_lines(**pointed: tuple[str, bool]) -> str:
    """What a stages.yaml says of aliases: each one's version, and whether it has an entry."""
    if not pointed:
        return ""
    lines = ["aliases:"]
    for alias, (version, is_recorded) in pointed.items():
        entry = (
            f'{{version: "{version}", reason: "as {alias}", requested_by: ann@example.com, '
            "requested_at: 2026-01-02T09:00:00Z}"
        )
        lines.append(f"  {alias}: {entry if is_recorded else repr(version)}")
    return "\n".join(lines) + "\n"
