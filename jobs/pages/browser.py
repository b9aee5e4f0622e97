"""Looking around in a store from within the form that creates a job."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple, Self

from django.shortcuts import render
from django.views.decorators.http import require_safe

from jobs import services
from jobs.browsing import FoundObject, Place
from jobs.errors import InvalidRequest
from jobs.models import Rank
from jobs.pages.access import PageRequest, for_rank, signed_in
from jobs.pages.manifest_fields import IN_S3, INVENTORY, LISTING

if TYPE_CHECKING:
    from django.contrib.auth.models import User
    from django.http.response import HttpResponseBase

SCHEME = "s3://"
UNTYPABLE = "A form cannot say a name with a line break: make the job through the API."


NEEDED = {
    IN_S3: "manifest_location",
    INVENTORY: "manifest_location",
    LISTING: "listing_bucket",
}
"""What a choice fills in, by the source of the list."""


class Door(NamedTuple):
    """Something to open: what it is called, and what its button asks for."""

    name: str
    asks: str


class Choice(NamedTuple):
    """An object to choose."""

    name: str
    found: FoundObject
    location: str

    @property
    def is_typable(self) -> bool:
        """False where a form would change it on the way."""
        return is_typable(self.location)


def is_typable(text: str) -> bool:
    """True of a text without line breaks: a form sends LF as CR LF, and a field is one line."""
    return not re.search(r"[\r\n]", text)


@dataclass(frozen=True)
class Browser:
    """A page of what is at a place in a store."""

    place: Place
    trouble: str = ""
    unchosen: str = ""
    """What is said beside the button that lists this, where somebody went on without it."""

    @classmethod
    def of(cls, user: User, asked: Mapping[str, str]) -> Self:
        """What the form asks for: `browse` is a page's token, a space and a place; where it is
        empty, the place is what was typed for the list.
        """
        token, _, where = asked.get("browse", "").partition(" ")
        bucket, _, prefix = (where or _typed(asked)).removeprefix(SCHEME).partition("/")
        try:
            place = services.look_around(
                user, asked.get("role", ""), bucket=bucket, prefix=prefix, token=token
            )
        except InvalidRequest as error:
            told = " ".join(text for texts in error.fields.values() for text in texts)
            return cls(Place(bucket=bucket, prefix=prefix), told)
        return cls(place)

    @classmethod
    def left_open(cls, user: User, asked: Mapping[str, str]) -> Self | None:
        """The same of a form that was to go on; None unless it misses what could be chosen here."""
        here, source = asked.get("looking_at", ""), asked.get("source", "")
        if not here or source not in NEEDED or asked.get(NEEDED[source], "").strip():
            return None
        told = unchosen(asked) if source == LISTING else ""
        return replace(
            cls.of(user, {"role": asked.get("role", ""), "browse": f" {here}"}), unchosen=told
        )

    @property
    def here(self) -> str:
        """The place as the form tells it when it goes on; "" where it could not."""
        return (self.location if self.place.bucket else SCHEME) if self.is_typable else ""

    @property
    def location(self) -> str:
        """Where this is, as people write it."""
        return f"{SCHEME}{self.place.bucket}/{self.place.prefix}"

    @property
    def is_typable(self) -> bool:
        """True where a form can say what is to be listed."""
        return is_typable(self.location)

    @property
    def crumbs(self) -> list[Door]:
        """The way here: the store, the bucket, each folder."""
        if not self.place.bucket:
            return []
        way, here = [Door("Buckets", f" {SCHEME}")], f"{SCHEME}{self.place.bucket}/"
        way.append(Door(self.place.bucket, f" {here}"))
        for folder in self.place.prefix.split("/")[:-1]:
            here += f"{folder}/"
            way.append(Door(folder or "/", f" {here}"))
        return way

    @property
    def folders(self) -> list[Door]:
        """What can be opened here."""
        place = self.place
        if not place.bucket:
            return [Door(name, f" {SCHEME}{name}/") for name in place.buckets]
        at = f"{SCHEME}{place.bucket}/"
        return [Door(each[len(place.prefix) :], f" {at}{each}") for each in place.folders]

    @property
    def objects(self) -> list[Choice]:
        """What can be chosen here."""
        at = f"{SCHEME}{self.place.bucket}/"
        start = len(self.place.prefix)
        return [Choice(each.key[start:], each, at + each.key) for each in self.place.objects]

    @property
    def more(self) -> str:
        """What asks for the next page; "" on the last."""
        token = self.place.next_token
        return f"{token} {self.location if self.place.bucket else SCHEME}" if token else ""

    @property
    def is_empty(self) -> bool:
        """True where there is nothing to be seen."""
        return not (self.trouble or self.folders or self.objects)


def _typed(asked: Mapping[str, str]) -> str:
    """Where to begin: the folder of what was typed."""
    if asked.get("source") == LISTING:
        return asked.get("listing_bucket", "").strip()
    location = asked.get("manifest_location", "").strip()
    return location[: location.rfind("/") + 1] if location.startswith(SCHEME) else ""


def unchosen(asked: Mapping[str, str]) -> str:
    """What to say of a place that is open, while nothing in it was chosen; "" where none is. Nobody
    lists a bucket by looking into it.
    """
    here = asked.get("looking_at", "")
    if here in ("", SCHEME) or asked.get("source") not in NEEDED:
        return ""
    if asked.get("source") == LISTING:
        return f"You are looking at {here}. Press “List {here}” to take it, or say which bucket."
    return f"You are looking at {here}. Choose a list in it, or say where it is."


def picked(asked: Mapping[str, str]) -> dict[str, str]:
    """The fields that a choice fills in: an object is a list, a folder is to be listed. Raises
    InvalidRequest where no form can say that.
    """
    for name in ("pick", "pick_folder"):
        if not is_typable(asked.get(name, "")):
            raise InvalidRequest({name: [UNTYPABLE]})
    if location := asked.get("pick", ""):
        return {"manifest_location": location, "manifest_etag": "", "manifest_version_id": ""}
    if folder := asked.get("pick_folder", ""):
        bucket, _, prefix = folder.removeprefix(SCHEME).partition("/")
        return {"listing_bucket": bucket, "prefixes": prefix}
    return {}


@signed_in
@for_rank(Rank.SUBMITTER, "Looking around in a store")
@require_safe
def job_new_browse(request: PageRequest) -> HttpResponseBase:
    """A page of a bucket, for the form that is open in the browser."""
    seen = Browser.of(request.user, request.GET.dict())
    return render(request, "jobs/new/_browser.html", {"browser": seen})
