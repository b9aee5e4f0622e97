"""Who may do what with an object, for the operations that say so (spec.md 5.1 and 5.4)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, WithJsonSchema

from operations.base import Parameters
from operations.parameters import ShortText


def unquoted(text: str) -> str:
    if '"' in text:
        raise ValueError('a double quote (") may not stand here')
    return text


class Grantee(Parameters):
    """Whom a grant is for."""

    type_identifier: Literal["id", "emailAddress", "uri"] = Field(
        title="Kind of grantee",
        description="id: an account's canonical user id. uri: a predefined group. "
        "emailAddress: an account's e-mail address.",
    )
    identifier: Annotated[ShortText, AfterValidator(unquoted)] = Field(
        title="Grantee", description="The canonical user id, group URI or e-mail address."
    )
    display_name: Annotated[str, Field(min_length=1, max_length=1024)] | None = Field(
        default=None,
        title="Display name",
        description="For people to read; not sent to the store.",
    )


def object_permission(permission: str) -> str:
    if permission == "WRITE":
        raise ValueError(
            "WRITE has no meaning for an object, only for a bucket; "
            "give READ, READ_ACP, WRITE_ACP or FULL_CONTROL"
        )
    return permission


class Grant(Parameters):
    """A permission for a grantee."""

    grantee: Grantee = Field(title="Grantee", description="Whom the permission is for.")
    permission: Annotated[
        Literal["FULL_CONTROL", "READ", "WRITE", "READ_ACP", "WRITE_ACP"],
        AfterValidator(object_permission),
        WithJsonSchema(
            {"enum": ["FULL_CONTROL", "READ", "READ_ACP", "WRITE_ACP"], "type": "string"}
        ),
    ] = Field(
        title="Permission",
        description="READ the object, READ_ACP or WRITE_ACP its ACL, or FULL_CONTROL of both.",
    )


GRANT_ARGUMENTS = {
    "FULL_CONTROL": "GrantFullControl",
    "READ": "GrantRead",
    "READ_ACP": "GrantReadACP",
    "WRITE_ACP": "GrantWriteACP",
}


def grant_arguments(grants: Iterable[Grant]) -> dict[str, str]:
    """Grants as boto3's arguments, whose values are those of the `x-amz-grant-*` headers.

    Example: {"GrantRead": 'id="abc", uri="http://acs.amazonaws.com/groups/global/AllUsers"'}.
    """
    arguments: dict[str, list[str]] = {}
    for grant in grants:
        grantee = f'{grant.grantee.type_identifier}="{grant.grantee.identifier}"'
        arguments.setdefault(GRANT_ARGUMENTS[grant.permission], []).append(grantee)
    return {name: ", ".join(grantees) for name, grantees in arguments.items()}


GRANTEES = {
    "id": ("CanonicalUser", "ID"),
    "uri": ("Group", "URI"),
    "emailAddress": ("AmazonCustomerByEmail", "EmailAddress"),
}
"""The kind of grantee → S3's type of it, and the member that holds the identifier."""


def grant_list(grants: Iterable[Grant]) -> list[dict[str, Any]]:
    """Grants as boto3's `AccessControlPolicy` has them: the list in the body of PutObjectAcl."""
    return [
        {
            "Grantee": {"Type": kind, member: grant.grantee.identifier},
            "Permission": grant.permission,
        }
        for grant in grants
        for kind, member in [GRANTEES[grant.grantee.type_identifier]]
    ]
