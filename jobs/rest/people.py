"""Who there is in the JSON API: oneself, and the members of the account."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rest_framework.decorators import api_view
from rest_framework.response import Response

from jobs import services
from jobs.members import Rank, account_of, rank_of
from jobs.rest import bodies, paging
from jobs.rest import representation as show
from jobs.rest import shapes_of_people as shapes
from jobs.rest.parsers import read
from jobs.rest.schema import LOCATION, PAGING, answers, described

if TYPE_CHECKING:
    from django.contrib.auth.models import User
    from rest_framework.request import Request


@described(
    GET=answers("Who asks.", shapes.Me),
)
@api_view(["GET"])
def me(request: Request) -> Response:
    """Who asks: name, account and rank, and the credential that is used."""
    credential = vars(request.user).get("with_credential")
    shown: shapes.Me = {
        "name": request.user.get_username(),
        "account": account_of(request.user),
        "rank": rank_of(request.user) or Rank.VIEWER,
        "superuser": request.user.is_superuser,
        "credential": credential.name if credential else None,
    }
    return Response(shown)


@described(
    GET=answers("The members of the account, by name.", shapes.MemberPage, parameters=PAGING),
    POST=answers(
        "Let a new person in.",
        shapes.Member,
        status=201,
        body=bodies.NewMember,
        parameters=(LOCATION,),
    ),
)
@api_view(["GET", "POST"])
def members(request: Request) -> Response:
    """The members of the account, by name; a POST lets a new person in."""
    if request.method == "POST":
        given = read(request, bodies.NewMember)
        made = services.add_member(request.user, given.username, given.password, given.rank)
        response = Response(_shown(made, request), status=201)
        response["Location"] = show.url(request, "member", made.username)
        return response
    rows = services.members_of(request.user)
    return paging.in_order(request, rows, lambda row: _shown(row, request), by="username")


@described(
    GET=answers("One member.", shapes.Member),
)
@api_view(["GET"])
def member(request: Request, name: str) -> Response:
    """One member."""
    return Response(_shown(services.member_of(request.user, name), request))


@described(
    POST=answers("Change what a member may do.", shapes.Member, body=bodies.RankOrder),
)
@api_view(["POST"])
def rank(request: Request, name: str) -> Response:
    """Change what a member may do to that of {"rank"}."""
    given = read(request, bodies.RankOrder)
    return Response(_shown(services.set_rank(request.user, name, given.rank), request))


@described(
    POST=answers("Shut a member out.", shapes.Member, body=bodies.Empty),
)
@api_view(["POST"])
def shut_out(request: Request, name: str) -> Response:
    """End every session, token and key of a member; they may be let in again."""
    read(request, bodies.Empty)
    return Response(_shown(services.set_active(request.user, name, active=False), request))


@described(
    POST=answers("Let a member in again.", shapes.Member, body=bodies.Empty),
)
@api_view(["POST"])
def let_in(request: Request, name: str) -> Response:
    """Let a member in again who was shut out."""
    read(request, bodies.Empty)
    return Response(_shown(services.set_active(request.user, name, active=True), request))


def _shown(row: User, request: Request) -> shapes.Member:
    return {
        "name": row.username,
        "url": show.url(request, "member", row.username),
        "rank": _rank(row),
        "superuser": row.is_superuser,
        "active": row.is_active,
        "last_login": row.last_login,
        "joined_at": row.date_joined,
    }


def _rank(row: User) -> Rank:
    """What they may do, or might if they were let in again."""
    if row.is_superuser:
        return Rank.ADMINISTRATOR
    member = getattr(row, "member", None)
    return Rank(member.rank) if member else Rank.VIEWER
