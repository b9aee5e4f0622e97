"""One bucket, listed page by page from any place on, and every page checked before it is believed.

Keys are handled in the store's own order. For S3 that is the order of their bytes, for SeaweedFS
that of the components between slashes: there `a/x` comes before `a-b`. A key is *folded* so that
Python orders it as the store does, and unfolded before anybody else sees it.

SeaweedFS 4.48 begins a listing after `a` behind all of `a/`, so only places that end with a slash
are given to it, and it is listed by one thread. Between two pages of versions it loses those of
`a-b` behind `a/x`, so there only a single page is believed.
"""

from __future__ import annotations

from itertools import pairwise
from threading import Lock
from typing import TYPE_CHECKING, Any, NamedTuple

from botocore.exceptions import ClientError

from jobs.errors import JobFailure
from jobs.manifests.pages import Entry, Page, ask
from jobs.manifests.refusals import advised, code_of, is_forbidden, may_pass, status_of

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

SLASH_FIRST = ("SeaweedFS",)
"""Server headers of stores that order keys by the components between slashes."""
EMPTY_PAGES = 100
"""How many pages in a row may list nothing while the store says that there is more."""
NO_SUCH_CALL = {"NotImplemented", "MethodNotAllowed"}


class Position(NamedTuple):
    """A place in a listing: after this key, or after this version of it."""

    key: str = ""
    version_id: str | None = None


class Stretch(NamedTuple):
    """Consecutive entries with folded keys, and where the next ones begin; None at the end."""

    entries: list[Entry]
    end: Position | None


