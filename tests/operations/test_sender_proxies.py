"""Proxies: libcurl goes the way that boto3 goes."""

import contextlib
import select
import socket
import threading

import pytest

from operations.base import SUCCESSFUL, Again, Target
from tests.operations.http_store import (
    TAG,
    HttpStore,
    both_lanes,
    client_of,
    curl_sender,
    reply,
    send_all,
)


class Tunnel:
    """A proxy for CONNECT: `asked` holds the places that were asked for."""

    def __enter__(self):
        self.asked, self.heads = [], []
        self._server = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._server.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_):
        self._server.close()

    def _accept(self):
        while True:
            try:
                near, _ = self._server.accept()
            except OSError:
                return
            threading.Thread(target=self._tunnel, args=(near,), daemon=True).start()

    def _tunnel(self, near):
        with contextlib.suppress(OSError):
            self._carry(near)

    def _carry(self, near):
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            head += near.recv(1)
        place = head.split()[1].decode()
        self.asked.append(place)
        self.heads.append(head.decode().lower())
        host, _, port = place.rpartition(":")
        with socket.create_connection((host, int(port))) as far, near:
            near.sendall(b"HTTP/1.1 200 Connection established\r\nX-Proxy: yes\r\n\r\n")
            ways = {near: far, far: near}
            while True:
                for side in select.select(list(ways), [], [])[0]:
                    part = side.recv(65536)
                    if not part:
                        return
                    ways[side].sendall(part)


@pytest.fixture
def proxy():
    """A proxy for plain HTTP answers in place of the store, so it is one."""
    with HttpStore(lambda _: reply()) as proxy:
        yield proxy


def test_a_proxy_of_the_client_is_used(proxy):
    client = client_of("http://store.invalid:9000", proxies={"http": proxy.url})

    assert both_lanes(client, "a b.jpg") == (SUCCESSFUL, SUCCESSFUL)
    asked = "http://store.invalid:9000/photos/a%20b.jpg?tagging"
    assert [seen.path for seen in proxy.seen] == [asked, asked]
    assert {seen.headers["host"] for seen in proxy.seen} == {"store.invalid:9000"}


def test_a_proxy_of_the_environment_is_used(proxy, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", proxy.url)

    assert both_lanes(client_of("http://store.invalid")) == (SUCCESSFUL, SUCCESSFUL)
    assert len(proxy.seen) == 2


def test_a_proxy_gets_its_password(proxy):
    told = proxy.url.replace("http://", "http://ada:secret@")
    client = client_of("http://store.invalid", proxies={"http": told})

    assert both_lanes(client) == (SUCCESSFUL, SUCCESSFUL)
    first, second = [seen.headers["proxy-authorization"] for seen in proxy.seen]
    assert first == second


def test_hosts_that_need_no_proxy_are_reached_without(proxy, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", proxy.url)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")

    with HttpStore() as store:
        assert both_lanes(client_of(store.url)) == (SUCCESSFUL, SUCCESSFUL)

    assert len(store.seen) == 2
    assert not proxy.seen


def test_a_proxy_of_the_client_is_used_whatever_the_environment_excepts(proxy, monkeypatch):
    monkeypatch.setenv("NO_PROXY", "*")
    client = client_of("http://store.invalid", proxies={"http": proxy.url})

    assert both_lanes(client) == (SUCCESSFUL, SUCCESSFUL)
    assert len(proxy.seen) == 2


@pytest.mark.parametrize("variable", ["all_proxy", "ALL_PROXY"])
def test_a_proxy_that_only_libcurl_would_know_is_not_used(variable, proxy, monkeypatch):
    monkeypatch.setenv(variable, proxy.url)
    with HttpStore() as store:
        client = client_of(store.url, proxies={"ftp": proxy.url})
        (outcome,) = send_all(curl_sender(TAG, client), [Target("photos", "a")]).values()

    assert outcome == SUCCESSFUL
    assert not proxy.seen


def test_tls_goes_through_a_proxy_and_is_checked_at_its_end(tls_store, authority):
    with Tunnel() as tunnel:
        proxies = {"https": tunnel.url}
        trusting = client_of(tls_store.url, verify=authority.bundle, proxies=proxies)
        assert both_lanes(trusting) == (SUCCESSFUL, SUCCESSFUL)
        _, untrusted = both_lanes(client_of(tls_store.url, proxies=proxies))

    assert set(tunnel.asked) == {tls_store.url.removeprefix("https://")}
    assert untrusted.error_code == "SSLError"
    assert not any("authorization" in head or "x-amz" in head for head in tunnel.heads)


def test_a_proxy_that_is_not_there_is_no_reply():
    client = client_of("http://store.invalid", proxies={"http": "http://127.0.0.1:1"})

    by_boto3, by_libcurl = both_lanes(client)

    assert by_boto3.error_code == "ProxyConnectionError"
    assert by_libcurl.again == Again.FAULT
    assert by_libcurl.error_code in ("ProxyConnectionError", "EndpointConnectionError")
