"""The gate that the artifact's bytes are where everybody can get them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rollbook.artifact.pointer import parse_pointer
from rollbook.check.finding import Rule
from rollbook.check.gates.gate import SettingsSchema, failed, passed, setting, waiting
from rollbook.errors import RollbookError
from rollbook.layout import Kind
from rollbook.records.removal import Removal

if TYPE_CHECKING:
    from rollbook.artifact.pointer import Pointer
    from rollbook.artifact.read_only_storage import ReadOnlyStorage
    from rollbook.check.gates.gate import Promotion, Verdict
    from rollbook.check.registry_files import VersionFiles
    from rollbook.records.fields import Fields
    from rollbook.records.manifest import Manifest


class ArtifactPresent:
    """`{gate: artifact-present, to: [production], verify: true}`"""

    name = "artifact-present"
    sentence = (
        "The DVC remote holds every object of the artifact; when asked to verify, the bytes registered."
    )
    code = "RB408"
    rule = Rule("artifact present", "The DVC remote holds the artifact that was registered.")
    schema = SettingsSchema(
        "The DVC remote that the base names must hold every object of the artifact.",
        {
            "verify": setting(
                "Verify",
                "Whether the bytes are fetched from the remote and compared with the digest; "
                "false unless set.",
                True,
                type="boolean",
                default=False,
            )
        },
        example={"to": ["production"], "verify": True},
    )

    def verdict(self, settings: Fields, promotion: Promotion) -> Verdict:
        verify = settings.flag("verify", default=False)
        threshold = "the registered bytes in the DVC remote" if verify else "every object in the DVC remote"
        open_storage = promotion.circumstances.storage
        if open_storage is None:
            return waiting("the remote was not asked", threshold, "Check where the remote can be reached.")
        files, manifest = promotion.version_files, promotion.manifest
        if files is not None and isinstance(removal := _removal(files), Removal):
            error = removal.refusal()
            return failed(str(error), threshold, error.hint)
        if files is None or manifest is None or len(files.pointers) != 1 or files.pointers[0].findings:
            return failed("no pointer that can be read", threshold, "Register it with `rollbook register`.")
        try:
            pointer = parse_pointer(files.pointers[0].value, files.pointers[0].path)
            with open_storage() as storage:
                if not storage.has(pointer):
                    way = "Whoever registered it pushes it again: dvc push"
                    return failed(f"not all of it is in {storage.remote_url}", threshold, way)
                if verify and (wrong := _unlike(storage, pointer, manifest)):
                    return failed(wrong, threshold, "Do not use it; register what is meant as a new version.")
                return passed(f"complete in {storage.remote_url}", threshold)
        except RollbookError as error:
            return failed(str(error), threshold, error.hint)


def _removal(files: VersionFiles) -> object:
    documents = files.documents.get(Kind.REMOVAL)
    return documents[0].record if documents else None


def _unlike(storage: ReadOnlyStorage, pointer: Pointer, manifest: Manifest) -> str:
    """Return what is unlike the manifest in the remote's bytes, which are brought here for a moment; else
    empty.

    Raises StorageFailed when they have another digest. A format that can run code must not pass as another.
    """
    from rollbook.artifact.formats.detection import UNSAFE_FORMATS
    from rollbook.artifact.stored_format import stored_format

    artifact = manifest.artifact
    actual_format = stored_format(storage, pointer, artifact)
    if actual_format in UNSAFE_FORMATS and artifact.format not in UNSAFE_FORMATS:
        return f"the manifest says {artifact.format} and the bytes are {actual_format}"
    return ""


GATE = ArtifactPresent()
