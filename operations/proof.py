"""The proof that a request template says what boto3 would say, for keys that tempt it not to."""

from __future__ import annotations

import calendar
import time

from operations.base import Target
from operations.request import NOT_SENT, CannotCompile, RequestTemplate

KEYS = (
    *("plain", "a b/é+&=?#%25", "x/../y", "~t*'()!", "漢字", "//lead", "a;b,c:d@e$f", ".", ".."),
    *("./a", "tail/", "\x7f\x01<&>\"'\\^`{|}[]", "%s%%d", "k" * 1024),
)
VERSIONS = ("null", "Kx0Jq3VbWm.e1Yx2_-", "a+b/c=d&e%f")


def prove(template: RequestTemplate) -> None:
    """Compare stamps with boto3's requests, signature and all. Raises CannotCompile."""
    for number, key in enumerate(KEYS):
        version = VERSIONS[number % len(VERSIONS)] if template.versions else None
        target = Target(template.bucket, key, version)
        if difference := compare(template, target):
            raise CannotCompile(f"For the key {key!a} the template differs in {difference}.")


def compare(template: RequestTemplate, target: Target) -> str:
    """What differs between the stamp for a target and boto3's request; empty if nothing does."""
    wanted = template.capture(target)
    amz_date = wanted.headers.get("x-amz-date", "")
    second = calendar.timegm(time.strptime(amz_date, "%Y%m%dT%H%M%SZ"))
    url, lines = template.stamp(target, second)
    headers = dict(map(_header, lines))
    expected = {
        name: value
        for name, value in wanted.headers.items()
        if not name.startswith("amz-sdk-")
        and (name not in NOT_SENT or name in ("authorization", "x-amz-date"))
    }
    pairs = {
        "the method": (template.method, wanted.method),
        "the URL": (url, wanted.url),
        "the body": (template.body, wanted.body),
        "the headers": (headers, expected),
    }
    return ", ".join(name for name, (ours, theirs) in pairs.items() if ours != theirs)


def _header(line: str) -> tuple[str, str]:
    """A header line as libcurl takes it, where `name;` is a header without a value."""
    name, colon, value = line.partition(": ")
    return (name, value) if colon else (line.removesuffix(";"), "")
