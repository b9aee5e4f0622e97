"""TLS: libcurl trusts whom boto3 trusts."""

import socket
import threading

import pytest
from cryptography import x509

from operations.base import SUCCESSFUL, Again, Target
from tests.operations.certificates import Authority
from tests.operations.http_store import TAG, HttpStore, both_lanes, client_of, curl_sender, send_all


def test_a_private_authority_is_trusted_where_the_client_trusts_it(tls_store, authority):
    assert both_lanes(client_of(tls_store.url, verify=authority.bundle)) == (SUCCESSFUL, SUCCESSFUL)


@pytest.mark.parametrize("variable", ["AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE"])
def test_a_private_authority_is_trusted_where_the_environment_says_so(
    tls_store, authority, variable, monkeypatch
):
    monkeypatch.setenv(variable, authority.bundle)

    assert both_lanes(client_of(tls_store.url)) == (SUCCESSFUL, SUCCESSFUL)


def test_nobody_is_asked_for_a_certificate_where_the_client_does_not_care(tls_store):
    with pytest.warns(Warning, match="Unverified HTTPS"):
        assert both_lanes(client_of(tls_store.url, verify=False)) == (SUCCESSFUL, SUCCESSFUL)


def test_an_unknown_authority_is_refused(tls_store):
    by_boto3, by_libcurl = both_lanes(client_of(tls_store.url))

    assert by_libcurl.error_code == by_boto3.error_code == "SSLError"
    assert by_libcurl.again == by_boto3.again == Again.FAULT
    assert not tls_store.seen


def test_another_authority_of_the_same_name_is_refused(tls_store, tmp_path):
    (tmp_path / "other").mkdir()
    other = Authority(tmp_path / "other")

    by_boto3, by_libcurl = both_lanes(client_of(tls_store.url, verify=other.bundle))

    assert by_libcurl.error_code == by_boto3.error_code == "SSLError"


def test_a_certificate_for_another_host_is_refused(authority):
    context = authority.server_for(x509.DNSName("elsewhere.example"))
    with HttpStore(tls=context) as store:
        by_boto3, by_libcurl = both_lanes(client_of(store.url, verify=authority.bundle))

    assert by_libcurl.error_code == by_boto3.error_code == "SSLError"
    assert not store.seen


def test_a_store_that_does_not_speak_tls_is_refused():
    with socket.create_server(("127.0.0.1", 0)) as plain:

        def refuse():
            for _ in range(2):
                connection, _ = plain.accept()
                connection.recv(1000)
                connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
                connection.close()

        threading.Thread(target=refuse, daemon=True).start()
        url = f"https://127.0.0.1:{plain.getsockname()[1]}"
        by_boto3, by_libcurl = both_lanes(client_of(url))

    assert by_libcurl.error_code == by_boto3.error_code == "SSLError"


def test_tls_connections_are_used_again(tls_store, authority):
    sender = curl_sender(TAG, client_of(tls_store.url, verify=authority.bundle), connections=2)

    send_all(sender, [Target("photos", f"{number}") for number in range(40)])

    assert tls_store.connections <= 2
