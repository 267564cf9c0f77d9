"""The text of a token: `rbk_<id>_<secret><checksum>`.

The id is public, and names the token in lists and logs. The secret has 256 bits from the system's generator.
The checksum (CRC-32 of all before it) lets a scanner of secrets tell a token from what looks like one, and
ask nobody; the form follows what GitHub says of its own:
https://github.blog/engineering/platform-security/behind-githubs-new-authentication-token-formats/
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
import string
import zlib
from dataclasses import dataclass, field

PREFIX = "rbk"
_DIGITS = string.digits + string.ascii_uppercase + string.ascii_lowercase
_ID_LETTERS = string.digits + string.ascii_lowercase
_ID_LENGTH, _SECRET_LENGTH, _CHECKSUM_LENGTH = 10, 43, 6  # 62 ** 43 > 2 ** 256, 62 ** 6 > 2 ** 32
ID = re.compile(f"[0-9a-z]{{{_ID_LENGTH}}}")
TOKEN = re.compile(rf"{PREFIX}_({ID.pattern})_[0-9A-Za-z]{{{_SECRET_LENGTH + _CHECKSUM_LENGTH}}}", re.ASCII)


@dataclass(frozen=True, slots=True)
class TokenText:
    """A token as its owner has it; shown nowhere by accident."""

    id: str
    text: str = field(repr=False)

    @property
    def digest(self) -> str:
        """Return the SHA-256 by which the token is known.

        A slow hash makes guesses dear. Nobody guesses 256 random bits, so it would only make answers dear.
        """
        return hashlib.sha256(self.text.encode()).hexdigest()


def new_token() -> TokenText:
    """Return a token that nobody has had before."""
    token_id = "".join(secrets.choice(_ID_LETTERS) for _ in range(_ID_LENGTH))
    body = f"{PREFIX}_{token_id}_{_in_digits(secrets.randbits(256), _SECRET_LENGTH)}"
    return TokenText(token_id, body + _checksum(body))


def parse_token(text: str) -> TokenText | None:
    """Return the token that text is; None where it is none, mistyped or cut off."""
    found = TOKEN.fullmatch(text)
    if found is None or _checksum(text[:-_CHECKSUM_LENGTH]) != text[-_CHECKSUM_LENGTH:]:
        return None
    return TokenText(found[1], text)


def is_of(token: TokenText, digest: str) -> bool:
    """Return whether a token has this digest, in a time that tells nothing of either."""
    return hmac.compare_digest(token.digest.encode(), digest.encode())


def _checksum(body: str) -> str:
    return _in_digits(zlib.crc32(body.encode()), _CHECKSUM_LENGTH)


def _in_digits(number: int, length: int) -> str:
    digits = []
    for _ in range(length):
        number, digit = divmod(number, len(_DIGITS))
        digits.append(_DIGITS[digit])
    return "".join(reversed(digits))
