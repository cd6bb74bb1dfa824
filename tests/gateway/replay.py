"""Plays Intuit where its recorded bytes matter: a server that answers each request with the next thing it was given."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
from collections.abc import Callable, Mapping
from typing import Any

STALL = b"stall"
"""Keep the connection open and never answer."""

DROP = b""
"""Close the connection without an answer."""


def answer(status: int, body: str | bytes | Mapping[str, Any] = "", **headers: str) -> bytes:
    """The bytes of a response; header names are written with underscores for dashes."""
    if isinstance(body, Mapping):
        body = json.dumps(body)
    raw = body.encode() if isinstance(body, str) else body
    lines = [f"HTTP/1.1 {status} Recorded", f"Content-Length: {len(raw)}", "Connection: close"]
    lines += [f"{name.replace('__', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + raw


class Replay:
    """A server on a free port of the loopback interface. Keeps what it was asked.

    An answer may be a function, which is called when the request is there: for what happens meanwhile.
    """

    def __init__(self, *answers: bytes | Callable[[], bytes]) -> None:
        self.answers = list(answers)
        self.requests: list[str] = []
        self._socket = socket.create_server(("127.0.0.1", 0))
        self._stalled: list[socket.socket] = []
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self) -> None:
        """Stop listening: the next connection is refused."""
        with contextlib.suppress(OSError):  # closed already
            self._socket.shutdown(socket.SHUT_RDWR)  # wakes the thread that waits in accept
        self._socket.close()
        for connection in self._stalled:
            connection.close()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            self.requests.append(_request_of(connection))
            what = self.answers.pop(0) if self.answers else answer(500)
            if callable(what):
                what = what()
            if what == STALL:
                self._stalled.append(connection)
                continue
            connection.sendall(what)
            connection.close()


def _request_of(connection: socket.socket) -> str:
    received = b""
    while b"\r\n\r\n" not in received:
        received += connection.recv(65536)
    head, _, body = received.partition(b"\r\n\r\n")
    lengths = [line.split(b":")[1] for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")]
    while lengths and len(body) < int(lengths[0]):
        body += connection.recv(65536)
    return (head + b"\r\n\r\n" + body).decode()
