"""The server's end of a TLS connection, with every byte on the wire in the test's hands."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from bfxstream.stream.tls import TlsContext, TlsSocket


class Peer:
    """Encrypts and decrypts; what it sends is sent by whoever has it."""

    def __init__(self, wire: socket.socket, context: ssl.SSLContext) -> None:
        self.wire = wire
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_side=True)

    def shake_hands(self) -> None:
        """Let the client in. Raises SSLError where it says no."""
        while True:
            try:
                self._tls.do_handshake()
            except ssl.SSLWantReadError:
                self._flush()
                self._incoming.write(self.wire.recv(65536))
            else:
                self._flush()
                return

    def encrypted(self, *messages: bytes) -> bytes:
        """A record for each message, or several for a long one, as they go over the wire."""
        for message in messages:
            self._tls.write(message)
        return self._outgoing.read()

    def goodbye(self) -> bytes:
        """The record that says that nothing more comes (`close_notify`)."""
        with suppress(ssl.SSLWantReadError):
            self._tls.unwrap()
        return self._outgoing.read()

    def say(self, *messages: bytes) -> None:
        self.wire.sendall(self.encrypted(*messages))

    def hear(self, length: int) -> bytes:
        """So many bytes of what the client says."""
        heard = b""
        while len(heard) < length:
            try:
                heard += self._tls.read(length - len(heard))
            except ssl.SSLWantReadError:
                self._incoming.write(self.wire.recv(65536))
        return heard

    def _flush(self) -> None:
        if self._outgoing.pending:
            self.wire.sendall(self._outgoing.read())


@contextmanager
def tls_connection(server: ssl.SSLContext) -> Iterator[tuple[TlsSocket, Peer]]:
    """A client that trusts what SSL_CERT_FILE names, and its peer, their hands shaken."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.settimeout(5)
        theirs.settimeout(5)
        peer = Peer(theirs, server)
        greeting = threading.Thread(target=peer.shake_hands)
        greeting.start()
        client = TlsContext().wrap_socket(ours, server_hostname="127.0.0.1")
        greeting.join()
        yield client, peer
