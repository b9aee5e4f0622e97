"""One request at a time over a kept-alive connection: a libcurl handle that is used again."""

from __future__ import annotations

import socket
from time import monotonic
from typing import TYPE_CHECKING, Any

import pycurl
from botocore.httpsession import get_cert_path

from operations.base import Target
from operations.gate import Gate

if TYPE_CHECKING:
    from operations.request import RequestTemplate

CONNECT_MILLISECONDS = 5_000
SILENT_SECONDS = 60
"""How long a reply may be silent. Not how long it may take: a store that copies gigabytes sends
white space meanwhile. libcurl's own limit is on bytes per second, which such white space is below.
"""
LONGEST_SECONDS = 3600
"""How long a request may take in all, whatever trickles in meanwhile."""
LARGEST_REPLY = 256 * 1024
"""In bytes. S3's own replies have a few hundred."""
UNWANTED = ["Expect:", "Accept:", "Content-Type:"]
"""Headers that libcurl would send of its own accord, and boto3 does not."""


class Handed(socket.socket):
    """A socket of which pycurl takes a duplicate, and lets this one go without closing it."""

    def __del__(self) -> None:
        self.close()


class Door:
    """Opens the sockets of a handle, for such addresses as the gate lets pass."""

    def __init__(self, gate: Gate) -> None:
        self._gate = gate
        self._host = self._reason = ""
        self._has_opened = False

    def begin(self, host: str) -> None:
        """Be ready for a request to a host."""
        self._host, self._reason, self._has_opened = host, "", False

    @property
    def refusal(self) -> str:
        """Why no address of the host could be connected to, where that was the gate's doing."""
        return "" if self._has_opened else self._reason

    def open(self, _purpose: int, place: Any) -> socket.socket | int:
        """libcurl's OPENSOCKETFUNCTION. Whatever it refuses, libcurl tries the next address."""
        if told := self._gate.against(self._host, place.addr[0]):
            self._reason = self._reason or told
            return pycurl.SOCKET_BAD
        self._has_opened = True
        return Handed(place.family, place.socktype, place.protocol)


class Connection:
    """A handle, the request that it carries, and the reply as far as it has come."""

    def __init__(self, template: RequestTemplate) -> None:
        self.template = template
        self.index = -1
        self.target = Target("", "")
        self.head: list[bytes] = []
        self.body: list[bytes] = []
        self.offset = 0.0
        self._heard = 0
        self._started_at = self._heard_at = 0.0
        self.door = Door(template.store.gate)
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
        curl.setopt(pycurl.MAXFILESIZE, LARGEST_REPLY)
        curl.setopt(pycurl.TCP_KEEPALIVE, 1)
        curl.setopt(pycurl.USERAGENT, "lading")
        curl.setopt(pycurl.WRITEFUNCTION, self.body.append)
        curl.setopt(pycurl.HEADERFUNCTION, self.head.append)
        options = network_options(template.store.s3)
        for option, value in options.items():
            curl.setopt(option, value)
        if not options[pycurl.PROXY]:
            curl.setopt(pycurl.OPENSOCKETFUNCTION, self.door.open)

    def start(self, index: int, target: Target) -> None:
        """Make the handle ready for the request for a target."""
        self.index, self.target = index, target
        self.head.clear()
        self.body.clear()
        self._started_at = self._heard_at = monotonic()
        self._heard = 0
        self.offset = self.template.offset
        self.door.begin(self.template.host)
        url, lines = self.template.stamp(target)
        lines += UNWANTED
        self.curl.setopt(pycurl.URL, url)
        self.curl.setopt(pycurl.HTTPHEADER, lines)

    def is_overdue(self, now: float) -> bool:
        """True where nothing has come for SILENT_SECONDS, or all of it not for LONGEST_SECONDS. To
        be asked more often than that.
        """
        heard = len(self.head) + len(self.body)
        if heard != self._heard:
            self._heard, self._heard_at = heard, now
        silent = now - self._heard_at > SILENT_SECONDS
        return silent or now - self._started_at > LONGEST_SECONDS


def network_options(client: Any) -> dict[int, Any]:
    """Proxy, certificate authorities and client certificate, as boto3's own session has them."""
    session = client._endpoint.http_session
    options: dict[int, Any] = {
        pycurl.PROXY: session._proxy_config.proxy_url_for(client.meta.endpoint_url) or "",
        # boto3 has already heeded NO_PROXY, where it does; libcurl would heed it once more.
        pycurl.NOPROXY: "",
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
