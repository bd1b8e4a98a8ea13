"""A port that forwards to another, until it is told not to: what was sent meanwhile stays where it is, as behind a broken cable."""
import socket
import threading

from ports import free_port


class Proxy:
    def __init__(self, port):
        self.target = port
        self.port = free_port()
        self.forwards = threading.Event()
        self.forwards.set()
        self.listener = socket.create_server(("127.0.0.1", self.port))
        threading.Thread(target=self._accept, daemon=True).start()

    def stop_forwarding(self):
        self.forwards.clear()

    def go_on(self):
        self.forwards.set()

    def close(self):
        self.forwards.set()
        self.listener.close()

    def _accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client):
        self.forwards.wait()
        try:
            server = socket.create_connection(("127.0.0.1", self.target))
        except OSError:
            client.close()
            return
        threading.Thread(target=self._copy, args=(server, client), daemon=True).start()
        self._copy(client, server)

    def _copy(self, one, other):
        try:
            while data := one.recv(65536):
                self.forwards.wait()
                other.sendall(data)
        except OSError:
            pass
        for end in (one, other):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            end.close()
