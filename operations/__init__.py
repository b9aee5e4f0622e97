"""Everything that can be done to an object, in the order of the menu."""

from operations.base import Operation
from operations.compute_object_checksum import ComputeObjectChecksum
from operations.lambda_invoke import LambdaInvoke
from operations.put_object_copy import PutObjectCopy
from operations.put_object_tagging import PutObjectTagging
from operations.replicate_object import ReplicateObject

__all__ = ["OPERATIONS", "OPERATION_BY_NAME", "Operation"]

OPERATIONS: tuple[type[Operation], ...] = (
    PutObjectCopy,
    LambdaInvoke,
    PutObjectTagging,
    ReplicateObject,
    ComputeObjectChecksum,
)

OPERATION_BY_NAME: dict[str, type[Operation]] = {
    operation.name: operation for operation in OPERATIONS
}
