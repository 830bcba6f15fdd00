"""Strangers: noise, forgeries, replays, floods, and peers that lie about their inner address."""

import base64
import contextlib
import os
import re
import signal
import socket
import struct
import threading

import wire
from lab import need, wait_until

UDP_SEGMENT = 103  # an option of UDP sockets
SMALL_ORDER_KEYS = [
    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
    "AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
    "4Ot6fDtBuK4WVuP68Z/EatoJjeucMrH9hmIFFl9JuAA=",
    "X5yVvKNQjCSx0LFVnIPvWwREXMRYHI6G2CJO3dCfEVc=",
    "7P///////////////////////////////////////38=",
    "7f///////////////////////////////////////38=",
    "7v///////////////////////////////////////38=",
]


def raw(key):
    return base64.b64decode(key)


def wait_drained(host, port):
    """The daemon has read all that was sent to its port."""
    def empty():
        for table in ("/proc/net/udp", "/proc/net/udp6"):
            text = host.run("cat", table).stdout
            if re.search(rf":{port:04X} \S+ \S+ \S+:0*[1-9A-F]", text):
                return False
        return True
    wait_until(empty, 10, "the receive queue to drain")


def malformed():
    """Every length near the legal ones with every type, right and wrong; and very long ones."""
    for kind in (0, 1, 2, 3, 4, 5, 255, 0x101, 0x01000004, 0xffffffff):
        head = struct.pack("<I", kind)
        for length in (*range(0, 200), 1472, 1500, 2048, 9000, 65507):
            yield (head + os.urandom(max(0, length - 4)))[:length]


def survives_malformed_datagrams(lab):
    """Silence, and the session goes on."""
    left, right = lab.tunnel("theirs", "ours")
    left.must_ping(right)
    for family, anywhere in ((4, "0.0.0.0"), (6, "::")):
        stranger = lab.a.udp(anywhere)
        for i, datagram in enumerate(malformed()):
            stranger.sendto(datagram, (lab.b.outer[family], right.port))
            if i % 64 == 63:
                wait_drained(lab.b, right.port)
        left.must_ping(right)
        stranger.setblocking(False)
        try:
            need(False, f"a stranger was answered: {stranger.recv(2000).hex()}")
        except BlockingIOError:
            pass


def ignores_noise_on_a_live_session(lab):
    """The right index with a wrong tag, at any length and counter: nothing is lost, nobody rekeys."""
    left, right = lab.tunnel("theirs", "ours")
    capture = lab.a.capture()
    left.must_ping(right)
    header = capture.messages(wire.DATA, dport=right.port)[0].payload[:8]
    stranger = lab.a.udp()
    for counter in (0, 1, 2, 100, 8192, 1 << 60, (1 << 64) - 8193, (1 << 64) - 1):
        for length in (16, 17, 32, 128, 1400):
            noise = header + struct.pack("<Q", counter) + os.urandom(length)
            stranger.sendto(noise, (lab.b.outer[4], right.port))
    wait_drained(lab.b, right.port)
    right.must_ping(left, count=5)
    need(len(capture.messages(wire.INITIATION)) == 1, "noise brought another handshake")
    need(right.daemon.endpoint() == left.endpoint(), "noise moved the endpoint")


def does_not_roam_on_a_replay(lab):
    left, right = lab.tunnel("theirs", "ours")
    capture = lab.a.capture()
    left.must_ping(right, count=3)
    genuine = [d.payload for d in capture.datagrams() if d.dport == right.port]
    need(len(genuine) >= 4, "initiation and data were not captured")
    stranger = lab.a.udp(port=55555)
    for payload in genuine:
        stranger.sendto(payload, (lab.b.outer[4], right.port))
    wait_drained(lab.b, right.port)
    right.must_ping(left, count=3)
    need(not [d for d in capture.datagrams() if d.dport == 55555], "a replay was answered")
    need(right.daemon.endpoint() == left.endpoint(), "a replay moved the endpoint")


def refuses_a_spoofed_inner_source(lab):
    """A peer's packet from an address that it was not allowed is dropped, the next one is not."""
    left, right = lab.tunnel("theirs", "ours")
    left.must_ping(right)
    sink = lab.b.udp(right.inner[4], 9)
    lab.a.address("add", "10.77.0.99", left.interface)
    lab.a.udp("10.77.0.99").sendto(b"spoofed", (right.inner[4], 9))
    lab.a.udp(left.inner[4]).sendto(b"honest", (right.inner[4], 9))
    sink.settimeout(10)
    got = sink.recv(100)
    need(got == b"honest", f"{got} was let in")


def refuses_a_more_specific_peers_source(lab):
    """The source check is a longest-prefix match; a refused packet still moves the endpoint."""
    left, right = lab.tunnel("theirs", "ours")
    right.set("peer", left.public, "allowed-ips", "10.77.0.0/24")
    other = right.wg("pubkey", input=right.wg("genkey").stdout).stdout.strip()
    right.set("peer", other, "allowed-ips", "10.77.0.50/32")
    left.must_ping(right)
    sink = lab.b.udp(right.inner[4], 9)
    for address, text in (("10.77.0.50", b"other's"), ("10.77.0.51", b"own")):
        lab.a.address("add", address, left.interface)
        lab.a.udp(address).sendto(text, (right.inner[4], 9))
    sink.settimeout(10)
    got = sink.recv(100)
    need(got == b"own", f"{got} was let in")
    left.set("listen-port", "40404")
    lab.a.udp("10.77.0.50").sendto(b"other's", (right.inner[4], 9))
    key = raw(left.public).hex()
    wait_until(lambda: right.daemon.peer(key)["endpoint"][0].endswith(":40404"), 10,
               "a refused but authentic packet to move the endpoint")


