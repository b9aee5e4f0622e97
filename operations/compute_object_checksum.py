"""Compute checksum: read each object and report its checksum; nothing is written (spec.md 5.10)."""

from __future__ import annotations

import base64
import binascii
import json
import re
import uuid
from dataclasses import replace
from typing import Any, ClassVar, Literal, NamedTuple, Self

from botocore.exceptions import ClientError, FlexibleChecksumError
from pydantic import Field, model_validator

from operations.base import SUCCESSFUL, Again, Operation, Outcome, Store, Target
from operations.checksums import CHECKSUMS
from operations.parameters import ChecksumAlgorithm
from operations.perform import failure, refusal_of

BLOCK = 1024 * 1024
"""How much of an object is in memory at a time."""
NO_OBJECT = {"NoSuchKey", "NoSuchVersion", "404"}
PARTS = re.compile(r"-(\d+)$")
"""What the ETag of an object that was uploaded in parts ends with."""


class PartsUnknown(Exception):
    """The object was uploaded in parts, and the store does not tell which."""


class Content:
    """What an object holds, read block by block.

    botocore compares it with the checksum that the store keeps, and raises after the last byte. To
    find such objects is what the operation is for, so that here reading just ends.
    """

    def __init__(self, body: Any) -> None:
        self._body = body
        self.is_as_stored = True

    def read(self, size: int) -> bytes:
        """The next bytes; none at the end."""
        try:
            block: bytes = self._body.read(size)
        except FlexibleChecksumError:
            self.is_as_stored = False
            return b""
        except binascii.Error:  # what the store keeps is no checksum, so there is none to break
            return b""
        return block


class Found(NamedTuple):
    """What reading an object told."""

    etag: str
    digest: bytes
    is_as_stored: bool


class ComputeObjectChecksum(Operation):
    """Read each object and put its checksum into the completion report."""

    name: ClassVar[str] = "S3ComputeObjectChecksum"
    label: ClassVar[str] = "Compute checksum"
    permissions: ClassVar[tuple[str, ...]] = (
        *("s3:GetObject", "s3:GetObjectVersion", "s3:RestoreObject"),
    )
    largest_slice: ClassVar[int] = 100
    needs_report: ClassVar[bool] = True

    checksum_algorithm: ChecksumAlgorithm = Field(
        default="CRC64NVME", title="Algorithm", description="How the checksum is computed."
    )
    checksum_type: Literal["FULL_OBJECT", "COMPOSITE"] = Field(
        default="FULL_OBJECT",
        title="Type",
        description="FULL_OBJECT: of the whole content. COMPOSITE: of the checksums of the parts "
        "that the object was uploaded in.",
    )

    @model_validator(mode="after")
    def fits_together(self) -> Self:
        if self.checksum_algorithm == "CRC64NVME" and self.checksum_type == "COMPOSITE":
            raise ValueError("CRC64NVME has the type FULL_OBJECT only.")
        return self

    def run(self, store: Store, target: Target) -> Outcome:
        """Read one object. A stream that breaks off is a fault, and tried again from its start.

        Content that is not what the store keeps a checksum of is read a second time, since it may
        have been damaged on the way. An object that is damaged itself gets the same again.
        """
        try:
            found = self.read(store, target)
            if not found.is_as_stored:
                found = self.read(store, target)
        except ClientError as error:
            return unreadable(refusal_of(error), error.response["Error"].get("Message", ""))
        except PartsUnknown:
            return failed("501", "The store does not tell the parts of the object")
        if not found.is_as_stored:
            return self.damaged(found)
        return replace(SUCCESSFUL, message=self.message(found.etag, found.digest))

    def read(self, store: Store, target: Target) -> Found:
        """Read the object once."""
        is_composite = self.checksum_type == "COMPOSITE"
        return self.composite(store, target) if is_composite else self.full(store, target)

    def full(self, store: Store, target: Target) -> Found:
        """The checksum of all of the object."""
        reply = store.s3.get_object(**target.address)
        content = Content(reply["Body"])
        checksum = CHECKSUMS[self.checksum_algorithm]()
        while block := content.read(BLOCK):
            checksum.update(block)
        return Found(reply.get("ETag", ""), checksum.digest(), content.is_as_stored)

    def composite(self, store: Store, target: Target) -> Found:
        """The checksum of the checksums of the object's parts.

        The parts' sizes are asked first; then the object is read in one go.
        """
        head = store.s3.head_object(**target.address)
        if "ETag" not in head:
            raise PartsUnknown
        sizes = part_sizes(store, target, head["ETag"], head["ContentLength"])
        reply = store.s3.get_object(**target.address, IfMatch=head["ETag"])
        content = Content(reply["Body"])
        whole = CHECKSUMS[self.checksum_algorithm]()
        for size in sizes:
            part = CHECKSUMS[self.checksum_algorithm]()
            while size > 0 and (block := content.read(min(BLOCK, size))):
                part.update(block)
                size -= len(block)
            whole.update(part.digest())
        content.read(1)  # only a read after the last byte tells whether the stream broke off
        return Found(head["ETag"], whole.digest(), content.is_as_stored)

    def damaged(self, found: Found) -> Outcome:
        """The failure of an object that does not hold what the store keeps a checksum of.

        AWS has no words for it; these name S3's own code, and what was computed.
        """
        text = "BadDigest: The content is not that of the checksum stored with the object"
        computed = f"{self.checksum_algorithm} {self.checksum_type} {found.digest.hex().upper()}"
        return failed("400", f"{text}. Computed of the content: {computed}")

    def message(self, etag: str, digest: bytes) -> str:
        """The checksum as AWS's reports have it."""
        told = {
            "checksum_base64": base64.b64encode(digest).decode(),
            "etag": etag.strip('"'),
            "checksumAlgorithm": self.checksum_algorithm,
            "checksumType": self.checksum_type,
            "checksum_hex": digest.hex().upper(),
        }
        return as_aws_writes(told)


def part_sizes(store: Store, target: Target, etag: str, size: int) -> list[int]:
    """The size of each part; the whole object where it was not uploaded in parts.

    A change meanwhile is found out when the object is read by its ETag. Raises PartsUnknown.
    """
    match = PARTS.search(etag.strip('"'))
    if match is None:
        return [size]
    sizes = []
    for number in range(1, int(match[1]) + 1):
        part = store.s3.head_object(**target.address, PartNumber=number)
        sizes.append(part["ContentLength"])
    if sum(sizes) != size:
        raise PartsUnknown
    return sizes


def unreadable(refused: Outcome, message: str) -> Outcome:
    """A refusal of the store in the words of AWS's reports; it is tried again as any other."""
    status = str(refused.http_status)
    if refused.error_code in NO_OBJECT:
        return failed(status, "Key not found", refused.again)
    return failed(status, f"{refused.error_code}: {message}", refused.again)


def failed(code: str, text: str, again: Again = Again.NEVER) -> Outcome:
    told = {"failureMessage": f"Task {uuid.uuid4()} {text}", "errorCode": code}
    return failure(200, "PermanentFailure", f"error details: {as_aws_writes(told)}", again)


def as_aws_writes(members: dict[str, Any]) -> str:
    """JSON without spaces, and with what HTML gives a meaning to escaped as \\u003d."""
    text = json.dumps(members, separators=(",", ":"))
    for char in "=<>&'":
        text = text.replace(char, f"\\u{ord(char):04x}")
    return text
