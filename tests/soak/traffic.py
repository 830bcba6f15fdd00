"""Traffic that checks itself: datagrams with a number and a hash, a TCP stream whose every block is known.

Datagrams may be lost; none may come twice, altered or uninvited. A stream may be slow, never wrong."""

import hashlib
import select
import socket
import struct
import threading
import time

DATAGRAM_MIN, DATAGRAM_MAX = 64, 1200
HASH_LEN = 16
BLOCK_LEN = 4096
TURN_S = 0.01


def sealed(seed, number):
    """Datagram `number`: its number, filling of a length of its own, and the hash of both."""
    noise = hashlib.blake2b(struct.pack("<QQ", seed, number)).digest()
    length = DATAGRAM_MIN + struct.unpack_from("<H", noise)[0] % (DATAGRAM_MAX - DATAGRAM_MIN)
    body = struct.pack("<Q", number) + noise * (length // len(noise) + 1)
    body = body[:length]
    return body + hashlib.blake2b(body, digest_size=HASH_LEN, key=struct.pack("<Q", seed)).digest()


def block(seed, number):
    return hashlib.blake2b(struct.pack("<QQ", seed, number)).digest() * (BLOCK_LEN // 64)


class Traffic:
    """A thread that sends and one that receives, from start() to stop()."""

    def __init__(self):
        self.is_over = threading.Event()
        self.threads = [threading.Thread(target=self.send, daemon=True),
                        threading.Thread(target=self.receive, daemon=True)]

    def start(self):
        for thread in self.threads:
            thread.start()

    def stop(self):
        self.is_over.set()
        for thread in self.threads:
            thread.join()


class Datagrams(Traffic):
    """One way, from a side's inner address to another's, at a steady rate."""

    def __init__(self, source, destination, port, seed, rate):
        super().__init__()
        self.seed, self.rate = seed, rate
        self.out = source.host.udp(source.inner[4])
        self.into = destination.host.udp(destination.inner[4], port)
        self.target = (destination.inner[4], port)
        self.sent = self.got = self.twice = self.altered = self.refused = 0
        self.seen = set()
        self.last_at = self.longest_gap = 0.0

    def send(self):
        start, number = time.monotonic(), 0
        while not self.is_over.wait(TURN_S):
            due = int((time.monotonic() - start) * self.rate)
            # Who is behind does not catch up in a burst.
            for _ in range(min(due - number, int(10 * self.rate * TURN_S))):
                try:
                    self.out.sendto(sealed(self.seed, self.sent), self.target)
                except OSError:
                    self.refused += 1
                self.sent += 1
            number = due

    def receive(self):
        while not self.is_over.is_set():
            if not select.select([self.into], [], [], 0.1)[0]:
                continue
            self.take(self.into.recv(1 << 16))

    def take(self, datagram):
        number = struct.unpack_from("<Q", datagram)[0] if len(datagram) >= 8 else -1
        if number < 0 or number >= self.sent + 1000 or datagram != sealed(self.seed, number):
            self.altered += 1
            return
        self.twice += number in self.seen
        self.seen.add(number)
        now = time.monotonic()
        if self.last_at:
            self.longest_gap = max(self.longest_gap, now - self.last_at)
        self.last_at = now
        self.got += 1

    def wait_next(self, seconds):
        """How long it takes until another datagram arrives, or None."""
        start, before = time.monotonic(), self.got
        while self.got == before:
            if time.monotonic() - start > seconds:
                return None
            time.sleep(0.002)
        return time.monotonic() - start


class Stream(Traffic):
    """TCP from one side to the other; what has arrived is compared at once."""

    def __init__(self, source, destination, port, seed):
        super().__init__()
        self.seed, self.source, self.target = seed, source, (destination.inner[4], port)
        with destination.host.entered():
            self.listener = socket.create_server(self.target)
        with source.host.entered():
            self.out = socket.socket()
        self.listener.settimeout(0.1)
        self.out.settimeout(0.1)
        self.got, self.is_wrong = 0, False

    def stop(self):
        super().stop()
        # Nobody waits for what is still under way.
        self.out.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.out.close()
        self.listener.close()

    def connect(self):
        while not self.is_over.is_set():
            try:
                self.out.connect(self.target)
                return True
            except (TimeoutError, BlockingIOError):
                if select.select([], [self.out], [], 0.1)[1]:
                    return True
            except OSError as why:
                if why.errno in (106, 114):  # EISCONN, EALREADY
                    if select.select([], [self.out], [], 0.1)[1]:
                        return True
                    continue
                return False
        return False

    def send(self):
        number, rest = 0, b""
        if not self.connect():
            return
        while not self.is_over.is_set():
            if not rest:
                rest = block(self.seed, number)
                number += 1
            try:
                rest = rest[self.out.send(rest):]
            except TimeoutError:
                continue
            except OSError:
                return

    def accept(self):
        while not self.is_over.is_set():
            try:
                return self.listener.accept()[0]
            except TimeoutError:
                continue
        return None

    def receive(self):
        connection = self.accept()
        if not connection:
            return
        connection.settimeout(0.1)
        number, have = 0, b""
        while not self.is_over.is_set():
            try:
                part = connection.recv(1 << 16)
            except TimeoutError:
                continue
            except OSError:
                break
            if not part:
                break
            have += part
            self.got += len(part)
            while len(have) >= BLOCK_LEN:
                self.is_wrong |= have[:BLOCK_LEN] != block(self.seed, number)
                have, number = have[BLOCK_LEN:], number + 1
        connection.close()
