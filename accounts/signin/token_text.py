"""How a personal access token is written: ``ec_<public id>_<secret><checksum>``, all of it letters and digits.

The beginning lets secret scanners find a token that somebody has left in a file; the regular expression for them is
``ec_[0-9A-Za-z]{12}_[0-9A-Za-z]{49}``. The checksum tells a typo from a token without asking the database.
"""

import hashlib
import hmac
import re
import secrets
import string
import zlib
from dataclasses import dataclass

ALPHABET = string.digits + string.ascii_uppercase + string.ascii_lowercase
PUBLIC, SECRET, CHECKSUM = 12, 43, 6
"""Lengths of the parts: 71 bits that name it, 256 that prove it, and a CRC-32."""
BEGINNING = "ec_"
_SHAPE = re.compile(
    rf"{BEGINNING}([0-9A-Za-z]{{{PUBLIC}}})_([0-9A-Za-z]{{{SECRET}}})([0-9A-Za-z]{{{CHECKSUM}}})", re.ASCII
)


@dataclass(frozen=True)
class TokenText:
    """The two parts of a token. Its ``repr`` shows the first one only, lest a log or a traceback holds the other."""

    public_id: str
    secret: str

    def __repr__(self) -> str:
        return f"{BEGINNING}{self.public_id}_…"

    @property
    def text(self) -> str:
        """What its owner keeps."""
        body = f"{BEGINNING}{self.public_id}_{self.secret}"
        return body + _checksum(body)

    @property
    def secret_hash(self) -> bytes:
        """What we keep."""
        return hashlib.sha256(self.secret.encode()).digest()

    def proves(self, secret_hash: bytes) -> bool:
        """Whether this is the secret behind ``secret_hash``; takes the same time for every wrong one."""
        return hmac.compare_digest(self.secret_hash, secret_hash)


def new_text() -> TokenText:
    """A token that nobody has."""
    return TokenText(_random(PUBLIC), _random(SECRET))


def read_text(text: str) -> TokenText | None:
    """The parts of ``text``, or None when it cannot be a token: wrong shape or checksum."""
    if (found := _SHAPE.fullmatch(text)) is None:
        return None
    read = TokenText(found[1], found[2])
    return read if hmac.compare_digest(read.text, text) else None


def _random(length: int) -> str:
    return "".join(secrets.choice(ALPHABET) for _place in range(length))


def _checksum(body: str) -> str:
    number, digits = zlib.crc32(body.encode()), ""
    for _place in range(CHECKSUM):
        number, digit = divmod(number, len(ALPHABET))
        digits = ALPHABET[digit] + digits
    return digits