class Lister:
    """Lists objects, or versions, of a bucket; may be used by many threads.

    `order` is how the store orders keys: "bytes", "slashes", or "" until `learn_order` was called.
    """

    def __init__(
        self, s3: S3Client, bucket: str, owner: str = "", *, versions: bool, order: str = ""
    ) -> None:
        self.bucket, self.versions, self.order = bucket, versions, order
        self.listed = 0
        """How many objects have been listed so far, for messages; the caller counts."""
        self._s3 = s3
        self._owner = {"ExpectedBucketOwner": owner} if owner else {}
        self._call = "list_object_versions" if versions else "list_objects_v2"
        self._lock = Lock()

    def learn_order(self) -> None:
        """Find out how the store orders keys, once."""
        with self._lock:
            if not self.order:
                server = self._ask(MaxKeys=1).server
                self.order = "slashes" if server.startswith(SLASH_FIRST) else "bytes"

    @property
    def can_begin_anywhere(self) -> bool:
        """True where a listing may begin after any text, and not only after a key listed before."""
        return self.order == "bytes"

    def fold(self, key: str) -> str:
        """A text that Python orders as the store orders keys. Keys have no NUL."""
        return key.replace("/", "\0") if self.order == "slashes" else key

    def unfold(self, text: str) -> str:
        """The key again."""
        return text.replace("\0", "/") if self.order == "slashes" else text

    def unfolded(self, entries: list[Entry]) -> list[Entry]:
        """The entries with their keys again."""
        if self.order != "slashes":
            return entries
        return [entry._replace(key=self.unfold(entry.key)) for entry in entries]

    def page(self, prefix: str, after: Position, most: int = 1000) -> Stretch:
        """Up to `most` entries that begin with a prefix, after a position; all folded.

        Raises JobFailure for a store that refuses, or does not list as S3 does, and botocore's
        errors for what may pass.
        """
        if self.versions and self.order == "slashes":
            return self._only_page(prefix, after)
        page, begin = self._ask(**self._from(prefix, after, most)), after
        for _ in range(EMPTY_PAGES):
            entries = self._checked(page, prefix, begin)
            if entries or not page.is_truncated:
                return Stretch(entries, self._end(page, entries, begin))
            if not self.versions and page.token:
                more = {**self._from(prefix, Position(), most), "ContinuationToken": page.token}
            else:
                begin = self._end(page, entries, begin) or begin
                more = self._from(prefix, begin, most)
            page = self._ask(**more)
        raise self.odd("it says again and again that there is more, and lists nothing")

    def _only_page(self, prefix: str, after: Position) -> Stretch:
        """What comes after a position in a listing that is one page. Raises JobFailure."""
        page = self._ask(**self._from(prefix, Position(), 1000))
        entries = self._checked(page, prefix, Position())
        if page.is_truncated:
            raise self.odd("it loses versions from one page to the next, and there are over 1,000")
        if not after.key:
            return Stretch(entries, None)
        places = [(entry.key, entry.version_id) for entry in entries]
        if after not in places:
            raise self.odd("the version that it listed last is gone")
        return Stretch(entries[places.index(after) + 1 :], None)

    def first_key(self, prefix: str, after: str) -> str | None:
        """The first key that begins with a prefix and comes after a text; all folded."""
        entries, _ = self.page(prefix, Position(after), most=1)
        return entries[0].key if entries else None

    def _from(self, prefix: str, after: Position, most: int) -> dict[str, Any]:
        arguments: dict[str, Any] = {"MaxKeys": most}
        if prefix:
            arguments["Prefix"] = self.unfold(prefix)
        if after.key:
            name = "KeyMarker" if self.versions else "StartAfter"
            behind = "/" if self.order == "slashes" else ""
            arguments[name] = self.unfold(after.key).removesuffix(behind) + behind
            if after.version_id:
                arguments["VersionIdMarker"] = after.version_id
        return arguments

    def _ask(self, **arguments: Any) -> Page:
        try:
            return ask(self._s3, self._call, Bucket=self.bucket, **arguments, **self._owner)
        except ClientError as error:
            raise self._refused(error) from None

    # ---- what a page must be like

    def _checked(self, page: Page, prefix: str, after: Position) -> list[Entry]:
        """The entries, folded and in order. Raises JobFailure where the store is not S3's like."""
        entries = page.entries
        if self.order == "slashes":
            entries = [entry._replace(key=self.fold(entry.key)) for entry in entries]
        if any(entry.is_marker for entry in entries):
            entries = merged(entries)
        if not entries:
            return entries
        first, last = entries[0].key, entries[-1].key
        if first < after.key or (first == after.key and not self._goes_on(entries, after)):
            name = "KeyMarker and VersionIdMarker" if self.versions else "StartAfter"
            raise self.odd(f"it does not go on after the key that it was given ({name})")
        if not ascend(entries, strictly=not self.versions):
            raise self.odd("its keys are not in order")
        if not (first.startswith(prefix) and last.startswith(prefix)):
            raise self.odd("it lists keys that do not begin with the Prefix that it was given")
        return entries

    def _goes_on(self, entries: list[Entry], after: Position) -> bool:
        """True where a page that begins with a key begun before repeats nothing of it."""
        if after.version_id is None:
            return False
        same = [entry.version_id for entry in entries if entry.key == after.key]
        return after.version_id not in same

    def _end(self, page: Page, entries: list[Entry], begin: Position) -> Position | None:
        """Where the next page begins. Raises JobFailure where that is no further on."""
        if not page.is_truncated:
            return None
        end = Position(entries[-1].key, entries[-1].version_id) if entries else begin
        if self.versions and page.next_key:
            told = Position(self.fold(page.next_key), page.next_version or None)
            end = told if told.key > end.key or told.version_id else end
        if end == begin:
            raise self.odd("it says that there is more, and does not say where")
        return end

    def odd(self, what: str) -> JobFailure:
        """The failure of a store that does not list as S3 does."""
        return JobFailure(
            "ManifestGenerationFailed",
            f"The store does not list the bucket {self.bucket} as S3 does: {what}.",
        )

    # ---- refusals

    def _refused(self, error: ClientError) -> ClientError | JobFailure:
        """The end of the job that a refusal means, or the error itself where it may pass."""
        code = code_of(error)
        if code == "NoSuchBucket":
            return JobFailure("ManifestNotFound", f"The bucket {self.bucket} does not exist.")
        if may_pass(error) and code not in NO_SUCH_CALL:
            return error
        so_far = f" after {self.listed:,} objects had been listed" if self.listed else ""
        if self._is_strangers(error):
            [owner] = self._owner.values()
            reason = f"The bucket {self.bucket} does not belong to account {owner}{so_far}."
            return JobFailure("BucketOwnerMismatch", reason)
        if is_forbidden(error):
            needed = "s3:ListBucketVersions" if self.versions else "s3:ListBucket"
            reason = f"Listing the bucket {self.bucket} is forbidden{so_far}: {advised(error)}"
            return JobFailure(
                "ManifestAccessDenied",
                f"{reason}. The role needs {needed}." if status_of(error) == 403 else reason,
            )
        what = "versions of" if self.versions else "objects of"
        return JobFailure(
            "ManifestGenerationFailed",
            f"The store refuses to list the {what} the bucket {self.bucket}{so_far}: {code}.",
        )

    def _is_strangers(self, error: ClientError) -> bool:
        """True where only the expected owner is refused: AWS's words are those of any refusal."""
        if not self._owner or code_of(error) not in ("AccessDenied", "403"):
            return False
        try:
            ask(self._s3, self._call, Bucket=self.bucket, MaxKeys=1)
        except ClientError:
            return False
        return True


def merged(entries: list[Entry]) -> list[Entry]:
    """Versions and delete markers in one order of keys: some stores send all of a kind first.

    What is out of order within its kind stays so, for the caller to find.
    """
    kinds = [[e for e in entries if e.is_marker is kind] for kind in (False, True)]
    if all(ascend(kind) for kind in kinds):
        return sorted(entries, key=lambda entry: entry.key)
    return entries


def ascend(entries: list[Entry], *, strictly: bool = False) -> bool:
    """True where no key is less than the one before it, or, strictly, equal to it."""
    if strictly:
        return all(one.key < two.key for one, two in pairwise(entries))
    return all(one.key <= two.key for one, two in pairwise(entries))
