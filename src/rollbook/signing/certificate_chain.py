"""Whether certificates lead from a signer to somebody whom a registry trusts to certify signers.

The path is judged as RFC 5280 (https://www.rfc-editor.org/rfc/rfc5280, section 6) has it, for the moment at
which the signer's certificate begins: nothing else in a signature tells when it was made. What a certificate
marks as critical and is not judged here makes it count for nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rollbook.errors import BadCall

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from cryptography.x509 import Certificate


def read_certificates(pem: bytes, where: str) -> list[Certificate]:
    """Read certificates in PEM. Raises BadCall, naming `where` they stand."""
    from cryptography.x509 import load_pem_x509_certificates

    try:
        return [_legible(one) for one in load_pem_x509_certificates(pem)]
    except ValueError as error:
        raise BadCall(f"{where} holds no certificates that can be read", hint="Give them as PEM.") from error


def parse_chain(certificates: Sequence[bytes]) -> list[Certificate]:
    """Read certificates in DER; the signer's is the first. Raises ValueError for what is none."""
    from cryptography.x509 import load_der_x509_certificate

    return [_legible(load_der_x509_certificate(one)) for one in certificates]


def chain_fault(chain: Sequence[Certificate], roots: Sequence[Certificate]) -> str:
    """Return why no path leads from the first of `chain` to one of `roots`; empty when one does.

    Each of the others is gone through once, where the path to it is shortest: there it may do the most.
    """
    if not chain:
        return "no certificate came with it"
    signer, *others = chain
    if fault := _signer_fault(signer):
        return fault
    at, reached, fault = signer.not_valid_before_utc, [signer], "who certified it is not among those trusted"
    for depth in range(len(others) + 1):
        for root in (root for root in roots for below in reached if _issued(root, below)):
            if not (wrong := _issuer_fault(root, at, depth)):
                return ""
            fault = wrong
        certifying = [other for other in others if any(_issued(other, below) for below in reached)]
        others = [other for other in others if other not in certifying]
        faults = {other: _issuer_fault(other, at, depth) for other in certifying}
        fault = next(filter(None, faults.values()), fault)
        reached = [other for other in certifying if not faults[other]]
        if not reached:
            return fault
    return fault


def names_subject(certificate: Certificate, subject: str) -> bool:
    """Return whether a certificate is one for this address, URI, host name, or common name."""
    return subject in subjects(certificate)


def subjects(certificate: Certificate) -> list[str]:
    """Return the addresses, URIs and host names that a certificate is for; where it has no list of
    them, its common name."""
    from cryptography import x509
    from cryptography.x509.oid import NameOID

    try:
        alternative = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        common = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
        return [str(name.value) for name in common]
    kinds = (x509.RFC822Name, x509.UniformResourceIdentifier, x509.DNSName)
    return [name for kind in kinds for name in alternative.get_values_for_type(kind)]


def _legible(certificate: Certificate) -> Certificate:
    """Return a certificate all of which can be read. Raises ValueError for another."""
    from cryptography import x509
    from cryptography.exceptions import UnsupportedAlgorithm

    try:
        _ = certificate.extensions, certificate.public_key(), certificate.subject, certificate.issuer
        _ = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    except (x509.DuplicateExtension, x509.UnsupportedGeneralNameType, UnsupportedAlgorithm) as error:
        raise ValueError(str(error)) from error
    return certificate


def _issued(issuer: Certificate, below: Certificate) -> bool:
    from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm

    try:
        below.verify_directly_issued_by(issuer)
    except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm):
        return False
    return True


def _issuer_fault(issuer: Certificate, at: datetime, below: int) -> str:
    """Return why a certificate does not make its holder one who certifies, with `below` of these between."""
    from cryptography import x509

    if not issuer.not_valid_before_utc <= at <= issuer.not_valid_after_utc:
        return "who certified it could not at the time"
    try:
        extensions = issuer.extensions
        limits = extensions.get_extension_for_class(x509.BasicConstraints).value
    except x509.ExtensionNotFound:
        return "who certified it may certify nobody"
    usage = next((one.value for one in extensions if isinstance(one.value, x509.KeyUsage)), None)
    if not limits.ca or (usage is not None and not usage.key_cert_sign):
        return "who certified it may certify nobody"
    if limits.path_length is not None and below > limits.path_length:
        return "the chain of certificates is longer than one of them allows"
    return _critical_fault(issuer)


def _signer_fault(signer: Certificate) -> str:
    """Return why a certificate is none to sign with: its key must be one for signatures, or for code."""
    from cryptography import x509
    from cryptography.x509.oid import ExtendedKeyUsageOID

    values = [one.value for one in signer.extensions]
    usage = next((value for value in values if isinstance(value, x509.KeyUsage)), None)
    extended = next((value for value in values if isinstance(value, x509.ExtendedKeyUsage)), None)
    signs_code = extended is not None and ExtendedKeyUsageOID.CODE_SIGNING in extended
    if not signs_code and not (usage is not None and usage.digital_signature):
        return "its certificate is none to sign with"
    return _critical_fault(signer)


def _critical_fault(certificate: Certificate) -> str:
    from cryptography.x509.oid import ExtensionOID

    known = {
        ExtensionOID.BASIC_CONSTRAINTS,
        ExtensionOID.KEY_USAGE,
        ExtensionOID.EXTENDED_KEY_USAGE,
        ExtensionOID.SUBJECT_ALTERNATIVE_NAME,
    }
    if any(one.critical and one.oid not in known for one in certificate.extensions):
        return "a certificate asks for what can't be judged here"
    return ""
