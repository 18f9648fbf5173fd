"""An HTTP/2 server of its own (PyPI's h2) for senders: what becomes of each request, a function says."""

from __future__ import annotations

import socket
import ssl
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Callable

import h2.config
import h2.connection
import h2.events
import h2.settings
import trustme
from hyperframe.frame import RstStreamFrame


@dataclass
class Request:
    connection: int
    stream: int
    headers: dict[str, str]
    body: bytes = b""


@dataclass
class H2Server:
    """
    react: called with each request that has come as a whole and the connection that it came on; it may respond, reset, or
    do nothing.
    """

    react: Callable[["H2Server", h2.connection.H2Connection, Request], None]
    streams: int = 100
    requests: list[Request] = field(default_factory=list)
    most_open: int = 0
    connections: int = 0
    resets: int = 0

    def start(self, folder: Path) -> None:
        authority = trustme.CA()
        self.ca = str(folder / "h2-ca.pem")
        authority.cert_pem.write_to_path(self.ca)
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert("localhost").configure_cert(self.context)
        self.context.set_alpn_protocols(["h2"])
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"https://localhost:{self.socket.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def _count_resets(self, connection: h2.connection.H2Connection) -> None:
        """Those of streams that have ended, too, of which h2 has no event."""
        dispatch = connection._frame_dispatch_table
        handle = dispatch[RstStreamFrame]

        def count(frame: RstStreamFrame) -> Any:
            self.resets += 1
            return handle(frame)

        dispatch[RstStreamFrame] = count

    def close(self) -> None:
        self.socket.close()

    def _accept(self) -> None:
        while True:
            try:
                peer, _ = self.socket.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._serve, args=(peer, self.connections), daemon=True).start()

    def _serve(self, raw: socket.socket, number: int) -> None:
        try:
            with self.context.wrap_socket(raw, server_side=True) as peer:
                self._speak(peer, number)
        except (OSError, ssl.SSLError):
            pass

    def _speak(self, peer: ssl.SSLSocket, number: int) -> None:
        connection = h2.connection.H2Connection(h2.config.H2Configuration(client_side=False, header_encoding="utf-8"))
        connection.local_settings.update({h2.settings.SettingCodes.MAX_CONCURRENT_STREAMS: self.streams})
        self._count_resets(connection)
        connection.initiate_connection()
        peer.sendall(connection.data_to_send())
        open_requests: dict[int, Request] = {}
        while data := peer.recv(65_536):
            for event in connection.receive_data(data):
                match event:
                    case h2.events.RequestReceived():
                        open_requests[event.stream_id] = Request(number, event.stream_id, dict(event.headers))
                        self.most_open = max(self.most_open, len(open_requests))
                    case h2.events.DataReceived():
                        open_requests[event.stream_id].body += event.data
                        connection.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
                    case h2.events.StreamEnded():
                        request = open_requests.pop(event.stream_id)
                        self.requests.append(request)
                        self.react(self, connection, request)
                    case h2.events.StreamReset():
                        open_requests.pop(event.stream_id, None)
            peer.sendall(connection.data_to_send())
            if connection.state_machine.state == h2.connection.ConnectionState.CLOSED:
                # Closed at once, with requests that nobody has read, the system would take back what was said last.
                while peer.recv(65_536):
                    pass
                return


def respond(connection: h2.connection.H2Connection, stream: int, status: int, **headers: str) -> None:
    fields = [(":status", str(status))] + [(name.replace("_", "-"), value) for name, value in headers.items()]
    connection.send_headers(stream, fields, end_stream=True)
