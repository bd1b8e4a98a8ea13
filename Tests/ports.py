"""Ports for servers that a test is about to start."""
import random
import socket

_given = set()


def free_port():
    """A port on loopback that nobody has, and that the system gives to nobody: it lies outside the range that outgoing connections
    get theirs from, one of which would else take it now and then before its server does."""
    with open("/proc/sys/net/ipv4/ip_local_port_range") as file:
        first, last = map(int, file.read().split())
    outside = [*range(10_000, first), *range(last + 1, 65_536)]
    while True:
        port = random.choice(outside)
        with socket.socket() as probe:
            # As the servers do: a port whose last connections are still being forgotten is free.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        if port not in _given:
            _given.add(port)
            return port
