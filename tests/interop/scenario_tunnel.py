"""Two peers that behave: handshakes, traffic, keepalives, rekeying, padding."""

import json
import os
import re
import socket
import threading

import wire
from lab import command, need, wait_until


def pings(lab, a, b, wg, outer, psk):
    """Either inner family may be the one that waits for the handshake."""
    left, right = lab.tunnel(a, b, wg, outer, psk)
    for inner in (4, 6) if psk == (outer == 4) else (6, 4):
        left.must_ping(right, inner, count=3)
        right.must_ping(left, inner, count=3)
    shown = left.wg("show", left.interface, "latest-handshakes").stdout.split()
    need(int(shown[1]) > 0, f"no handshake is shown: {shown}")


def initiate_at_once(lab, a, b):
    """Crossing initiations undo each other; jitter must settle it, and nothing that waits is lost."""
    left, right = lab.tunnel(a, b)
    for _ in range(3):
        runs = [lab.popen(side.ping_words(other.inner[4], 1, 0.2, 20))
                for side, other in ((left, right), (right, left))]
        for process in runs:
            out = process.communicate(timeout=40)[0]
            need("1 received" in out, f"the initiations did not settle: {out.strip()[-200:]}")
        for side, other in ((left, right), (right, left)):
            side.set("peer", other.public, "remove")
            side.add_peer(other, other.endpoint())


def rekeys(lab, a, b):
    """Past 130 seconds of traffic: the initiator renews the keys at 120, and no ping is lost."""
    left, right = lab.tunnel(a, b)
    capture = lab.a.capture()
    left.must_ping(right)
    runs = [lab.popen(left.ping_words(right.inner[4], 700, 0.2, 10)),
            lab.popen(right.ping_words(left.inner[6], 700, 0.2, 10))]
    for process in runs:
        out = process.communicate(timeout=240)[0]
        need("700 received" in out, out.strip()[-300:])
    count = len(capture.messages(wire.INITIATION, source=lab.a.outer[4]))
    need(count >= 2, f"{count} initiations in 140 seconds: no rekey was seen")
    need(not capture.messages(wire.INITIATION, source=lab.b.outer[4]), "the responder initiated too")


def keepalives(capture, source):
    return [d for d in capture.messages(wire.DATA, source=source)
            if len(d.payload) == wire.KEEPALIVE_LEN]


def answers_data_with_a_keepalive(lab):
    """Data that nobody answers brings one keepalive after ten seconds, and that brings none."""
    left, right = lab.tunnel()
    left.must_ping(right)
    capture = lab.a.capture()
    sink = lab.b.udp(right.inner[4], 9)
    source = lab.a.udp(left.inner[4])
    source.sendto(b"no answer, please", (right.inner[4], 9))
    sink.settimeout(5)
    sink.recv(100)
    wait_until(lambda: keepalives(capture, lab.b.outer[4]), 20, "a keepalive")
    # A second one would come, from either side, within ten seconds of the first.
    with lab.a.udp() as clock:
        clock.settimeout(12)
        try:
            clock.recv(1)
        except TimeoutError:
            pass
    count = len(keepalives(capture, lab.b.outer[4])) + len(keepalives(capture, lab.a.outer[4]))
    need(count == 1, f"{count} keepalives, not 1")


def keeps_alive_persistently(lab):
    left, right = lab.tunnel()
    capture = lab.a.capture()
    left.set("peer", right.public, "persistent-keepalive", "1")
    wait_until(lambda: len(keepalives(capture, lab.a.outer[4])) >= 3, 20, "three keepalives")


def pads_and_stays_below_the_mtu(lab):
    """The inner packet grows to a multiple of 16, but never past the MTU."""
    mtu = 1300
    left, right = lab.tunnel(mtu=mtu)
    left.must_ping(right)
    for size in (28, 84, 96, 97, 1287, 1297, 1300):
        capture = lab.a.capture()
        left.must_ping(right, extra=("-s", str(size - 28), "-M", "do"))
        padded = min(mtu, (size + 15) // 16 * 16)
        seen = {len(d.payload) - wire.KEEPALIVE_LEN for d in capture.messages(wire.DATA)}
        need(seen - {0} == {padded}, f"a packet of {size} bytes travels as {seen}, not {padded}")
        capture.close()


def receive_all(server, result):
    connection, _ = server.accept()
    with connection:
        while True:
            part = connection.recv(1 << 16)
            if not part:
                return
            result.append(part)


def transfer(lab, source, destination, family, size):
    """Bytes through TCP in the tunnel arrive whole and in order."""
    kind = socket.AF_INET6 if family == 6 else socket.AF_INET
    with destination.host.entered():
        server = socket.socket(kind)
    with source.host.entered():
        client = socket.socket(kind)
    with server, client:
        server.bind((destination.inner[family], 0))
        server.listen()
        server.settimeout(20)
        client.settimeout(20)
        parts, data = [], os.urandom(size)
        reader = threading.Thread(target=receive_all, args=(server, parts), daemon=True)
        reader.start()
        client.connect(server.getsockname()[:2])
        client.sendall(data)
        client.close()
        reader.join(30)
        need(b"".join(parts) == data, f"{size} bytes over IPv{family} arrived otherwise")


def carries_large_transfers(lab):
    """Super-packets (segmentation offload) in both directions and families, and odd sizes."""
    left, right = lab.tunnel("ours", "theirs")
    left.must_ping(right)
    for family in (4, 6):
        for size in (1, 1459, 100001, 20000003):
            transfer(lab, left, right, family, size)
            transfer(lab, right, left, family, size)
    for family in (4, 6):
        left.must_ping(right, family, extra=("-s", "40000"), count=3)
    need(re.search(r"transfer: .* MiB received", left.wg("show", left.interface).stdout), "no transfer shown")
    link = json.loads(left.host.ip("-s", "-j", "link", "show", left.interface).stdout)[0]
    need(link["stats64"]["rx"]["errors"] == 0, f"receive errors on {left.interface}: {link['stats64']['rx']}")
