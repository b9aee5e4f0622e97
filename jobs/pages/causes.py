"""What an error code most likely means, and what helps, in plain words.

Codes are those of S3 (its error list), of botocore's exceptions, and Lading's own.
"""

from __future__ import annotations

from jobs.pages.causes_of_replication import cause_of_replication
from jobs.tasks_of_job import OTHER
from operations.perform import FAULT_CODES, THROTTLE_CODES

FAILED_BY_ITSELF = "The store failed by itself, each time it was asked. A retry later may succeed."

CAUSES = {
    "AccessDenied": "The role's credentials may not do this to the object. Look at its policy, the "
    "bucket's, and the object's ACL and lock.",
    "AllAccessDisabled": "The store has switched off all access to the bucket or the account.",
    "BucketAlreadyExists": "The bucket belongs to somebody else.",
    "ConnectionClosedError": "The store closed the connection before it answered.",
    "ConnectTimeoutError": "The store could not be reached in time: a network or a firewall.",
    "EndpointConnectionError": "Nothing answers at the role's endpoint.",
    "EndpointRefused": "The role's endpoint, or where it leads, is an address that Lading may not "
    "call. An administrator of the server decides which it may (LADING_ENDPOINTS).",
    "EntityTooLarge": "The object is larger than the store copies.",
    "ExpiredToken": "The role's session credentials have expired. Set new ones.",
    "Forbidden": "The role's credentials may not do this to the object.",
    "GlacierExpeditedRetrievalNotAvailable": "No capacity for expedited retrieval now. Retry, or "
    "choose the tier Standard or Bulk.",
    "InternalError": FAILED_BY_ITSELF,
    "InvalidAccessKeyId": "The store does not know the role's access key.",
    "InvalidBucketState": "The bucket lacks what the operation needs, such as Object Lock or "
    "versioning.",
    "InvalidObjectState": "The object's storage class does not allow this: it must be restored "
    "first, or is not archived.",
    "InvalidRange": "The object is smaller than it was when the copy began.",
    "InvalidRequest": "The store refuses this request for this object. Its message tells why.",
    "InvalidTag": "The store does not take these tags: too many, too long, or characters that it "
    "does not allow.",
    "KeyTooLongError": "The key is longer than 1,024 bytes.",
    "KMS.DisabledException": "The KMS key is disabled.",
    "MethodNotAllowed": "The version is a delete marker, or the store does not know the operation.",
    "NoSuchBucket": "The bucket is not there, at this endpoint and in this region.",
    "NoSuchKey": "The object is not there: deleted since the list was made, or its key is encoded "
    "in another way than the list says.",
    "NoSuchUpload": "A copy in parts was ended by somebody else. A retry starts it anew.",
    "NoSuchVersion": "The version is not there any more.",
    "NotFound": "The object or the bucket is not there.",
    "NotImplemented": "The store does not know this operation.",
    "ObjectAlreadyInActiveTierError": "The object is not archived: it can be read as it is.",
    "ObjectLockConfigurationNotFoundError": "The bucket has no Object Lock.",
    "ObjectNotInSourceActiveTierError": "The source is archived. Restore it first.",
    "OperationAborted": "Another change of the same object was under way. A retry may succeed.",
    "PermanentFailure": "The function said that the task failed for good, or the object could not "
    "be read as it is stored. The message tells why.",
    "PermanentRedirect": "The bucket is in another region than the role says.",
    "PreconditionFailed": "The object was changed while it was worked on.",
    "ProxyConnectionError": "The proxy between the workers and the store cannot be reached.",
    "ReadTimeoutError": "The store took the request and did not answer in time. What it did is not "
    "known.",
    "RequestTimeout": "The request took too long to arrive. A retry may succeed.",
    "RequestTimeTooSkewed": "The clocks of the store and of the workers differ by too much.",
    "ResponseParserError": "What answers at the endpoint is not S3, but perhaps a proxy.",
    "RestoreAlreadyInProgress": "The object is being restored already.",
    "ServiceUnavailable": "The store had no capacity for as long as the task was tried.",
    "SSLError": "The store's certificate is not trusted, or TLS failed in another way.",
    "SignatureDoesNotMatch": "The role's secret access key is wrong, or a proxy changes requests.",
    "SlowDown": "The store asked to slow down for as long as the task was tried. Set a speed "
    "ceiling and retry.",
    "TemporaryFailure": "The function asked to be called again later, more often than it is.",
    "TooManyRequests": "The store asked to slow down for as long as the task was tried.",
    "UnsupportedOperation": "The store does not do this with objects of this kind.",
    "WorkerDied": "The worker died at this task again and again. It may have been applied.",
}
CAUSE_OF_OTHER = (
    "Many codes and HTTP statuses: what is beyond the first thousand of them is counted together. "
    "The result of each task tells its own."
)

BY_HTTP_STATUS = {
    0: "No reply came: a connection that broke, or a request that could not be made.",
    301: "The bucket is in another region than the role says.",
    400: "The store cannot read the request for this object. Its message tells why.",
    401: "The store does not accept the role's credentials.",
    403: "The role's credentials may not do this to the object.",
    404: "The object, its version or the bucket is not there.",
    405: "The store does not do this with the object.",
    409: "The object is in a state that does not allow this, or is being changed by others.",
    412: "The object is not what the request expects.",
    429: "The store asked to slow down for as long as the task was tried.",
    501: "The store does not know this operation.",
    503: "The store had no capacity for as long as the task was tried.",
}


def likely_cause(error_code: str, http_status: int) -> str:
    """In plain words; `http_status` is 0 where no reply came."""
    if (error_code, http_status) == OTHER:
        return CAUSE_OF_OTHER
    if known := CAUSES.get(error_code) or cause_of_replication(error_code):
        return known
    if error_code in THROTTLE_CODES:
        return CAUSES["SlowDown"]
    if error_code in FAULT_CODES:
        return CAUSES["InternalError"]
    if error_code.startswith("KMS."):
        return "The KMS key cannot be used: its state, or its policy, does not allow it."
    if known := BY_HTTP_STATUS.get(http_status):
        return known
    if http_status >= 500:
        return FAILED_BY_ITSELF
    return "The store refused the task. Its message tells why."
