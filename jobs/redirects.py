"""A store that sends clients elsewhere without naming a region, such as a proxy from http to https.

botocore would ask for the bucket's region, be redirected again, and so on until the stack is full.
"""

from __future__ import annotations

from typing import Any

from botocore.exceptions import BotoCoreError

from operations.replies import REDIRECTS


class Redirected(BotoCoreError):
    """The endpoint of a role is not where its store is."""

    fmt = "it sends requests on to {location}; give the role the endpoint that it means."


def refuse_redirects(response: Any, **_: Any) -> None:
    """Handler of botocore's needs-retry.s3: raise Redirected for a redirect that botocore cannot
    follow, as it names no region.
    """
    if response is None:
        return
    http, parsed = response
    error = parsed.get("Error", {})
    named = "x-amz-bucket-region" in http.headers or error.get("Region") or error.get("Endpoint")
    if http.status_code in REDIRECTS and not named:
        raise Redirected(location=http.headers.get("location", "another place")[:200])
