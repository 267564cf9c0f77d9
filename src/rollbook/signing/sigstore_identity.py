"""Whether Sigstore certified that an identity signed a statement, judged without asking the network.

Sigstore's own library judges it: the certificate (Fulcio's), that it was in use when the signature was made,
and the record of it in the transparency log. Its trust root is the one that it has in its cache, or else the
one that came with it.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rollbook.records.attestation import Attested

_EXTRA = "to judge Sigstore's identities, pip install 'rollbook[sign]'"


def identity_fault(attested: Attested, identity: str, issuer: str) -> tuple[str, bool]:
    """Return why a statement is not known to be signed by an identity, and whether that is only because it
    can't be told here; empty, and false, when it is."""
    if not attested.certificates or not attested.is_bundle:
        return "it was not signed by an identity of Sigstore's", False
    try:
        from sigstore.errors import Error
        from sigstore.models import Bundle
        from sigstore.verify import Verifier
        from sigstore.verify.policy import Identity
    except ImportError:
        return _EXTRA, True
    log = logging.getLogger("sigstore")
    level = log.level
    log.setLevel(logging.ERROR)  # it warns that it does not ask the network
    try:
        bundle = Bundle.from_json(attested.data)
        kind, payload = Verifier.production(offline=True).verify_dsse(
            bundle, Identity(identity=identity, issuer=issuer)
        )
    except (Error, ValueError, KeyError, TypeError) as error:
        return f"Sigstore: {' '.join(str(error).split())[:200]}", False
    except OSError as error:
        return f"Sigstore's trust root can't be read: {error.strerror or error}", True
    finally:
        log.setLevel(level)
    if (kind, payload) != (attested.envelope.payload_type, attested.envelope.payload):
        return "Sigstore verified another statement", False
    return "", False
