"""Replace ACL: give each object exactly this access control list (spec.md 5.4)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Self

from pydantic import Field, model_validator

from operations.base import Operation, Parameters, Target, snake
from operations.grants import Grant, grant_list
from operations.parameters import CannedAccessControlList, ShortText

ONE_OF_BOTH = "Give either a canned ACL, or an owner and grants."


class Owner(Parameters):
    """The account that the objects belong to. An ACL cannot change it, but has to name it."""

    id: ShortText = Field(
        alias="ID", title="Owner", description="The canonical user id of the objects' owner."
    )
    display_name: ShortText | None = Field(
        default=None,
        title="Display name",
        description="For people to read; not sent to the store.",
    )


class AccessControlList(Parameters):
    """A list of grants, with the owner that S3 wants to read beside it."""

    owner: Owner = Field(
        title="Owner", description="Whose objects they are; an ACL cannot change it."
    )
    grants: tuple[Grant, ...] | None = Field(
        default=(),
        title="Grants",
        description="Who may do what. They replace all grants that an object has: without any, "
        "nobody keeps access, and the owner may only give it again.",
    )


class AccessControlPolicy(Parameters):
    """Either a canned ACL or a list."""

    canned_access_control_list: CannedAccessControlList | None = Field(
        default=None,
        title="Canned ACL",
        description="Ready-made access. Without it, give a list below.",
    )
    access_control_list: AccessControlList | None = Field(
        default=None,
        title="Access control list",
        description="An owner and grants of your own, in place of a canned ACL.",
    )

    @model_validator(mode="before")
    @classmethod
    def is_not_both(cls, given: Any) -> Any:
        # Before the list is looked at: that it has no owner is not what is wrong then.
        if isinstance(given, Mapping):
            named = {snake(name) for name, value in given.items() if value is not None}
            if {"canned_access_control_list", "access_control_list"} <= named:
                raise ValueError(ONE_OF_BOTH)
        return given

    @model_validator(mode="after")
    def is_one_of_both(self) -> Self:
        if (self.canned_access_control_list is None) == (self.access_control_list is None):
            raise ValueError(ONE_OF_BOTH)
        return self


class PutObjectAcl(Operation):
    """Replace the access control list of each object by a canned one or by your own."""

    name: ClassVar[str] = "S3PutObjectAcl"
    label: ClassVar[str] = "Replace access control list (ACL)"
    call: ClassVar[str] = "put_object_acl"
    permissions: ClassVar[tuple[str, ...]] = ("s3:PutObjectAcl", "s3:PutObjectVersionAcl")

    access_control_policy: AccessControlPolicy = Field(
        title="Access", description="A canned ACL, or an owner and grants."
    )

    def request(self, target: Target) -> dict[str, Any]:
        """The canned ACL, which is a header, or the owner and the grants, which are the body."""
        policy = self.access_control_policy
        if policy.access_control_list is None:
            return {**target.address, "ACL": policy.canned_access_control_list}
        given = policy.access_control_list
        return {
            **target.address,
            "AccessControlPolicy": {
                "Owner": {"ID": given.owner.id},
                "Grants": grant_list(given.grants or ()),
            },
        }