def never_sends_to_small_order_keys(lab):
    """Such peers may be configured, but no handshake with them can be. A real peer is the clock."""
    left, right = lab.tunnel("ours", "theirs")
    capture = lab.a.capture()
    for i, key in enumerate(SMALL_ORDER_KEYS):
        left.set("peer", key, "persistent-keepalive", "1", "endpoint", f"{lab.b.outer[4]}:9",
                 "allowed-ips", f"10.78.0.{i}/32")
    left.set("peer", right.public, "persistent-keepalive", "1")
    wait_until(lambda: len(capture.messages(wire.DATA, dport=right.port)) >= 4, 20, "four keepalives")
    need(not [d for d in capture.datagrams() if d.dport == 9], "something was sent to a small-order key")


def keeps_its_handshake_on_a_forged_response(lab, client):
    """Forgeries arrive before the real response; the first handshake completes all the same."""
    left, right = lab.tunnel(client, "theirs")
    initiations = []

    def meddle(relay, payload, from_client):
        if from_client and wire.message_type(payload) == wire.INITIATION:
            initiations.append(payload)
            forged = wire.forged_response(raw(left.public), payload[4:8])
            for lie in (forged, forged[:-1], forged[:60] + os.urandom(32), forged + b"\0", forged):
                relay.answer(lie)
        return [payload]

    outside, inside = lab.b.udp(port=40000), lab.b.udp("127.0.0.1")
    left.set("peer", right.public, "endpoint", f"{lab.b.outer[4]}:40000")
    relay = wire.Relay(outside, inside, ("127.0.0.1", right.port), meddle)
    ping = lab.popen(left.ping_words(right.inner[4], 3, 0.1, 20))
    relay.run_until(lambda: ping.poll() is not None, 40)
    out = ping.communicate()[0]
    need("3 received" in out, f"no tunnel: {out[-200:]}")
    need(len(initiations) == 1, f"{len(initiations)} initiations were needed, not 1")


class Flood(threading.Thread):
    """Bursts of forged initiations, until told to stop, so that the victim stays under load."""

    def __init__(self, sock, target, public_key, burst):
        super().__init__(daemon=True)
        self.sock, self.target, self.public_key, self.burst = sock, target, public_key, burst
        self.stop = threading.Event()
        self.sent = 0

    def run(self):
        while not self.stop.wait(0.25):
            wire.flood(self.sock, self.target, self.public_key, self.burst)
            self.sent += self.burst

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.stop.set()
        self.join()


def passes_with_a_cookie(lab, client, victim):
    """The victim is flooded; a peer that shows the victim's cookie gets through all the same."""
    left, right = lab.tunnel(client, victim)
    lab.a.address("add", "192.0.2.99")
    stranger = lab.a.udp("192.0.2.99")
    stranger.setblocking(False)
    # The flood overruns any capture: of the stranger it is only what comes to him.
    answers, peers = lab.a.capture(address="192.0.2.99", is_to=True), lab.a.capture(address=lab.a.outer[4])
    spared = 0

    def cookies(address):
        taken = peers if address == lab.a.outer[4] else answers
        return taken.messages(wire.COOKIE_REPLY, destination=address)

    def wait_loaded():
        """Load lasts for a second after it was last seen, and cookies go out while it lasts."""
        before = len(cookies("192.0.2.99"))
        wait_until(lambda: len(cookies("192.0.2.99")) > before, 20, "a cookie reply to the flood")

    def gets_through_with_a_cookie():
        """Who calls between two bursts may be let in without one: that proves nothing, so it is a stranger again."""
        nonlocal spared
        wait_loaded()
        # The flooded socket may lose any one datagram.
        if left.ping(right, wait=6) != 1:
            return False
        if not cookies(lab.a.outer[4]):
            spared += 1
            left.set("peer", right.public, "remove")
            left.add_peer(right, right.endpoint())
            return False
        return True

    # More than a queue of 512 takes, yet not so much that the socket is always full.
    burst = 1500 if lab.options.sanitized or lab.is_reference(victim) else 6000
    with Flood(stranger, (lab.b.outer[4], right.port), raw(right.public), burst) as flood:
        wait_until(gets_through_with_a_cookie, 60, "the peer to be asked for a cookie and to pass the flood")
    lab.note(f"{flood.sent} forged initiations, {len(cookies('192.0.2.99'))} cookie replies to them; "
             f"{spared} times no cookie for the peer")
    mine = peers.messages(wire.INITIATION, source=lab.a.outer[4])
    need(any(wire.has_mac2(d.payload) for d in mine), "the peer never showed its cookie")
    need(right.daemon.endpoint() == left.endpoint(), "the endpoint moved")
    left.must_ping(right, count=3)


def survives_a_user_who_sends_crumbs(lab):
    """Anybody may hand the kernel super-packets of one byte a segment; a batch of them is large outside."""
    left, right = lab.tunnel("ours", "theirs")
    left.must_ping(right)
    for family in (4, 6):
        sock = lab.a.udp(left.inner[family])
        sock.setblocking(False)
        sent = 0
        for size in (1, 8, 100):
            sock.setsockopt(socket.IPPROTO_UDP, UDP_SEGMENT, size)
            # Asleep it cannot take them one by one.
            left.daemon.process.send_signal(signal.SIGSTOP)
            for _ in range(400):
                with contextlib.suppress(OSError):
                    sent += sock.sendto(b"x" * 45 * size, (right.inner[family], 9)) > 0
            left.daemon.process.send_signal(signal.SIGCONT)
            need(left.daemon.answers(), "no answer")
        need(sent > 0, "no super-packet could be sent")
    # The far end may still be busy with fifty thousand datagrams.
    wait_until(lambda: left.ping(right, wait=1) == 1, 30, "a ping to pass again")
