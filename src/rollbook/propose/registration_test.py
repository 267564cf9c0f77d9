"""The smoke test of a version while it is registered."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rollbook.errors import Refused
from rollbook.propose.smoke_test import SmokeTestSubject, smoke_test_artifact

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rollbook.artifact.storage import Storage, Stored
    from rollbook.propose.new_evidence import Examination
    from rollbook.propose.registration_request import Registration


def registration_test(
    storage: Storage, registration: Registration, stored: Stored, facts: Mapping[str, Any]
) -> Examination:
    """Run what is to be registered on its sample; return that it passed.

    Raises Refused, saying why, when it fails, and as `smoke_test_artifact` does when it can't be run.
    """
    assert registration.test is not None
    with tempfile.TemporaryDirectory(prefix="rollbook-") as folder:
        artifact = storage.fetch(
            stored.pointer,
            sha256=stored.digest.sha256,
            size=stored.digest.size,
            destination=Path(folder, stored.pointer.path),
        )
        subject = SmokeTestSubject(
            artifact,
            stored.format,
            facts.get("signature") or {},
            facts.get("environment") or {},
            registration.attachments,
        )
        test = smoke_test_artifact(subject, registration.test)
    if not test.passed:
        hint = "Nothing was proposed. Mend the model; or register without --test, and say later what fails."
        raise Refused(f"the smoke test fails: {'; '.join(test.faults)}", hint=hint)
    return test.examination()
