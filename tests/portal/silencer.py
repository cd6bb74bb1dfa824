"""A Redis that can be made silent: a forwarder before the real one, which takes what is sent and drops it."""

from __future__ import annotations

import socket
import threading
from urllib.parse import urlsplit


class Silencer:
    """Forwards connections to a Redis, or takes them and never answers while ``silent``."""

    def __init__(self, redis_url: str) -> None:
        """Listen; ``url`` is where."""
        self.silent = False
        self.connections = 0
        self._real = urlsplit(redis_url)
        self._listening = socket.create_server(("127.0.0.1", 0))
        self._sockets: list[socket.socket] = []
        database = self._real.query.removeprefix("db=") or self._real.path.strip("/")
        self.url = f"redis://127.0.0.1:{self._listening.getsockname()[1]}/{database if database.isdigit() else 0}"
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self) -> None:
        """Listen no more, and drop all connections."""
        for one in (self._listening, *self._sockets):
            one.close()

    def _serve(self) -> None:
        while True:
            try:
                client, _ = self._listening.accept()
            except OSError:
                return
            self.connections += 1
            server = self._connect()
            self._sockets += [client, server]
            threading.Thread(target=self._pump, args=(client, server), daemon=True).start()
            threading.Thread(target=self._pump, args=(server, client), daemon=True).start()

    def _connect(self) -> socket.socket:
        if self._real.scheme == "unix":
            server = socket.socket(socket.AF_UNIX)
            server.connect(self._real.path)
            return server
        return socket.create_connection((self._real.hostname or "", self._real.port or 6379))

    def _pump(self, source: socket.socket, target: socket.socket) -> None:
        try:
            while data := source.recv(65536):
                if not self.silent:
                    target.sendall(data)
        except OSError:
            pass
        target.close()
