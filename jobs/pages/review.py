"""What exactly a new job will do, in words, before it is created."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from jobs import services
from jobs.manifests.hints import objects_of
from jobs.members import account_of
from jobs.pages.equivalents import Equivalent, equivalents
from jobs.pages.essence import Phrase, essence
from jobs.pages.listing_shown import Told, asked_of
from jobs.pages.members import described
from jobs.pages.policy import BUCKET, DESTINATION, Allowed, policy_of
from jobs.requests import JobRequest
from operations import OPERATION_BY_NAME
from operations.parameters import bucket_of

if TYPE_CHECKING:
    from django.contrib.auth.models import User

    from jobs.accounts import Role
    from jobs.pages.forms import JobForm
    from jobs.pages.lists import Look
    from jobs.probing import Row
    from operations import Operation

NOT_COUNTED = "a number of objects that is known once the list has been read"


@dataclass(frozen=True)
class Review:
    """A form without fault, as the last step shows it."""

    user: User
    form: JobForm
    look: Look
    base_url: str

    @cached_property
    def _parsed(self) -> tuple[JobRequest, Operation]:
        return JobRequest.parse(self.form.request())

    @property
    def request(self) -> JobRequest:
        """The job as it is asked for."""
        return self._parsed[0]

    @property
    def label(self) -> str:
        """What is done to each object."""
        return self._parsed[1].label

    @property
    def essence(self) -> list[Phrase]:
        """By which parameters, in a few words."""
        return essence(self._parsed[1])

    @property
    def about(self) -> str:
        """The same in a sentence."""
        return self.form.parameters.about

    @property
    def caution(self) -> str:
        """What its parameters mean, where that is easily overlooked."""
        return self._parsed[1].caution

    @property
    def parameters(self) -> list[tuple[str, str]]:
        """With which parameters."""
        return described(self._parsed[1])

    @cached_property
    def role(self) -> Role:
        """Who does it."""
        return services.role_of(self.user, self.form.cleaned_data["role"])

    @cached_property
    def finding(self) -> Row:
        """What is known of the store."""
        name = self.request.operation
        return next(row for row in services.matrix(self.role) if row.name == name)

    @property
    def objects(self) -> str:
        """To how many, as exactly as that is known."""
        if sample := self.look.sample:
            count = objects_of(sample.rows, versions=self._lists_versions)
            return count if sample.complete else f"at least {count}" if sample.rows else NOT_COUNTED
        if self.tasks:
            count = self.tasks["count"]
            return objects_of(1) if count == 1 else f"the objects of {count:,} tasks"
        return (self.look.findings.objects if self.look.findings else "") or NOT_COUNTED

    @property
    def is_counted(self) -> bool:
        """False where only the beginning was read."""
        seen = self.look.sample or self.look.findings
        return bool(self.tasks or (seen and seen.complete))

    @property
    def tasks(self) -> dict[str, Any]:
        """Which tasks of another job; empty where it is another list."""
        manifest = self.look.manifest
        return (manifest.selection or {}) if manifest else {}

    @property
    def bucket(self) -> str:
        """In which bucket, where that is known."""
        if generator := self.request.manifest_generator:
            return generator.bucket
        if self.look.manifest and self.look.manifest.parent:
            return self.look.manifest.parent.source_bucket
        found = self.look.findings
        return found.buckets[0] if found and found.buckets else ""

    @property
    def listing(self) -> Told:
        """What is taken of a bucket that is listed."""
        if (generator := self.request.manifest_generator) is None:
            return []
        return asked_of(generator, every_version=self._lists_versions)

    @property
    def _lists_versions(self) -> bool:
        """Whether a row of the listing is a version."""
        request, operation = self._parsed
        generator = request.manifest_generator
        return bool(generator and (generator.include_versions or operation.needs_versions))

    @property
    def list_name(self) -> str:
        """Which list."""
        return self.look.manifest.location if self.look.manifest else f"s3://{self.bucket}/"

    @property
    def report(self) -> str:
        """Where the report goes; "" for nowhere."""
        report = self.request.report
        if not report.enabled:
            return ""
        folder = f"{report.prefix.strip('/')}/" if report.prefix else ""
        return f"s3://{report.bucket}/{folder}job-…/"

    @cached_property
    def equivalents(self) -> list[Equivalent]:
        """The same job as commands, against this server; a list in S3 is pinned as it was seen."""
        request = self.form.request()
        if self.look.manifest and self.look.manifest.bucket and request.get("manifest"):
            request["manifest"] = request["manifest"] | {"etag": self.look.manifest.etag}
        return equivalents(request, account_id=account_of(self.user), base_url=self.base_url)

    @property
    def policy(self) -> str:
        """What the role must be allowed, as a policy of IAM."""
        request, operation = self._parsed
        target = getattr(operation, "target_resource", "")
        return policy_of(
            OPERATION_BY_NAME[request.operation],
            bucket=self.bucket or BUCKET,
            destination=bucket_of(target) if target else DESTINATION,
            more={**self._list_allowed(), **self._report_allowed()},
        )

    def _list_allowed(self) -> Allowed:
        """For reading the list, or making it."""
        if generator := self.request.manifest_generator:
            versions = ["s3:ListBucketVersions"] if generator.include_versions else []
            found = {f"arn:aws:s3:::{self.bucket}": ["s3:ListBucket", *versions]}
            if saved := generator.manifest_output_location:
                found[f"{saved.bucket}/*"] = ["s3:PutObject", "s3:GetObject"]
            return found
        manifest = self.look.manifest
        if manifest is None or not manifest.bucket:
            return {}
        # The data files of an inventory lie where its manifest.json says, in the same bucket.
        is_inventory = manifest.format == manifest.Format.INVENTORY
        key = "*" if is_inventory else manifest.key
        return {f"arn:aws:s3:::{manifest.bucket}/{key}": ["s3:GetObject", "s3:GetObjectVersion"]}

    def _report_allowed(self) -> Allowed:
        report = self.request.report
        if not report.enabled:
            return {}
        folder = f"{report.prefix.strip('/')}/*" if report.prefix else "*"
        return {f"arn:aws:s3:::{report.bucket}/{folder}": ["s3:PutObject"]}
