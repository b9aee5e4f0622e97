"""Everything that can be done to an object, in the order of the menu."""

from operations.base import Operation
from operations.compute_object_checksum import ComputeObjectChecksum
from operations.delete_object_tagging import DeleteObjectTagging
from operations.initiate_restore_object import InitiateRestoreObject
from operations.lambda_invoke import LambdaInvoke
from operations.put_object_acl import PutObjectAcl
from operations.put_object_copy import PutObjectCopy
from operations.put_object_legal_hold import PutObjectLegalHold
from operations.put_object_retention import PutObjectRetention
from operations.put_object_tagging import PutObjectTagging
from operations.replicate_object import ReplicateObject
from operations.update_object_encryption import UpdateObjectEncryption

__all__ = [
    "OPERATIONS",
    "OPERATION_BY_NAME",
    "ComputeObjectChecksum",
    "DeleteObjectTagging",
    "InitiateRestoreObject",
    "LambdaInvoke",
    "Operation",
    "PutObjectAcl",
    "PutObjectCopy",
    "PutObjectLegalHold",
    "PutObjectRetention",
    "PutObjectTagging",
    "ReplicateObject",
    "UpdateObjectEncryption",
]

OPERATIONS: tuple[type[Operation], ...] = (
    PutObjectCopy,
    LambdaInvoke,
    PutObjectTagging,
    DeleteObjectTagging,
    PutObjectAcl,
    InitiateRestoreObject,
    PutObjectRetention,
    PutObjectLegalHold,
    ReplicateObject,
    ComputeObjectChecksum,
    UpdateObjectEncryption,
)

OPERATION_BY_NAME: dict[str, type[Operation]] = {
    operation.name: operation for operation in OPERATIONS
}
