"""AWS Signature Version 4, for very many requests that differ in little.

What is the same for all requests of a second is computed once: the date, the signing key, and the
state of both hashes of the HMAC after their first block (RFC 2104). A signature then costs two
copies and two short hashes.
"""

from __future__ import annotations

import hashlib
import hmac
import time
from dataclasses import dataclass

BLOCK = 64
"""The block size of SHA-256, in bytes."""


@dataclass(frozen=True, slots=True)
class Scope:
    """Who signs, and for what: from the Authorization header of a sample."""

    access_key_id: str
    secret_access_key: str
    region: str
    service: str
    signed_headers: str


class Signer:
    """Signs canonical requests at a second that `roll` sets."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        self._day = ""
        self._key = b""
        self.second = -1
        self.amz_date = ""
        self._head = ""

    def roll(self, second: int) -> None:
        """Sign as of this second since the epoch, UTC."""
        self.second = second
        self.amz_date = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(second))
        day, scope = self.amz_date[:8], self._scope
        if day != self._day:
            self._day, self._key = day, signing_key(scope, day)
        place = f"{day}/{scope.region}/{scope.service}/aws4_request"
        self._inner, self._outer = (
            hashlib.sha256(bytes(byte ^ pad for byte in self._key.ljust(BLOCK, b"\0")))
            for pad in (0x36, 0x5C)
        )
        self._inner.update(f"AWS4-HMAC-SHA256\n{self.amz_date}\n{place}\n".encode())
        self._head = (
            f"AWS4-HMAC-SHA256 Credential={scope.access_key_id}/{place}, "
            f"SignedHeaders={scope.signed_headers}, Signature="
        )

    def authorization(self, canonical_request: str) -> str:
        """The value of the Authorization header for this request."""
        inner, outer = self._inner.copy(), self._outer.copy()
        inner.update(hashlib.sha256(canonical_request.encode()).hexdigest().encode())
        outer.update(inner.digest())
        return self._head + outer.hexdigest()


def signing_key(scope: Scope, day: str) -> bytes:
    """The key of a day, `YYYYMMDD`, for a region and a service."""
    key = f"AWS4{scope.secret_access_key}".encode()
    for text in (day, scope.region, scope.service, "aws4_request"):
        key = hmac.digest(key, text.encode(), "sha256")
    return key
