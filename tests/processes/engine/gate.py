"""A proxy between an installation and its store, so that a test decides what is answered, and when.

It passes on what it gets, and remembers it. Keys can be held back, and a key can be a poison: the
process that asks for it is killed before it has an answer.
"""

from __future__ import annotations

import http.client
import os
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

SKIPPED = {"connection", "transfer-encoding", "content-length", "date", "server"}


class Gate:
    """The proxy. `hold` says for a method and path whether its answer is kept back until `open`;
    `held` counts them.
    """

    def __init__(self, store: str) -> None:
        self.store = urlsplit(store).netloc
        self.reset()
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), self.handler())
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def reset(self) -> None:
        """Nothing was asked yet, and nothing is held back."""
        self.asked: Counter[tuple[str, str]] = Counter()
        self.held = 0
        self.killed: list[int] = []
        self.hold: Callable[[str, str], bool] = lambda _method, _path: False
        self.poison = ""
        self.opened = threading.Event()

    @property
    def endpoint(self) -> str:
        """Where the role of a job is to send its requests."""
        return f"http://127.0.0.1:{self.server.server_port}"

    def open(self) -> None:
        """Hold nothing back any more."""
        self.opened.set()

    def close(self) -> None:
        """End the proxy."""
        self.open()
        self.server.shutdown()
        self.server.server_close()

    def handler(self) -> type[BaseHTTPRequestHandler]:
        """The class that answers for this gate."""
        gate = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            wbufsize = 1 << 16

            def answer(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                what = (self.command, self.path)
                gate.asked[what] += 1
                if gate.poison and gate.poison in self.path:
                    gate.kill_sender(self.client_address[1])
                    self.close_connection = True
                    return
                if gate.hold(*what):
                    gate.held += 1
                    gate.opened.wait(60)
                with suppress(OSError):
                    self.pass_on(body)

            def pass_on(self, body: bytes) -> None:
                store = http.client.HTTPConnection(gate.store, timeout=30)
                store.request(self.command, self.path, body, dict(self.headers))
                reply = store.getresponse()
                content = reply.read()
                self.send_response_only(reply.status, reply.reason)
                for name, value in reply.getheaders():
                    if name.lower() not in SKIPPED:
                        self.send_header(name, value)
                length = reply.getheader("Content-Length") if self.command == "HEAD" else None
                self.send_header("Content-Length", length or str(len(content)))
                self.end_headers()
                self.wfile.write(content)
                self.wfile.flush()
                store.close()

            do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = answer

            def log_message(self, *_: object) -> None:
                pass

        return Handler

    def kill_sender(self, port: int) -> None:
        """kill -9 the process that sends from that port; return when it is dead."""
        pid = owner_of(port)
        if pid is None:
            return
        os.kill(pid, signal.SIGKILL)
        self.killed.append(pid)
        while runs(pid):
            time.sleep(0.01)


def owner_of(port: int) -> int | None:
    """The process that holds the client's end of a connection over loopback; never this one."""
    wanted = f"0100007F:{port:04X}"
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        fields = line.split()
        if fields[1] == wanted:
            return _holder(f"socket:[{fields[9]}]")
    return None


def _holder(socket: str) -> int | None:
    for process in Path("/proc").iterdir():
        if not process.name.isdecimal() or int(process.name) == os.getpid():
            continue
        with suppress(OSError):
            if any(os.readlink(file) == socket for file in (process / "fd").iterdir()):
                return int(process.name)
    return None


def runs(pid: int) -> bool:
    """Whether a process still does anything: one that waits to be buried does not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"
