"""What programs show in place of a password: tokens for the JSON API, and access keys for the S3
Control API.

A token is a secret of its own, so that its hash is enough. An access key signs requests (SigV4), so
that its secret has to be known here: it is sealed (see secrecy.py). Both are shown once. Whoever
uses one may do what its owner may, and no more; a revoked one stays listed, as events name it.
"""

from __future__ import annotations

import hashlib
import secrets
from datetime import timedelta
from typing import TYPE_CHECKING, Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from jobs import secrecy
from jobs.database import is_busy

if TYPE_CHECKING:
    from datetime import datetime

    from django.contrib.auth.models import User

BASE_32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
USE_SECONDS = 60
"""The last use is written down at most this often: reading must not cost a write each time."""


class Credential(models.Model):
    """What both kinds have."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="%(class)ss"
    )
    label = models.CharField(max_length=64, blank=True, help_text="What it is for.")
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    expires_at = models.DateTimeField(null=True, blank=True, help_text="Never, where empty.")
    last_used_at = models.DateTimeField(null=True, editable=False)
    revoked_at = models.DateTimeField(null=True, editable=False)
    made_with = models.CharField(
        max_length=40,
        blank=True,
        editable=False,
        help_text="The name of the one it was made with: it ends no later.",
    )

    class Meta:
        abstract = True
        ordering = ["-created_at", "-pk"]

    @property
    def name(self) -> str:
        """How events call it."""
        raise NotImplementedError

    @classmethod
    def usable(cls) -> models.QuerySet[Self]:
        """Those that are neither revoked nor expired, of users who are active."""
        lasting = Q(expires_at=None) | Q(expires_at__gt=Now())
        rows = cls._default_manager.filter(lasting, revoked_at=None, user__is_active=True)
        return rows.select_related("user__member")

    def used(self) -> None:
        """Write down that it was used just now; nobody who reads waits for that."""
        stale = Q(last_used_at=None) | Q(last_used_at__lt=Now() - timedelta(seconds=USE_SECONDS))
        found = type(self)._default_manager.filter(stale, pk=self.pk)
        if found.exists() and not is_busy():
            found.update(last_used_at=Now())

    def state(self, now: datetime) -> str:
        """`revoked`, `expired` or `usable`."""
        if self.revoked_at:
            return "revoked"
        return "expired" if self.expires_at and self.expires_at <= now else "usable"


class ApiToken(Credential):
    """A token for the JSON API; only its hash is kept."""

    digest = models.CharField(max_length=64, unique=True, editable=False)

    class Meta(Credential.Meta):
        verbose_name = "API token"

    def __str__(self) -> str:
        return f"token {self.pk} of {self.user}"

    @property
    def name(self) -> str:
        """How events call it."""
        return f"token {self.pk}"

    @classmethod
    def issue(
        cls,
        user: User,
        *,
        label: str = "",
        expires_at: datetime | None = None,
        made_with: str = "",
    ) -> tuple[ApiToken, str]:
        """Make a token; the row, and the token, which cannot be shown again."""
        token = f"lading_{secrets.token_urlsafe(32)}"
        digest = cls.digest_of(token)
        return cls.objects.create(
            user=user, digest=digest, label=label, expires_at=expires_at, made_with=made_with
        ), token

    @staticmethod
    def digest_of(token: str) -> str:
        """SHA-256 in hex: enough for a random token of 256 bits."""
        return hashlib.sha256(token.encode()).hexdigest()


class AccessKey(Credential):
    """A key that signs requests to the S3 Control API."""

    access_key_id = models.CharField(max_length=20, unique=True, editable=False)
    sealed_secret = models.TextField(editable=False)

    def __str__(self) -> str:
        return self.access_key_id

    @property
    def name(self) -> str:
        """How events call it."""
        return f"key {self.access_key_id}"

    @classmethod
    def issue(
        cls,
        user: User,
        *,
        label: str = "",
        expires_at: datetime | None = None,
        made_with: str = "",
    ) -> tuple[AccessKey, str]:
        """Make a key; the row, and the secret, which cannot be shown again. Both look like AWS's:
        20 and 40 characters.
        """
        access_key_id = "LADING" + "".join(secrets.choice(BASE_32) for _ in range(14))
        secret = secrets.token_urlsafe(30)
        key = cls(
            user=user,
            access_key_id=access_key_id,
            label=label,
            expires_at=expires_at,
            made_with=made_with,
        )
        key.sealed_secret = secrecy.seal(secret)
        key.save(force_insert=True)
        return key, secret

    @property
    def secret_access_key(self) -> str:
        """The secret in the clear, to verify a signature with."""
        return secrecy.unseal(self.sealed_secret)
