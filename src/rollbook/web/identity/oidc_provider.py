"""What an OpenID provider publishes: where it stands, and the keys that it signs with.

Formats: https://openid.net/specs/openid-connect-discovery-1_0.html, https://www.rfc-editor.org/rfc/rfc7517.
"""

from __future__ import annotations

import json
import threading
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from rollbook.artifact.http import Unreachable, send
from rollbook.errors import BadCall, CannotTell
from rollbook.git.address import require_safe

if TYPE_CHECKING:
    from collections.abc import Mapping

_TIMEOUT, _WITHIN = 3.0, 6.0  # seconds
_LONGEST = 1 << 18  # bytes of an answer
_MOST_KEYS = 64
# Seconds: keys are asked for anew after so long; because of one that is unknown, no more often than that; and
# a provider that is out of reach counts by what it said last for so long.
_FRESH, _APART, _STALE = 900.0, 30.0, 86_400.0
_CONFIGURATION = "/.well-known/openid-configuration"


class OidcProvider:
    """A provider by its issuer. Its keys are kept; many threads may ask."""

    def __init__(self, issuer: str) -> None:
        """Name a provider. Raises BadCall for an issuer that is no https address; http is one on this
        machine alone."""
        require_safe(issuer)
        parts = urlsplit(issuer)
        if parts.scheme not in ("https", "http") or parts.query or parts.fragment:
            raise BadCall(f"{issuer[:80]!r} is no issuer", hint="--oidc-issuer https://login.example.com")
        self.issuer = issuer
        self._lock = threading.Lock()
        self._keys: Mapping[str, Mapping[str, Any]] = {}
        self._asked = self._told = float("-inf")  # monotonic time

    def key(self, key_id: str) -> Mapping[str, Any] | None:
        """Return the public key of an id as a JSON Web Key; None where the provider publishes none by it.

        Raises CannotTell where the provider can't be asked and what it said last is too old.
        """
        with self._lock:
            now = time.monotonic()
            is_due = now - self._told > _FRESH or key_id not in self._keys
            if is_due and now - self._asked > _APART:
                self._asked = now
                self._ask(now)
            if time.monotonic() - self._told > _STALE:
                raise CannotTell(
                    f"{urlsplit(self.issuer).hostname} doesn't say which keys it signs with",
                    hint="Ask again in a minute.",
                )
            return self._keys.get(key_id)

    def _ask(self, now: float) -> None:
        """Ask for the keys; where no usable answer comes, those that were told last stay."""
        try:
            configuration = _fetched(self.issuer.rstrip("/") + _CONFIGURATION)
            if configuration.get("issuer") != self.issuer:
                return  # another provider's, or somebody's in its place
            keys = _fetched(str(configuration.get("jwks_uri", ""))).get("keys")
        except (BadCall, Unreachable, ValueError):
            return
        if isinstance(keys, list) and len(keys) <= _MOST_KEYS:
            told = [key for key in keys if isinstance(key, dict) and isinstance(key.get("kid"), str)]
            self._keys = {key["kid"]: key for key in told if key.get("use", "sig") == "sig"}
            self._told = now


def _fetched(url: str) -> Mapping[str, Any]:
    """Return the JSON object at an address. Raises BadCall for an address that isn't safe, Unreachable
    without an answer in time, ValueError for another one. What is no object is an empty one."""
    answer = send(
        "GET",
        url,
        headers={"Accept": "application/json"},
        timeout=_TIMEOUT,
        within=_WITHIN,
        longest=_LONGEST,
    )
    if answer.status != 200:
        raise ValueError(f"the answer's status is {answer.status}")
    try:
        document = json.loads(answer.body)
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error
    return document if isinstance(document, dict) else {}
