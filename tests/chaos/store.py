"""The chaos store: an S3 server on loopback, in a thread of the runner, that fails on demand."""

from __future__ import annotations

import asyncio
import random
import socket
import struct
import threading
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum

from tests.chaos import wire
from tests.chaos.objects import Effect, Objects

DELAY_SECONDS = 0.01
SILENT_SECONDS = (2.0, 6.0)
LINGER_OFF = struct.pack("ii", 1, 0)


class Fault(StrEnum):
    """How the store fails. What fails after the effect was applied is as likely as before."""

    SLOW_DOWN = "503"  #: SlowDown; never applied
    INTERNAL_ERROR = "500"
    SILENCE = "timeouts"  #: nothing comes for some seconds, then the store hangs up
    RESET = "resets"
    HALF = "half replies"
    ERROR_INSIDE = "200 with an error inside"  #: to a copy; to all else 500


@dataclass(frozen=True)
class Weather:
    """A fault that falls on a share of the requests."""

    fault: Fault
    share: float


class ChaosStore:
    """Serves `objects`; `weather` may be changed at any time by the runner."""

    def __init__(self, objects: Objects, seed: int) -> None:
        self.objects, self.random = objects, random.Random(seed)
        self.weather: Weather | None = None
        self.requests = self.faults = 0
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, name="store", daemon=True)

    def start(self) -> str:
        """Serve from now on; returns the endpoint."""
        self._thread.start()
        if not self._ready.wait(10):
            raise RuntimeError("The store of the chaos suite does not start.")
        return f"http://127.0.0.1:{self.port}"

    def close(self) -> None:
        """Serve no more."""
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        server = self._loop.run_until_complete(
            asyncio.start_server(self._serve, "127.0.0.1", 0, backlog=1024, limit=2**20)
        )
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        self._loop.run_forever()
        for task in asyncio.all_tasks(self._loop):
            task.cancel()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, ValueError, asyncio.IncompleteReadError, asyncio.CancelledError):
            while asked := await wire.read(reader, writer):
                await asyncio.sleep(DELAY_SECONDS)
                self.requests += 1
                if not await self._answer(asked, writer):
                    break
        writer.close()

    async def _answer(self, asked: wire.Request, writer: asyncio.StreamWriter) -> bool:
        """Answer, well or badly; False where the connection ends with it."""
        weather = self.weather
        if weather and self.random.random() < weather.share:
            self.faults += 1
            return await self._fail(weather.fault, asked, writer)
        said, effect = self.objects.answer(asked)
        await self._send(writer, said)
        if effect:
            effect.answered = True
        return True

    async def _send(self, writer: asyncio.StreamWriter, said: bytes) -> None:
        writer.write(said)
        await writer.drain()

    async def _fail(self, fault: Fault, asked: wire.Request, writer: asyncio.StreamWriter) -> bool:
        applied = fault == Fault.HALF or self.random.random() < 0.5
        if fault == Fault.SLOW_DOWN:
            await self._send(writer, wire.error(503, "SlowDown", "Please reduce your rate."))
            return True
        said = self.objects.answer(asked)[0] if applied else wire.error(500, "InternalError")
        match fault:
            case Fault.SILENCE:
                await asyncio.sleep(self.random.uniform(*SILENT_SECONDS))
            case Fault.RESET:
                raw: socket.socket = writer.get_extra_info("socket")
                raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER_OFF)
                writer.transport.abort()
            case Fault.HALF:
                await self._send(writer, said[: len(said) // 2])
            case Fault.ERROR_INSIDE if "x-amz-copy-source" in asked.headers:
                await self._send(writer, wire.error(200, "InternalError", "Please try again."))
                return True
            case _:
                await self._send(writer, wire.error(500, "InternalError"))
                return True
        return False


__all__ = ["ChaosStore", "Effect", "Fault", "Weather"]
