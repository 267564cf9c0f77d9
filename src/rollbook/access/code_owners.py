"""`.github/CODEOWNERS`, made from the policy's roles, so that a forge asks the right people for review.

Format: https://docs.github.com/en/repositories/managing-your-repositorys-settings-and-features/customizing-your-repository/about-code-owners
(GitLab reads the same). The last line that matches a path decides.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rollbook.access.roles import ADMIN, APPROVER, DATA_SCIENTIST, PROTECTED, member_name
from rollbook.errors import BadCall, Refused
from rollbook.layout import ALLOWED_SIGNERS, CODEOWNERS, DVC_YAML, POLICY, ROOT
from rollbook.registry.registry import Registry
from rollbook.snapshot.safe_open import write_beneath
from rollbook.snapshot.worktree_snapshot import worktree_snapshot

if TYPE_CHECKING:
    from rollbook.git.repository import Repository
    from rollbook.records.policy import Policy

PATH = CODEOWNERS
_HEADER = (
    "# Written by `rollbook codeowners` from registry/policy.yaml. Edit the roles there, and run it again.\n"
)
# Which role is asked about what; later lines win.
_OWNED = (
    (f"/{ROOT}/", DATA_SCIENTIST),
    (f"/{ROOT}/**/stages.yaml", APPROVER),
    (f"/{ROOT}/**/removed.yaml", APPROVER),
    (f"/{ROOT}/**/origin.yaml", ADMIN),
    (f"/{POLICY}", ADMIN),
    (f"/{ALLOWED_SIGNERS}", ADMIN),
    (f"/{ROOT}/.gitattributes", ADMIN),
    (f"/{ROOT}/.dvcignore", ADMIN),
    *((f"/{directory}", ADMIN) for directory in PROTECTED),
)


def codeowners(policy: Policy) -> str:
    """Return the file's content. A role that nobody has, or signing keys only, owns nothing."""
    owned = [*_OWNED, (f"/{DVC_YAML}", DATA_SCIENTIST)] if policy.dvc_artifacts else _OWNED
    width = max(len(pattern) for pattern, _ in owned)
    lines = []
    for pattern, role in owned:
        names = (member_name(member).name for member in policy.roles.get(role, ()))
        owners = [name for name in names if "@" in name]
        if owners:
            lines.append(f"{pattern:<{width}} {' '.join(owners)}\n")
    return _HEADER + "".join(lines)


def is_drifted(text: bytes, policy: Policy) -> bool:
    """Return whether a CODEOWNERS file that Rollbook wrote says something else than the policy does."""
    return text.startswith(_HEADER.encode()) and text != codeowners(policy).encode()


def write_codeowners(repository: Repository) -> bool:
    """Bring the working tree's file in line with its policy; False when it was already.

    Raises Refused when somebody else wrote the file, or the policy has no roles.
    """
    if repository.work_tree is None:
        raise BadCall("a bare repository has no working tree", hint="Run it in a clone.")
    policy, standing = _policy_and_file(repository)
    text = codeowners(policy).encode()
    if standing == text:
        return False
    if standing is not None and not standing.startswith(_HEADER.encode()):
        raise Refused(f"{PATH} was not written by Rollbook", hint="Move it away, or keep it and do without.")
    if not policy.roles:
        raise Refused(f"{POLICY} names no roles", hint="Name members under `roles:` first.")
    return write_beneath(repository.work_tree, PATH, text, replace=True)


def differs(repository: Repository) -> bool:
    """Return whether the working tree's file says something else than its policy does, or is missing."""
    policy, standing = _policy_and_file(repository)
    return standing != codeowners(policy).encode()


def _policy_and_file(repository: Repository) -> tuple[Policy, bytes | None]:
    snapshot = worktree_snapshot(repository)
    with Registry(repository, snapshot) as registry:
        (standing,) = snapshot.read_many([PATH])
        return registry.policy, standing
