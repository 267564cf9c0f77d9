"""`.github/CODEOWNERS`, made from the policy's roles, so that a forge asks the right people for review.

Format: https://docs.github.com/en/repositories/managing-your-repositorys-settings-and-features/customizing-your-repository/about-code-owners
(GitLab reads the same). The last line that matches a path decides.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rollbook.access.roles import ADMIN, APPROVER, DATA_SCIENTIST, PROTECTED, member_name
from rollbook.errors import BadCall, Refused
from rollbook.layout import ALLOWED_SIGNERS, CODEOWNERS, DVC_YAML, POLICY, ROOT
from rollbook.names import meets_pattern
from rollbook.registry.registry import Registry
from rollbook.snapshot.safe_open import write_beneath
from rollbook.snapshot.worktree_snapshot import worktree_snapshot

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from rollbook.git.repository import Repository
    from rollbook.records.policy import Policy

PATH = CODEOWNERS
# A star does not lead into folders, so these are the files of a model and none of a namespace's.
_PATHS_OF_A_MODEL = {
    DATA_SCIENTIST: ("*", "versions/"),
    APPROVER: ("stages.yaml", "versions/*/removed.yaml"),
}
_HEADER = (
    "# Written by `rollbook codeowners` from registry/policy.yaml. Edit the roles there, and run it again.\n"
)
# Which role is asked about what; later lines win.
_OWNED_BY_DATA_SCIENTISTS = ((f"/{ROOT}/", DATA_SCIENTIST),)
_OWNED_BY_APPROVERS = ((f"/{ROOT}/**/stages.yaml", APPROVER), (f"/{ROOT}/**/removed.yaml", APPROVER))
_OWNED_BY_ADMINS = (
    (f"/{ROOT}/**/origin.yaml", ADMIN),
    (f"/{POLICY}", ADMIN),
    (f"/{ALLOWED_SIGNERS}", ADMIN),
    (f"/{ROOT}/.gitattributes", ADMIN),
    (f"/{ROOT}/.dvcignore", ADMIN),
    *((f"/{directory}", ADMIN) for directory in PROTECTED),
)


def codeowners(policy: Policy) -> str:
    """Return the file's content. A role that nobody has, or signing keys only, owns nothing."""
    owned = [
        *_of_all(policy, _OWNED_BY_DATA_SCIENTISTS),
        *_of_models(policy, DATA_SCIENTIST),
        *_of_all(policy, _OWNED_BY_APPROVERS),
        *_of_models(policy, APPROVER),
        *_of_all(policy, _OWNED_BY_ADMINS),
        *_of_all(policy, ((f"/{DVC_YAML}", DATA_SCIENTIST),) if policy.dvc_artifacts else ()),
    ]
    width = max((len(path) for path, _ in owned), default=0)
    return _HEADER + "".join(f"{path:<{width}} {' '.join(owners)}\n" for path, owners in owned if owners)


def _of_all(policy: Policy, owned: Iterable[tuple[str, str]]) -> Iterator[tuple[str, list[str]]]:
    """Yield the paths that a role owns whatever the model is, each with its owners."""
    for path, role in owned:
        yield path, _owners(policy.roles.get(role, ()))


def _of_models(policy: Policy, role: str) -> Iterator[tuple[str, list[str]]]:
    """Yield the paths that a role owns of some models, each with its owners: of the models that a pattern
    means, also those who own them by a pattern that means more.

    The wider pattern comes first. Where two mean the same model and neither means all of the other's, those
    of the last one alone are asked: a forge takes one line, and nobody must be named who has not the role.
    """
    grants = [grant for grant in policy.grants if role in grant.roles]
    for grant in sorted(grants, key=lambda grant: _narrowness(grant.pattern)):
        wider = [other for other in grants if _means_all_of(other.pattern, grant.pattern)]
        members = [*policy.roles.get(role, ()), *(name for other in wider for name in other.roles[role])]
        for path in _PATHS_OF_A_MODEL[role]:
            yield f"/{ROOT}/{grant.pattern}/{path}", _owners(members)


def _narrowness(pattern: str) -> tuple[int, int, str]:
    stars = pattern.count("*")
    return len(pattern) - stars, -stars, pattern


def _means_all_of(wider: str, narrower: str) -> bool:
    """Whether a pattern means every name that another one does: its stars stand for what that one says, stars
    among it."""
    return meets_pattern(narrower, wider)


def _owners(members: Iterable[str]) -> list[str]:
    names = (member_name(member).name for member in members)
    return list(dict.fromkeys(name for name in names if "@" in name))


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
