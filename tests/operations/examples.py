"""For each operation a request that gives every parameter, in the names and the form of AWS.

Where two parameters exclude each other there are two requests.
"""

from __future__ import annotations

from typing import Any

MOMENT = "2030-01-02T03:04:05Z"
KEY_ARN = "arn:aws:kms:eu-west-1:111122223333:key/11111111-2222-3333-4444-555555555555"
GRANTS = [
    {
        "Grantee": {"TypeIdentifier": kind, "Identifier": identifier, "DisplayName": "x"},
        "Permission": permission,
    }
    for kind, identifier, permission in (
        ("id", "0a1b2c", "FULL_CONTROL"),
        ("uri", "http://acs.amazonaws.com/groups/global/AllUsers", "READ"),
        ("emailAddress", "ada@example.org", "WRITE_ACP"),
    )
]
COPY = {
    "TargetResource": "arn:aws:s3:::archive",
    "TargetKeyPrefix": "copies",
    "AccessControlGrants": GRANTS,
    "MetadataDirective": "REPLACE",
    "AnnotationDirective": "EXCLUDE",
    "ModifiedSinceConstraint": MOMENT,
    "UnModifiedSinceConstraint": MOMENT,
    "NewObjectMetadata": {
        "CacheControl": "no-cache",
        "ContentDisposition": "inline",
        "ContentEncoding": "gzip",
        "ContentLanguage": "en",
        "ContentType": "text/plain",
        "HttpExpiresDate": MOMENT,
        "UserMetadata": {"team": "ops"},
        "SSEAlgorithm": "KMS",
        "ContentLength": 5,
        "ContentMD5": "1B2M2Y8AsgTpgAmY7PhCfg==",
        "RequesterCharged": False,
    },
    "NewObjectTagging": [{"Key": "k", "Value": "v"}],
    "RedirectLocation": "/a",
    "RequesterPays": True,
    "StorageClass": "STANDARD_IA",
    "SSEAwsKmsKeyId": KEY_ARN,
    "BucketKeyEnabled": True,
    "ChecksumAlgorithm": "CRC32C",
    "ObjectLockMode": "COMPLIANCE",
    "ObjectLockRetainUntilDate": MOMENT,
    "ObjectLockLegalHoldStatus": "ON",
    "ObjectLockEventHold": "OFF",
    "ObjectLockEventHoldDuration": {"Years": 1},
}

EXAMPLES: dict[str, list[dict[str, Any]]] = {
    "S3PutObjectCopy": [
        COPY,
        {
            "TargetResource": "arn:aws:s3:::archive",
            "CannedAccessControlList": "private",
            "ObjectLockEventHold": "ON",
            "ObjectLockEventHoldDuration": {"Days": 30},
        },
    ],
    "LambdaInvoke": [
        {
            "FunctionArn": "arn:aws:lambda:eu-west-1:111122223333:function:resize:live",
            "InvocationSchemaVersion": "2.0",
            "UserArguments": {"mode": "fast"},
        }
    ],
    "S3PutObjectTagging": [{"TagSet": [{"Key": "team", "Value": "ops"}]}, {"TagSet": []}],
    "S3DeleteObjectTagging": [{}],
    "S3PutObjectAcl": [
        {
            "AccessControlPolicy": {
                "AccessControlList": {
                    "Owner": {"ID": "0a1b2c", "DisplayName": "me"},
                    "Grants": GRANTS,
                }
            }
        },
        {"AccessControlPolicy": {"CannedAccessControlList": "public-read"}},
    ],
    "S3InitiateRestoreObject": [{"ExpirationInDays": 7, "GlacierJobTier": "BULK"}, {}],
    "S3PutObjectRetention": [
        {
            "BypassGovernanceRetention": True,
            "Retention": {"RetainUntilDate": MOMENT, "Mode": "GOVERNANCE"},
        },
        {
            "Retention": {
                "Mode": "COMPLIANCE",
                "EventHold": "ON",
                "EventHoldDuration": {"Days": 30},
            }
        },
        {"Retention": {"EventHold": "OFF", "EventHoldDuration": {"Years": 1}}},
        {"BypassGovernanceRetention": True, "Retention": {}},
    ],
    "S3PutObjectLegalHold": [{"LegalHold": {"Status": "ON"}}],
    "S3ReplicateObject": [{}],
    "S3ComputeObjectChecksum": [{"ChecksumAlgorithm": "CRC64NVME", "ChecksumType": "FULL_OBJECT"}],
    "S3UpdateObjectEncryption": [
        {"ObjectEncryption": {"SSEKMS": {"KMSKeyArn": KEY_ARN, "BucketKeyEnabled": True}}}
    ],
}
