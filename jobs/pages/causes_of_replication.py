"""What the failure codes of Replicate mean: AWS's for replication events, which tell the side and
the step at which it failed, and our own.
"""

from __future__ import annotations

import re

KNOWN = {
    "DstBucketInvalidRegion": "The destination bucket is in another region than its rule says.",
    "DstBucketNotFound": "The destination bucket is not there.",
    "DstBucketObjectLockConfigMissing": "The source is locked and the destination bucket has no "
    "Object Lock.",
    "DstBucketUnversioned": "The destination bucket keeps no versions. Switch versioning on and "
    "retry.",
    "DstKmsKeyInvalidState": "The destination's KMS key is disabled or about to be deleted.",
    "DstKmsKeyNotFound": "The KMS key that the replication rule names is not there.",
    "DstVersionNotOlder": "The destination has a version of this key that may be newer; a replica "
    "would hide it.",
    "SrcBucketNotFound": "The source bucket is not there.",
    "SrcBucketReplicationConfigMissing": "The source bucket has no replication rule that is "
    "enabled.",
    "SrcObjectNotEligible": "No replication rule of the bucket is for this object, or it is a "
    "replica itself.",
    "SrcObjectNotFound": "The version is not there any more.",
    "InitiateReplicationNotPermitted": "The role may not replicate from this bucket: it needs "
    "s3:InitiateReplication and s3:GetReplicationConfiguration.",
}

STEPS = {
    "GetObject": "read the object",
    "GetTagging": "read its tags",
    "GetAcl": "read its ACL",
    "GetRetention": "read its retention",
    "GetLegalHold": "read its legal hold",
    "PutObject": "write the object",
    "PutTagging": "write its tags",
    "PutAcl": "write its ACL",
    "PutRetention": "write its retention",
    "PutLegalHold": "write its legal hold",
    "DelObj": "delete the object",
    "MultipartInit": "begin an upload in parts",
    "MultipartUpload": "upload a part",
    "MultipartComplete": "end an upload in parts",
}
SIDES = {"Src": "source", "Dst": "destination"}


def cause_of_replication(error_code: str) -> str | None:
    """In plain words; None where the code is not one of these."""
    if known := KNOWN.get(error_code):
        return known
    found = re.fullmatch(r"(Src|Dst)(\w+)NotPermitted", error_code)
    if found is None or found[2] not in STEPS:
        return None
    side = SIDES[found[1]]
    return (
        f"The role's credentials may not {STEPS[found[2]]} at the {side}. Look at its policy and "
        f"at that of the {side} bucket."
    )
