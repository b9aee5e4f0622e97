"""As whom Lading reaches a store: roles."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from botocore.utils import is_valid_endpoint_url, is_valid_ipv6_endpoint_url
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models

from jobs import reach, secrecy
from jobs.members import ACCOUNT_ID

ROLE_NAME = RegexValidator(
    r"^[\w+=,.@-]{1,64}\Z", "A role's name has 1 to 64 letters, digits or any of +=,.@_-."
)
AWS_HOST = re.compile(
    r"(^|\.)s3[a-z0-9-]*(\.(dualstack|vpce|[a-z]{2}(-[a-z]+)+-\d))*\.(amazonaws\.com(\.cn)?|api\.aws)\Z",
    re.IGNORECASE,
)
"""The hosts of S3. Anybody's machine or gateway may have another name under amazonaws.com."""
SCRATCH_BUCKET = RegexValidator(
    r"^[A-Za-z0-9][A-Za-z0-9._-]{1,253}[A-Za-z0-9]\Z", "This is not a bucket's name."
)
SCRATCH_PREFIX = RegexValidator(
    r"^(?!/)[\w./ -]{0,198}[\w-]/\Z",
    "A prefix has at most 200 letters, digits or any of ._- and ends in a slash.",
)
REGION = RegexValidator(
    r"^(?!\d+\Z)[a-zA-Z0-9]([a-zA-Z0-9-]{0,30}[a-zA-Z0-9])?\Z",
    "A region has a name such as us-east-1.",
)

MOST_REQUESTS_PER_SECOND = 1_000_000
A_CEILING = (MinValueValidator(1), MaxValueValidator(MOST_REQUESTS_PER_SECOND))


def is_endpoint(url: str) -> None:
    """Validate the address of a store as boto3 takes it: also http://store:9000, which URLValidator
    refuses.

    No user or password in it, since it is shown to everybody.
    """
    try:
        parts = urlsplit(url)
        plain = (
            parts.username is None and not parts.query and not parts.fragment and parts.port != 0
        )
    except ValueError:
        plain = False
    reachable = plain and (is_valid_endpoint_url(url) or is_valid_ipv6_endpoint_url(url))
    if not reachable or parts.scheme not in ("http", "https"):
        raise ValidationError(
            "Give http:// or https:// and a host, such as https://s3.example.org:9000."
        )


class Role(models.Model):
    """An identity at a store: where it is, and the credentials for it (design decision 15)."""

    class Addressing(models.TextChoices):
        """How a bucket's name stands in the URL."""

        AUTO = "auto", "Automatic"
        PATH = "path", "In the path"
        VIRTUAL = "virtual", "In the host name"

    account_id = models.CharField(max_length=12, validators=[ACCOUNT_ID])
    name = models.CharField(max_length=64, validators=[ROLE_NAME])
    endpoint_url = models.CharField(
        "endpoint URL",
        blank=True,
        help_text="Empty for AWS.",
        max_length=500,
        validators=[is_endpoint],
    )
    region = models.CharField(max_length=32, default="us-east-1", validators=[REGION])
    access_key_id = models.CharField(max_length=128)
    sealed_secret = models.TextField(editable=False)
    addressing = models.CharField(max_length=7, choices=Addressing, default=Addressing.AUTO)
    requests_per_second = models.PositiveIntegerField(
        blank=True,
        null=True,
        validators=A_CEILING,
        help_text="The most that all jobs together may send to the store. Empty for no ceiling; "
        "where roles of one store differ, the least counts.",
    )
    server = models.CharField(
        max_length=200,
        blank=True,
        editable=False,
        help_text="What the store calls itself (its Server header).",
    )
    scratch_bucket = models.CharField(
        max_length=255,
        blank=True,
        validators=[SCRATCH_BUCKET],
        help_text="Where operations are tried before a first job. Empty: the job's own bucket.",
    )
    scratch_prefix = models.CharField(
        max_length=200,
        default=".lading-probe/",
        validators=[SCRATCH_PREFIX],
        help_text="What the keys of scratch objects begin with; ends in a slash.",
    )
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["account_id", "name"], name="role_name")]
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    @property
    def same_store(self) -> models.Q:
        """The condition on roles that reach the same store: the same endpoint, whoever uses it; at
        AWS the same account and region.
        """
        if not self.endpoint_url:
            return models.Q(endpoint_url="", account_id=self.account_id, region=self.region)
        bare = self.endpoint_url.rstrip("/")
        return models.Q(endpoint_url__in=[bare, f"{bare}/"])

    def clean(self) -> None:
        """Write the endpoint's host as clients send it, and refuse one that is not to be reached.

        What is no endpoint at all is told by its field's own validator.
        """
        try:
            is_endpoint(self.endpoint_url)
        except ValidationError:
            return
        parts = urlsplit(self.endpoint_url)
        self.endpoint_url = parts._replace(netloc=parts.netloc.lower()).geturl()
        in_host = self.addressing == self.Addressing.VIRTUAL
        if told := reach.refusal(self.endpoint_url, in_host=in_host):
            raise ValidationError({"endpoint_url": told})

    @property
    def arn(self) -> str:
        """What CreateJob's RoleArn names."""
        return f"arn:aws:iam::{self.account_id}:role/{self.name}"

    @property
    def endpoint(self) -> str:
        """The endpoint as what is known of a store is filed under; empty for AWS."""
        return self.endpoint_url.rstrip("/")

    @property
    def is_aws(self) -> bool:
        """True at AWS itself, which is the measure and not to be tried."""
        host = urlsplit(self.endpoint_url).hostname or ""
        return not self.endpoint_url or bool(AWS_HOST.search(host))

    @property
    def secret_access_key(self) -> str:
        """The secret in the clear: for stores.py alone."""
        return secrecy.unseal(self.sealed_secret)

    @secret_access_key.setter
    def secret_access_key(self, secret: str) -> None:
        self.sealed_secret = secrecy.seal(secret)
