"""An OpenID provider on this machine: it serves its configuration and keys, and signs what it is told to."""

from __future__ import annotations

import json
import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

if TYPE_CHECKING:
    from collections.abc import Iterator

AUDIENCE = "rollbook"
_RSA = rsa.generate_private_key(public_exponent=65537, key_size=2048)


class OpenidProvider:
    """The provider. `keys` are those that it publishes by id, each with its algorithm; `asked` counts the
    requests by path, `is_down` has it answer none."""

    def __init__(self, issuer: str) -> None:
        self.issuer = issuer
        self.keys: dict[str, tuple[Any, str]] = {"first": (_RSA, "RS256")}
        self.asked: dict[str, int] = {}
        self.is_down = False
        self.told_issuer = issuer

    def rotate(self, key_id: str) -> None:
        """Sign by a new key, and publish no other."""
        self.keys = {key_id: (ec.generate_private_key(ec.SECP256R1()), "ES256")}

    def claims(self, **other: Any) -> dict[str, Any]:
        """What a token of Jane's says, but for what is said otherwise; None leaves a claim out."""
        now = int(time.time())
        own = {
            "iss": self.issuer,
            "aud": AUDIENCE,
            "sub": "4711",
            "exp": now + 300,
            "iat": now,
            "email": "jane@example.com",
            "email_verified": True,
            "name": "Jane Doe",
        }
        return {name: value for name, value in {**own, **other}.items() if value is not None}

    def token(self, *, headers: dict[str, Any] | None = None, **claims: Any) -> str:
        """A token signed by the first key."""
        key_id, (key, algorithm) = next(iter(self.keys.items()))
        return jwt.encode(self.claims(**claims), key, algorithm, headers={"kid": key_id, **(headers or {})})

    def public_pem(self) -> bytes:
        """The first key's public part, which everybody knows."""
        key, _ = next(iter(self.keys.values()))
        public: bytes = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        return public

    def answer(self, path: str) -> dict[str, Any] | None:
        """What is served at a path."""
        self.asked[path] = self.asked.get(path, 0) + 1
        if path == "/.well-known/openid-configuration":
            return {"issuer": self.told_issuer, "jwks_uri": f"{self.issuer}/keys"}
        return {"keys": [_published(*item) for item in self.keys.items()]} if path == "/keys" else None


def _published(key_id: str, signing: tuple[Any, str]) -> dict[str, Any]:
    key, algorithm = signing
    kind = RSAAlgorithm if algorithm.startswith("RS") else ECAlgorithm
    return {**kind.to_jwk(key.public_key(), as_dict=True), "kid": key_id, "use": "sig", "alg": algorithm}


@contextmanager
def openid_provider() -> Iterator[OpenidProvider]:
    """Serve a provider on a port of this machine, as long as it is used."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            document = None if provider.is_down else provider.answer(self.path)
            self.send_response(503 if document is None else 200)
            self.end_headers()
            self.wfile.write(json.dumps(document).encode())

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    provider = OpenidProvider(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield provider
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
