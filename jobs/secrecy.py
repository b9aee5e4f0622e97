"""Secrets at rest: Fernet under keys derived (HKDF, RFC 5869) from LADING_SECRET_KEY and its
fallbacks.
"""

from __future__ import annotations

import base64

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

from jobs.errors import JobError


class SecretUnreadable(JobError):
    """A stored secret was sealed with a key that is not in LADING_SECRET_KEY or its fallbacks any
    more.
    """

    code = "SecretUnreadable"


def seal(secret: str) -> str:
    """Encrypt with the current key."""
    return _box().encrypt(secret.encode()).decode()


def unseal(sealed: str) -> str:
    """Decrypt with the current key or a fallback; raises SecretUnreadable."""
    try:
        return _box().decrypt(sealed.encode()).decode()
    except InvalidToken:
        raise SecretUnreadable(
            "A stored secret cannot be read with LADING_SECRET_KEY. "
            "Put the key it was saved with into "
            "LADING_SECRET_KEY_FALLBACKS, or set the role's secret again, or make a new access key."
        ) from None


def _box() -> MultiFernet:
    return MultiFernet(
        [_fernet(key) for key in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)]
    )


def _fernet(key: str) -> Fernet:
    derived = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"lading role secrets").derive(
        key.encode()
    )
    return Fernet(base64.urlsafe_b64encode(derived))
