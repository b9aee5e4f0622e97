"""Tokens and access keys in the JSON API. A secret stands in the answer that makes it alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from django.utils import timezone
from rest_framework.decorators import api_view
from rest_framework.response import Response

from jobs import services
from jobs.keys import CredentialRequest
from jobs.rest import bodies, paging
from jobs.rest import representation as show
from jobs.rest import shapes_of_people as shapes
from jobs.rest.parsers import body, read
from jobs.rest.schema import PAGING, answers, described

if TYPE_CHECKING:
    from rest_framework.request import Request

    from jobs.credentials import AccessKey, ApiToken, Credential


@described(
    GET=answers("Tokens, newest first.", shapes.TokenPage, parameters=PAGING),
    POST=answers("Make a token.", shapes.NewToken, status=201, body=CredentialRequest),
)
@api_view(["GET", "POST"])
def tokens(request: Request) -> Response:
    """One's own tokens, newest first, and for administrators those of all members; a POST makes
    one, which is shown this once.
    """
    if request.method == "POST":
        made, token = services.issue_token(request.user, body(request))
        return _made({**_token(made, request), "token": token})
    rows = services.tokens_of(request.user)
    return paging.newest_first(request, rows, lambda row: _token(row, request))


@described(
    POST=answers("End a token.", shapes.Token, body=bodies.Empty),
)
@api_view(["POST"])
def revoke_token(request: Request, pk: int) -> Response:
    """End a token at once."""
    read(request, bodies.Empty)
    return Response(_token(services.revoke_token(request.user, pk), request))


@described(
    GET=answers("Access keys, newest first.", shapes.AccessKeyPage, parameters=PAGING),
    POST=answers("Make an access key.", shapes.NewAccessKey, status=201, body=CredentialRequest),
)
@api_view(["GET", "POST"])
def access_keys(request: Request) -> Response:
    """One's own access keys, newest first, and for administrators those of all members; a POST
    makes one, whose secret is shown this once.
    """
    if request.method == "POST":
        made, secret = services.issue_access_key(request.user, body(request))
        return _made({**_access_key(made, request), "secret_access_key": secret})
    rows = services.access_keys_of(request.user)
    return paging.newest_first(request, rows, lambda row: _access_key(row, request))


@described(
    POST=answers("End an access key.", shapes.AccessKey, body=bodies.Empty),
)
@api_view(["POST"])
def revoke_access_key(request: Request, access_key_id: str) -> Response:
    """End an access key at once."""
    read(request, bodies.Empty)
    return Response(_access_key(services.revoke_access_key(request.user, access_key_id), request))


def _made(shown: shapes.NewToken | shapes.NewAccessKey) -> Response:
    """The only answer with a secret: nobody on the way may keep it."""
    return Response(shown, status=201, headers={"Cache-Control": "no-store"})


def _token(row: ApiToken, request: Request) -> shapes.Token:
    address = show.url(request, "token_revoke", row.pk)
    return {"id": row.pk, **_credential(row, address)}


def _access_key(row: AccessKey, request: Request) -> shapes.AccessKey:
    address = show.url(request, "access_key_revoke", row.access_key_id)
    return {"access_key_id": row.access_key_id, **_credential(row, address)}


def _credential(row: Credential, address: str) -> shapes.Credential:
    return {
        "user": row.user.get_username(),
        "label": row.label,
        "state": cast("shapes.State", row.state(timezone.now())),
        "created_at": row.created_at,
        "expires_at": row.expires_at,
        "last_used_at": row.last_used_at,
        "revoked_at": row.revoked_at,
        "revoke_url": address,
    }
