"""A lane's memory does not grow with what it has sent, nor with what a store answers."""

import subprocess
import sys
import textwrap

from tests.operations.http_store import SILENT, HttpStore, reply

PROGRAM = """
import resource, sys
from operations.base import Target
from operations.put_object_tagging import PutObjectTagging
from tests.operations.http_store import client_of, curl_sender

TAG = PutObjectTagging.parse({"TagSet": [{"Key": "project", "Value": "lading"}]})

def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024

def send(sender, count):
    came = sent = 0
    while came < count:
        while sent < count and sender.room:
            sender.send(sent, Target("photos", f"{sent % 10000:0200d}"))
            sent += 1
        came += len(sender.collect(1))

url, first, count, connections = sys.argv[1], *map(int, sys.argv[2:])
sender = curl_sender(TAG, client_of(url), connections=connections)
send(sender, first)
before = peak()
send(sender, count)
print(peak() - before)
"""


def growth(url, *, first, count, connections):
    """By how many MiB the peak memory of a process grows that sends `count` more requests."""
    numbers = [str(number) for number in (first, count, connections)]
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(PROGRAM), url, *numbers],
        timeout=300,
        check=True,
        capture_output=True,
        text=True,
    )
    return int(done.stdout)


def test_memory_does_not_grow_with_the_number_of_requests():
    """What is kept of a request, should it be but its URL, shows: 30,000 of them are 9 MB."""
    with HttpStore() as store:
        store.seen = Nothing()
        assert growth(store.url, first=2_000, count=30_000, connections=16) < 6


class Nothing(list):
    """Keeps nothing."""

    def append(self, _):
        pass


def test_memory_does_not_grow_with_the_size_of_a_reply():
    page = b"<p>" * 2**20
    endless = [reply(502, length=2**31), *[page] * 70, SILENT]
    chunk = b"%x\r\n%s\r\n" % (len(page), page)
    head = b"HTTP/1.1 403 Forbidden\r\nTransfer-Encoding: chunked\r\n\r\n"
    without_length = [head, *[chunk] * 70, b"0\r\n\r\n"]
    said = [endless, without_length]
    with HttpStore(lambda seen: said[len(store.seen) % 2]) as store:
        assert growth(store.url, first=0, count=8, connections=4) < 40
