"""The gate before every connection to a store or a function: may its host and address be reached?

An endpoint is looked at when it is set; but what a name resolves to changes, and whoever owns it
says when. So the gate asks again with each connection, of the very address that is to be connected
to. Connections are kept open, so requests cost nothing more. In front of boto3 it stands in
urllib3's connections (here), in front of libcurl in its function that opens sockets (connection).

Through a proxy it is the proxy that resolves names and connects: then the gate looks at the host's
name, or the address that stands in its place, and the rest is for the proxy to refuse.
"""

from __future__ import annotations

import socket
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import urlsplit

from botocore.awsrequest import (
    AWSHTTPConnection,
    AWSHTTPConnectionPool,
    AWSHTTPSConnection,
    AWSHTTPSConnectionPool,
)
from botocore.exceptions import BotoCoreError, HTTPClientError
from urllib3.connectionpool import HTTPConnectionPool
from urllib3.exceptions import ConnectTimeoutError, NameResolutionError, NewConnectionError
from urllib3.util.connection import allowed_gai_family

from operations.reach import Reach, literal

if TYPE_CHECKING:
    from botocore.awsrequest import AWSRequest
    from botocore.client import BaseClient

MEND = "An administrator can allow it in LADING_ENDPOINTS."


class Refused(BotoCoreError):
    """The gate is closed. To try again gets the same answer."""

    fmt = "{reason}"


@dataclass(frozen=True)
class Gate:
    """Lets pass what a client may reach. `endpoint` is the host that its role or function names;
    empty for AWS, whose hosts botocore knows: of these only addresses are looked at.
    """

    reach: Reach = field(default_factory=Reach)
    endpoint: str = ""

    def against(self, host: str, address: str) -> str:
        """Why this address of a host may not be connected to, in a sentence; empty where it may."""
        at = "" if host == address else f"{host} is at "
        if kind := self.reach.refused(address):
            is_kind = f"{at}{address}, {kind}" if at else f"{address} is {kind}"
            return f"{is_kind}: Lading does not connect there. {MEND}"
        if not self.endpoint or self.reach.lists(host, address):
            return ""
        return not_listed(f"{host} ({address})" if at else host)

    def against_name(self, host: str, *, proxied: bool = False) -> str:
        """The same, as far as the host alone tells it; `proxied`: nobody here will see its address.

        Nothing that a store answers may lead to another host than its own.
        """
        if self.endpoint and not f".{host}".endswith(f".{self.endpoint}"):
            return f"The request would go to {host}, which is not the endpoint {self.endpoint}."
        if address := literal(host):
            return self.against(host, address)
        known_by_name = not self.endpoint or self.reach.lists_name(host)
        if known_by_name or (self.reach.networks and not proxied):
            return ""
        return not_listed(host)

    def refusal(self, addresses: list[str], *, in_host: bool = False) -> str:
        """Why the endpoint itself may not be reached, which has these addresses now; `in_host`:
        buckets stand before its name.
        """
        told = self.against_name(self.endpoint)
        if not told and in_host:
            told = self.against_name(f"bucket.{self.endpoint}").replace("bucket.", "*.", 1)
        if told or not addresses:
            return told
        reasons = [self.against(self.endpoint, address) for address in addresses]
        return reasons[0] if all(reasons) else ""


def not_listed(what: str) -> str:
    return f"{what} is not in LADING_ENDPOINTS, the administrator's list of what may be reached."


def gate_for(reach: Reach, url: str | None) -> Gate:
    """The gate for clients of an endpoint; without one, of AWS."""
    return Gate(reach, host_of(url) if url else "")


def host_of(url: str) -> str:
    """The host of a URL as it is compared: in lower case, without brackets."""
    return urlsplit(url).hostname or ""


def addresses_of(host: str, port: int | None = None) -> list[str]:
    """What a host resolves to now. Raises OSError."""
    found = socket.getaddrinfo(host, port, allowed_gai_family(), socket.SOCK_STREAM)
    return list(dict.fromkeys(str(place[0]) for *_, place in found))


# ---- in front of boto3


def guard(client: BaseClient, gate: Gate) -> None:
    """Let a client reach only what its gate lets pass. To be called before its first request."""
    session: Any = client._endpoint.http_session  # type: ignore[attr-defined]
    session._pool_classes_by_scheme.update(_pools(gate))
    service = client.meta.service_model.service_id.hyphenize()
    look = partial(_look_at, _against_origin(gate, session._proxy_config))
    client.meta.events.register_first(f"request-created.{service}", look)
    client.meta.events.register_first(f"needs-retry.{service}", _give_up)


def _against_origin(gate: Gate, proxies: Any) -> Callable[[str], str]:
    """The gate by the beginnings of URLs; each is looked at once, as there are few."""

    @lru_cache(maxsize=256)
    def against(origin: str) -> str:
        return gate.against_name(host_of(origin), proxied=bool(proxies.proxy_url_for(origin)))

    return against


def _look_at(against: Callable[[str], str], request: AWSRequest, **_: Any) -> None:
    """Handler of request-created: raise Refused before anything is signed."""
    origin = "/".join(str(request.url).split("/", 3)[:3])
    if told := against(origin):
        raise Refused(reason=told)


def _give_up(caught_exception: Exception | None = None, **_: Any) -> None:
    """Handler of needs-retry: botocore makes HTTPClientError, which it tries again, of whatever a
    connection raises.
    """
    if isinstance(caught_exception, HTTPClientError):
        cause = caught_exception.kwargs.get("error")
        if isinstance(cause, Refused):
            raise cause


class _Guarded(AWSHTTPConnection):
    """A connection to such addresses of its host as the gate lets pass. `_dns_host` is what
    urllib3 connects to, and its only use of the name besides Host header and certificate, which
    come later.
    """

    gate: ClassVar[Gate]

    def _new_conn(self) -> socket.socket:
        if self.proxy is not None:
            return super()._new_conn()
        named = self._dns_host
        fault: Exception = NewConnectionError(self, "The name resolves to nothing.")
        try:
            for address in self._addresses(named.strip("[]")):
                self._dns_host = address
                try:
                    return super()._new_conn()
                except (ConnectTimeoutError, NewConnectionError) as error:
                    fault = error
        finally:
            self._dns_host = named
        raise fault

    def _addresses(self, name: str) -> list[str]:
        """Where to connect to. Raises Refused where nothing is left."""
        try:
            found = addresses_of(name, self.port)
        except socket.gaierror as error:
            raise NameResolutionError(self.host, self, error) from error
        reasons = {address: self.gate.against(self.host.strip("[]"), address) for address in found}
        passed = [address for address, told in reasons.items() if not told]
        if found and not passed:
            raise Refused(reason=reasons[found[0]])
        return passed


class _Straight(HTTPConnectionPool):
    """Connections over which no Location is followed. botocore asks for that with a number of
    retries, at which urllib3 still breaks over a 303.
    """

    def urlopen(self, *request: Any, **more: Any) -> Any:
        return super().urlopen(*request, **{**more, "redirect": False})


def _pools(its_gate: Gate) -> dict[str, type]:
    """botocore's pools of connections by scheme, with connections that are guarded."""

    class Plain(_Guarded):
        gate = its_gate

    class Secure(_Guarded, AWSHTTPSConnection):  # type: ignore[misc]  # of botocore's own bases
        gate = its_gate

    class PlainPool(_Straight, AWSHTTPConnectionPool):
        ConnectionCls = Plain

    class SecurePool(_Straight, AWSHTTPSConnectionPool):
        ConnectionCls = Secure

    return {"http": PlainPool, "https": SecurePool}
