"""Connections that break: a proxy before a daemon that hands on so much of an answer and no more."""

import socket
import threading

SHUT = 0


class Proxy:
    """Hands connections on to a port. `cuts` are the bytes of an answer after which each of the next ones
    breaks; SHUT hears nothing at all, ("GET /path", bytes) counts from the first request on that begins so."""

    def __init__(self, port):
        self.port, self.cuts, self.heads = port, [], []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = "http://127.0.0.1:%d" % self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(client,), daemon=True).start()

    def serve(self, client):
        cut = self.cuts.pop(0) if self.cuts else None
        begin, cut = cut if isinstance(cut, tuple) else ("", cut)
        asked = threading.Event()
        with client, socket.create_connection(("127.0.0.1", self.port)) as server:
            if cut == SHUT and not begin:
                return
            threading.Thread(target=self.hand_on, args=(client, server, begin, asked), daemon=True).start()
            left = cut
            while left != 0:
                piece = server.recv(65536)
                if not piece:
                    break
                if left is not None and asked.is_set():
                    piece = piece[:left]
                    left -= len(piece)
                client.sendall(piece)
            for end in (client, server): # a close alone waits for the other thread's recv
                try:
                    end.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass

    def hand_on(self, client, server, begin, asked):
        try:
            while piece := client.recv(65536):
                head = piece.decode("latin-1")
                self.heads.append(head)
                if head.startswith(begin):
                    asked.set()
                server.sendall(piece)
        except OSError:
            pass

    def close(self):
        self.listener.close()


def header(head, name):
    return next((l.split(": ", 1)[1] for l in head.split("\r\n") if l.lower().startswith(name + ": ")), None)
