"""WireGuard's messages as an onlooker or a stranger sees them: capturing, forging, flooding.

A stranger knows public keys, so it can make a good mac1 (keyed BLAKE2s), and nothing more.
"""

import ctypes
import hashlib
import os
import select
import socket
import struct
import time
from collections import namedtuple

INITIATION, RESPONSE, COOKIE_REPLY, DATA = 1, 2, 3, 4
LENGTHS = {INITIATION: 148, RESPONSE: 92, COOKIE_REPLY: 64}
KEEPALIVE_LEN = 32

ETH_P_ALL = 3
SO_ATTACH_FILTER = 26
SO_RCVBUFFORCE = 33
SOL_PACKET = 263
PACKET_STATISTICS = 6
PACKET_MAX = 1 << 17

Datagram = namedtuple("Datagram", "source sport destination dport payload")


def mac1(public_key, message):
    key = hashlib.blake2s(b"mac1----" + public_key).digest()
    return hashlib.blake2s(message, key=key, digest_size=16).digest()


def forged_initiation(public_key, rest=None):
    """An initiation with a good mac1 and noise in it."""
    body = struct.pack("<I", INITIATION) + (rest or os.urandom(112))
    return body + mac1(public_key, body) + bytes(16)


def forged_response(public_key, receiver):
    body = struct.pack("<I", RESPONSE) + os.urandom(4) + receiver + os.urandom(48)
    return body + mac1(public_key, body) + bytes(16)


def message_type(payload):
    """0 when it is none of the four."""
    if len(payload) < KEEPALIVE_LEN:
        return 0
    kind = struct.unpack_from("<I", payload)[0]
    if kind == DATA:
        return DATA
    return kind if LENGTHS.get(kind) == len(payload) else 0


def has_mac2(payload):
    return any(payload[-16:])


def parse_ip(packet):
    """The UDP datagram in an IP packet, or None."""
    if packet[0] >> 4 == 4:
        at, protocol = (packet[0] & 15) * 4, packet[9]
        family, addresses = socket.AF_INET, (packet[12:16], packet[16:20])
    else:
        at, protocol = 40, packet[6]
        family, addresses = socket.AF_INET6, (packet[8:24], packet[24:40])
    if protocol != socket.IPPROTO_UDP or len(packet) < at + 8:
        return None
    sport, dport, length = struct.unpack_from("!HHH", packet, at)
    source, destination = (socket.inet_ntop(family, a) for a in addresses)
    return Datagram(source, sport, destination, dport, packet[at + 8:at + length])


def only_of(sock, address, is_to):
    """Lets the kernel hand a packet socket no IPv4 packets but those to the address, or from it, too (classic BPF)."""
    number = int.from_bytes(socket.inet_aton(address), "big")
    load, jump_if_equal, give = 0x20, 0x15, 0x06
    source, destination = 12, 16
    program = b"".join(struct.pack("HBBI", *step) for step in (
        (load, 0, 0, destination if is_to else source), (jump_if_equal, 2, 0, number),
        (load, 0, 0, destination), (jump_if_equal, 0, 1, number),
        (give, 0, 0, 1 << 18), (give, 0, 0, 0)))
    steps = ctypes.create_string_buffer(program)
    sock.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, struct.pack("HL", 6, ctypes.addressof(steps)))


class Capture:
    """All UDP datagrams that pass a device, from when it is made on, or those from and to one IPv4 address, or to it."""

    def __init__(self, device, address=None, is_to=False):
        self.sock = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(ETH_P_ALL))
        self.sock.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 64 << 20)
        if address:
            only_of(self.sock, address, is_to)
        self.sock.bind((device, ETH_P_ALL))
        self.sock.setblocking(False)
        self.buffer = memoryview(bytearray(PACKET_MAX))
        self.waiting, self.seen = 0, []

    def close(self):
        self.sock.close()

    def count_waiting(self):
        """The kernel tells of those since it was last asked; of them are those that found no room."""
        packets, drops = struct.unpack("II", self.sock.getsockopt(SOL_PACKET, PACKET_STATISTICS, 8))
        self.waiting += packets - drops

    def datagrams(self):
        """All up to now: what comes meanwhile may be a flood that comes faster than it is read here."""
        self.count_waiting()
        while self.waiting > 0:
            self.waiting -= 1
            packet = bytes(self.buffer[:self.sock.recv_into(self.buffer)])
            if len(packet) >= 20 and packet[0] >> 4 in (4, 6):
                datagram = parse_ip(packet)
                if datagram:
                    self.seen.append(datagram)
        return self.seen

    def messages(self, kind, **where):
        """Those of one type, with fields of Datagram as given."""
        return [d for d in self.datagrams() if message_type(d.payload) == kind
                and all(getattr(d, field) == value for field, value in where.items())]


def flood(sock, target, public_key, count):
    """A burst of forged initiations, faster than anybody answers them. They differ in a few bytes."""
    messages = [forged_initiation(public_key) for _ in range(64)]
    for i in range(count):
        try:
            sock.sendto(messages[i % 64], target)
        except BlockingIOError:
            pass


class Relay:
    """A datagram relay between a client and a server that may meddle with what passes.

    meddle(payload, from_client) gives the list of payloads to pass on; answer(payload) sends to the client.
    """

    def __init__(self, outside, inside, server, meddle):
        self.outside, self.inside, self.server, self.meddle = outside, inside, server, meddle
        self.client = None

    def answer(self, payload):
        self.outside.sendto(payload, self.client)

    def run_until(self, done, seconds):
        end = time.monotonic() + seconds
        while not done() and time.monotonic() < end:
            for sock in select.select([self.outside, self.inside], [], [], 0.05)[0]:
                self.pass_on(sock)

    def pass_on(self, sock):
        payload, sender = sock.recvfrom(1 << 16)
        if sock is self.outside:
            self.client = sender
            for part in self.meddle(self, payload, True):
                self.inside.sendto(part, self.server)
        elif self.client:
            for part in self.meddle(self, payload, False):
                self.outside.sendto(part, self.client)
