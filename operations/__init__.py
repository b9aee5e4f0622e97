"""Everything that can be done to an object, in the order of the menu."""

from operations.base import Operation
from operations.delete_object_tagging import DeleteObjectTagging
from operations.initiate_restore_object import InitiateRestoreObject
from operations.put_object_acl import PutObjectAcl
from operations.put_object_copy import PutObjectCopy
from operations.put_object_legal_hold import PutObjectLegalHold
from operations.put_object_retention import PutObjectRetention
from operations.put_object_tagging import PutObjectTagging
from operations.update_object_encryption import UpdateObjectEncryption

__all__ = ["OPERATIONS", "OPERATION_BY_NAME", "Operation"]

OPERATIONS: tuple[type[Operation], ...] = (
    PutObjectCopy,
    PutObjectTagging,
    DeleteObjectTagging,
    PutObjectAcl,
    InitiateRestoreObject,
    PutObjectRetention,
    PutObjectLegalHold,
    UpdateObjectEncryption,
)

OPERATION_BY_NAME: dict[str, type[Operation]] = {
    operation.name: operation for operation in OPERATIONS
}
