"""The kernel's own TCP and UDP through a tunnel: what was sent is known, and what comes is compared."""

import random
import socket
import threading

from lab import need

UDP_SEGMENT, UDP_GRO = 103, 104
CONGESTION_SECONDS = 60
# What has not come by then is lost; it must not come later, when other datagrams are awaited.
LOST_SECONDS = 10
PART = 1 << 16
DATAGRAM_MAX = 65507
HEADERS_LEN = 48


def sockets(side, other, family, kind):
    """A socket at each end, the second bound to the other's inner address."""
    made = []
    for end in (side, other):
        with end.host.entered():
            sock = socket.socket(socket.AF_INET if family == 4 else socket.AF_INET6, kind)
        end.host.lab.later(sock.close)
        sock.settimeout(CONGESTION_SECONDS)
        sock.bind((end.inner[family], 0))
        made.append(sock)
    return made


def content(seed, length):
    return random.Random(seed).randbytes(length)


def send_all(sock, data, chance):
    """In pieces of all sizes, so that segments are of all sizes, too."""
    at = 0
    while at < len(data):
        length = chance.choice((1, 100, 1400, 5000, PART))
        sock.sendall(data[at:at + length])
        at += length
    sock.shutdown(socket.SHUT_WR)


def receive_all(sock):
    parts = []
    while part := sock.recv(PART):
        parts.append(part)
    return b"".join(parts)


def tcp(side, other, family, seed, length):
    """Content both ways over one connection."""
    client, listener = sockets(side, other, family, socket.SOCK_STREAM)
    listener.listen(1)
    client.connect(listener.getsockname()[:2])
    server, _ = listener.accept()
    server.settimeout(CONGESTION_SECONDS)
    ways = ((client, server, content(seed, length)), (server, client, content(seed + 1, length)))
    senders = [threading.Thread(target=send_all, args=(source, data, random.Random(seed)), daemon=True)
               for source, _, data in ways]
    got = {}
    receivers = [threading.Thread(target=lambda to=to: got.update({to: receive_all(to)}), daemon=True)
                 for _, to, _ in ways]
    for thread in senders + receivers:
        thread.start()
    for thread in senders + receivers:
        thread.join(CONGESTION_SECONDS)
    for _, to, data in ways:
        need(got.get(to) == data, f"TCP over IPv{family}: {len(got.get(to, b''))} bytes came, not the {length} sent, "
                                  f"or others (seed {seed})")


def datagrams_of(sock):
    """One reading; a merged one is cut at what the kernel says."""
    data, ancillary, _, _ = sock.recvmsg(1 << 17, 64)
    step = len(data)
    for level, kind, value in ancillary:
        if (level, kind) == (socket.IPPROTO_UDP, UDP_GRO):
            step = int.from_bytes(value[:4], "little")
    return [data[at:at + step] for at in range(0, len(data), max(step, 1))]


def udp(side, other, family, seed, rounds, mtu, gro):
    """Super-datagrams (UDP_SEGMENT), each sent when the one before has come; how many were lost."""
    chance = random.Random(seed)
    client, server = sockets(side, other, family, socket.SOCK_DGRAM)
    client.connect(server.getsockname()[:2])
    server.setsockopt(socket.IPPROTO_UDP, UDP_GRO, int(gro))
    server.settimeout(LOST_SECONDS)
    lost = 0
    for number in range(rounds):
        size = chance.randrange(1, mtu - HEADERS_LEN + 1)
        count = chance.randrange(1, min(40, DATAGRAM_MAX // size) + 1)
        whole = chance.randbytes(size * (count - 1) + chance.randrange(1, size + 1))
        expected = [whole[at:at + size] for at in range(0, len(whole), size)]
        client.setsockopt(socket.IPPROTO_UDP, UDP_SEGMENT, size)
        client.send(whole)
        lost += compare(server, expected, f"UDP over IPv{family}, round {number}, seed {seed}")
    return lost


def compare(server, expected, what):
    """Each datagram that comes is one of those expected, in their order; how many did not come."""
    at = got = 0
    while at < len(expected):
        try:
            came = datagrams_of(server)
        except TimeoutError:
            break
        for datagram in came:
            need(datagram in expected[at:], f"{what}: a datagram of {len(datagram)} bytes that was not sent, "
                                            "or comes in a wrong place")
            at = expected.index(datagram, at) + 1
            got += 1
    return len(expected) - got
