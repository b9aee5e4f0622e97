"""One request at a time over a kept-alive connection: a libcurl handle that is used again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pycurl
from botocore.httpsession import get_cert_path

from operations.base import Target

if TYPE_CHECKING:
    from operations.request import RequestTemplate

CONNECT_MILLISECONDS = 5_000
SILENT_SECONDS = 60
"""How long a reply may be silent. Not how long it may take: a store that copies gigabytes sends
white space meanwhile.
"""
MOST_BLOCKS = 64
"""A reply's body is kept up to this many blocks, of 16 KiB at most each."""
UNWANTED = ["Expect:", "Accept:", "Content-Type:"]
"""Headers that libcurl would send of its own accord, and boto3 does not."""


class Connection:
    """A handle, the request that it carries, and the reply as far as it has come."""

    def __init__(self, template: RequestTemplate) -> None:
        self.template = template
        self.index = -1
        self.target = Target("", "")
        self.head: list[bytes] = []
        self.body: list[bytes] = []
        self.curl = pycurl.Curl()
        self._set_up()

    def _set_up(self) -> None:
        curl, template = self.curl, self.template
        curl.setopt(pycurl.CUSTOMREQUEST, template.method)
        if template.body or template.method in ("PUT", "POST"):
            curl.setopt(pycurl.POSTFIELDS, template.body)
        curl.setopt(pycurl.PATH_AS_IS, 1)
        curl.setopt(pycurl.NOSIGNAL, 1)
        curl.setopt(pycurl.HTTP_VERSION, pycurl.CURL_HTTP_VERSION_1_1)
        curl.setopt(pycurl.CONNECTTIMEOUT_MS, CONNECT_MILLISECONDS)
        curl.setopt(pycurl.LOW_SPEED_LIMIT, 1)
        curl.setopt(pycurl.LOW_SPEED_TIME, SILENT_SECONDS)
        curl.setopt(pycurl.TCP_KEEPALIVE, 1)
        curl.setopt(pycurl.USERAGENT, "lading")
        curl.setopt(pycurl.WRITEFUNCTION, self._keep)
        curl.setopt(pycurl.HEADERFUNCTION, self.head.append)
        for option, value in network_options(template.store.s3).items():
            curl.setopt(option, value)

    def _keep(self, block: bytes) -> None:
        """Take a block of the body, unless there is more of it than any answer of S3 has."""
        if len(self.body) < MOST_BLOCKS:
            self.body.append(block)

    def start(self, index: int, target: Target) -> None:
        """Make the handle ready for the request for a target."""
        self.index, self.target = index, target
        self.head.clear()
        self.body.clear()
        url, lines = self.template.stamp(target)
        lines += UNWANTED
        self.curl.setopt(pycurl.URL, url)
        self.curl.setopt(pycurl.HTTPHEADER, lines)


def network_options(client: Any) -> dict[int, Any]:
    """Proxy, certificate authorities and client certificate, as boto3's own session has them."""
    session = client._endpoint.http_session
    options: dict[int, Any] = {
        pycurl.PROXY: session._proxy_config.proxy_url_for(client.meta.endpoint_url) or ""
    }
    if session._verify is False:
        options |= {pycurl.SSL_VERIFYPEER: 0, pycurl.SSL_VERIFYHOST: 0}
    elif authorities := get_cert_path(session._verify):
        options[pycurl.CAINFO] = authorities
    if session._cert_file:
        options[pycurl.SSLCERT] = session._cert_file
    if session._key_file:
        options[pycurl.SSLKEY] = session._key_file
    return options
