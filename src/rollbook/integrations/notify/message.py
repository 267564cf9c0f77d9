"""One event as a message: CloudEvents 1.0 in JSON, signed as Standard Webhooks describes.

https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/formats/json-format.md (structured mode)
https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md (the signature)
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
from typing import TYPE_CHECKING, Any

from rollbook.errors import Refused
from rollbook.names import time_text
from rollbook.trail.event_json import event_mapping

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rollbook.trail.tag import RecordedTag

_PREFIX = "whsec_"
_SCHEMA = "https://rollbook.dev/schemas/1/audit-event.schema.json"


def cloud_event(tag: RecordedTag, source: str) -> bytes:
    """Return the event that a tag records, as the body of a message.

    Its id is the tag object's, so that a receiver who gets it twice can tell. `source` is a URI for the
    registry.
    """
    event = tag.event
    kind, subject = f"version.{event.action.value}", f"{event.model}@{event.version}"
    return message_body(
        kind, tag.oid, source, subject, tag.recorded_at, event_mapping(tag), {"dataschema": _SCHEMA}
    )


def message_body(
    kind: str,
    message_id: str,
    source: str,
    subject: str,
    seconds: int,
    data: Mapping[str, Any],
    more: Mapping[str, str] | None = None,
) -> bytes:
    """Return the body of a message of the type `dev.rollbook.<kind>` about what happened at `seconds` (Unix
    time). A receiver tells by the id and the source that it had it before."""
    fields = {
        "specversion": "1.0",
        "id": message_id,
        "source": source,
        "type": f"dev.rollbook.{kind}",
        "subject": subject,
        "time": time_text(seconds),
        "datacontenttype": "application/json",
        **(more or {}),
        "data": data,
    }
    return json.dumps(fields, separators=(",", ":"), allow_nan=False).encode()


def headers(body: bytes, message_id: str, secret: str, seconds: int) -> dict[str, str]:
    """Return the headers of a message sent at `seconds` (Unix time): what it is, and who vouches for it."""
    return {
        "Content-Type": "application/cloudevents+json; charset=utf-8",
        "webhook-id": message_id,
        "webhook-timestamp": str(seconds),
        "webhook-signature": signature(body, message_id, secret, seconds),
    }


def signature(body: bytes, message_id: str, secret: str, seconds: int) -> str:
    """Return `v1,` and the HMAC-SHA256, in base64, of `id.timestamp.body`.

    A secret that begins with `whsec_` goes on in base64, any other is the key itself. Raises Refused for one
    that is no base64, or too short to protect anything.
    """
    key = _key(secret)
    signed = f"{message_id}.{seconds}.".encode() + body
    return "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()


def _key(secret: str) -> bytes:
    try:
        encoded = secret.startswith(_PREFIX)
        key = base64.b64decode(secret.removeprefix(_PREFIX), validate=True) if encoded else secret.encode()
    except (binascii.Error, ValueError) as error:
        raise Refused("the secret begins with whsec_ and goes on with what is no base64") from error
    if len(key) < 16:
        raise Refused("the secret is shorter than 16 bytes", hint="Make one: openssl rand -base64 32")
    return key
