"""The old name of `building.texts` and `building.work_tree`."""

from building.texts import POLICY, STAGES, manifest, model, registry_files, versions
from building.work_tree import commit, new_repository, write

__all__ = [
    "POLICY",
    "STAGES",
    "commit",
    "manifest",
    "model",
    "new_repository",
    "registry_files",
    "versions",
    "write",
]
