"""A request that is captured is never sent, whatever other threads do with the same client."""

from __future__ import annotations

import threading

from operations.base import Store, Target
from operations.client_events import catch
from operations.perform import perform
from operations.request import KEY, RequestTemplate
from tests.operations.http_store import TAG, HttpStore, client_of, reply


def test_other_threads_send_while_one_captures_and_only_their_requests_go_out() -> None:
    with HttpStore(lambda _: reply()) as http:
        store = Store(client_of(http.url))
        over = threading.Event()

        def send() -> None:
            while not over.is_set():
                assert perform(TAG, store, Target("photos", "a.jpg")).succeeded

        threads = [threading.Thread(target=send) for _ in range(3)]
        for thread in threads:
            thread.start()
        for _ in range(100):
            RequestTemplate(TAG, store, "photos", versions=False)
        over.set()
        for thread in threads:
            thread.join()

        assert {seen.path.partition("?")[0] for seen in http.seen} == {"/photos/a.jpg"}
        assert not any(KEY in seen.path for seen in http.seen)


def test_a_handler_that_captures_is_registered_once_for_a_client() -> None:
    client = client_of("http://store.invalid")
    Store(client)
    Store(client)
    captured = [RequestTemplate(TAG, Store(client), "photos", versions=False) for _ in range(3)]

    assert len({template.method for template in captured}) == 1
    hooks = client.meta.events._emitter._handlers.prefix_search("before-send.s3.PutObjectTagging")
    assert sum(hook is catch for hook in hooks) == 1
