"""culvertd and the kernel as peers."""

import base64
import os
import re
import socket
import threading

import wire
from lab import Failure, answered, command, endpoint_text, need, wait_until
from peer import shown


def pings(lab, initiator, outer, inner, psk):
    left, right = lab.tunnel(family=outer, psk=psk, knows=initiator)
    first, second = (left, right) if initiator == "culvertd" else (right, left)
    first.must_ping(second, inner, count=3)
    second.must_ping(first, inner, count=3)
    for side, other in ((left, right), (right, left)):
        time, received, sent, endpoint = shown(side, "latest-handshake", "received", "sent", "endpoint")
        need(int(time) > 0, f"{side.interface} shows no handshake")
        need(int(received) >= 6 * 96 and int(sent) >= 6 * 96, f"{side.interface} shows {received} and {sent} bytes")
        need(endpoint == other.endpoint(outer), f"{side.interface} shows the endpoint {endpoint}")


def shows_a_live_session_alike(lab):
    """Both wg commands on the kernel's interface while it has a session."""
    left, right = lab.tunnel(psk=True)
    left.must_ping(right)
    for word in ("dump", "transfer", "latest-handshakes", "endpoints"):
        said = [lab.guest.run(f"/opt/{whose}/wg", "show", "wg0", word).stdout for whose in ("ours", "theirs")]
        need(said[0] == said[1], f"show wg0 {word}: {said}")
    # A second may end between two of them.
    script = "; ".join(f"/opt/{whose}/wg show wg0; echo ---" for whose in ("ours", "theirs", "ours"))
    said = lab.guest.sh(script).stdout.split("---\n")
    need(said[1] in (said[0], said[2]), f"show wg0: {said}")


def carries_every_size(lab):
    """Unfragmented up to the tunnel's MTU, fragmented above it."""
    left, right = lab.tunnel()
    left.must_ping(right)
    for family, headers in ((4, 28), (6, 48)):
        for size in (headers + 16, 100, 111, 112, 113, 1279, 1280, 1407, 1408, 1409, 1419, 1420):
            left.must_ping(right, family, extra=("-M", "do", "-s", str(size - headers)))
            right.must_ping(left, family, extra=("-M", "do", "-s", str(size - headers)))
        for side, other in ((left, right), (right, left)):
            side.must_ping(other, family, count=2, extra=("-s", "30000"))


def iperf(lab, left, right, *words):
    """Bits a second that arrived, as iperf3 in the namespace measured them."""
    lab.guest.start("iperf3", "-s", "-1")
    lab.guest.wait_listening(5201)
    done = left.host.run("iperf3", "-c", right.inner[4], "-t", "2", "-f", "m", "--connect-timeout", "5000", *words)
    rates = re.findall(r"([0-9.]+) Mbits/sec.*receiver", done.stdout)
    need(rates and float(rates[-1]) > 0, f"iperf3 {words}: {done.stdout[-500:]}")
    return float(rates[-1])


def carries_iperf(lab):
    """Super-packets in both directions; the figures decide nothing."""
    left, right = lab.tunnel()
    left.must_ping(right)
    for name, words in (("TCP to the kernel", ()), ("TCP from the kernel", ("-R",)),
                        ("4 TCP streams to the kernel", ("-P", "4")), ("UDP to the kernel", ("-u", "-b", "10M")),
                        ("UDP from the kernel", ("-u", "-b", "10M", "-R"))):
        lab.note(f"{name}: {iperf(lab, left, right, *words)} Mbit/s")
    for side, path in ((left, left.interface), (right, "wg0")):
        errors = side.host.run("cat", f"/sys/class/net/{path}/statistics/rx_errors").stdout.strip()
        need(errors == "0", f"{errors} receive errors on {side.interface}")


def carries_bytes_unharmed(lab):
    """TCP with known contents, both ways and families; a hash tells whether they are the same."""
    left, right = lab.tunnel()
    left.must_ping(right)
    size = 6000000
    for family in (4, 6):
        lab.guest.sh(f"head -c {size} /dev/urandom >/tmp/data; "
                     "{ nc -l -p 5000 </tmp/data >/tmp/got; } >/dev/null 2>&1 3>&- &")
        lab.guest.wait_listening(5000)
        data = os.urandom(size)
        got = exchange(left, right.inner[family], 5000, data, size)
        sums = lab.guest.sh("while pidof nc >/dev/null; do sleep 0.1; done; sha256sum </tmp/data; sha256sum </tmp/got")
        want = [sha256(got), sha256(data)]
        need([line.split()[0] for line in sums.stdout.splitlines()] == want, f"bytes over IPv{family} arrive otherwise")


def sha256(data):
    return command("sha256sum", input=data.decode("latin-1"), encoding="latin-1").stdout.split()[0]


def exchange(side, address, port, data, size):
    """Sends data and receives size bytes at the same time."""
    with side.host.entered():
        sock = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET)
    with sock:
        sock.settimeout(60)
        sock.connect((address, port))
        sender = threading.Thread(target=lambda: (sock.sendall(data), sock.shutdown(1)), daemon=True)
        sender.start()
        got = bytearray()
        while len(got) < size:
            part = sock.recv(1 << 16)
            need(part, f"the connection ended after {len(got)} bytes")
            got += part
        sender.join(60)
    return bytes(got)


def roams(lab, roamer, family):
    """One side's address is replaced; the other follows the first authentic packet."""
    left, right = lab.tunnel(family=family)
    first, second = (left, right) if roamer == "culvertd" else (right, left)
    first.must_ping(second)
    old, new = first.host.outer[family], first.host.outer[family] + "1"
    for verb, back, address in (("del", "add", old), ("add", "del", new)):
        first.host.address(verb, address)
        lab.later(first.host.address, back, address)
    first.must_ping(second)
    endpoint = shown(second, "endpoint")
    need(endpoint == endpoint_text(new, first.port), f"the endpoint is {endpoint}, not {new}")
    second.must_ping(first)


def changes_families(lab):
    left, right = lab.tunnel()
    left.must_ping(right)
    left.set("peer", right.public, "endpoint", right.endpoint(6))
    left.must_ping(right)
    need(shown(right, "endpoint") == left.endpoint(6), f"the kernel's endpoint is {shown(right, 'endpoint')}")
    right.set("peer", left.public, "endpoint", left.endpoint(4))
    right.must_ping(left)
    need(shown(left, "endpoint") == right.endpoint(4), f"culvertd's endpoint is {shown(left, 'endpoint')}")


def changes_ports(lab):
    left, right = lab.tunnel()
    left.must_ping(right)
    for side, other in ((left, right), (right, left)):
        side.set("listen-port", "40404")
        side.must_ping(other)
        need(shown(other, "endpoint").endswith(":40404"), f"the endpoint is {shown(other, 'endpoint')}")
        other.must_ping(side)


def refuses_another_preshared_key(lab, initiator):
    left, right = lab.tunnel(psk=True, knows=initiator)
    first, second = (left, right) if initiator == "culvertd" else (right, left)
    secret = right.key_file("other", left.wg("genpsk").stdout.strip())
    right.set("peer", left.public, "preshared-key", secret)
    need(first.ping(second, wait=2) == 0, "different preshared keys carry a ping")
    right.set("peer", left.public, "preshared-key", "/tmp/wg0.psk")
    # The next attempt comes five seconds after the last.
    first.must_ping(second, wait=12)


def refuses_a_spoofed_source(lab):
    """Each drops what the other sends from an inner address that is not the other's."""
    left, right = lab.tunnel()
    left.must_ping(right)
    for side, other in ((left, right), (right, left)):
        false = f"10.77.0.{side.host.n + 100}"
        side.host.address("add", false, side.interface)
        need(side.ping(other, wait=1, extra=("-I", false)) == 0, f"{other.interface} took a spoofed packet")
        side.must_ping(other)


def settles_crossing_initiations(lab):
    """Both begin at the same time, over and over: each time both have a working session in six seconds."""
    left, right = lab.tunnel()
    for _ in range(4):
        right.forget_sessions()
        left.set("peer", right.public, "remove")
        left.add_peer(right, right.endpoint())
        ping = lab.popen(left.ping_words(right.inner[4], 2, 60, 60, "-l", "2", "-w", "6"))
        got = right.ping(left, count=2, wait=6)
        out = ping.communicate(timeout=20)[0]
        need(got == 2 and answered(out) == 2, f"{got} and {answered(out)} of 2 pings were answered")


def raw(key):
    return base64.b64decode(key)


class Flood(threading.Thread):
    """Bursts of forged initiations, until told to stop, so that the victim stays under load."""

    def __init__(self, sock, target, public_key, burst):
        super().__init__(daemon=True)
        self.arguments = sock, target, raw(public_key), burst
        self.over = threading.Event()

    def run(self):
        while not self.over.wait(0.25):
            wire.flood(*self.arguments)

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        self.join()


def passes_with_a_cookie(lab, initiator):
    """The victim is flooded from a third address; the initiator shows its cookie and gets through."""
    left, right = lab.tunnel(knows=initiator)
    first, victim = (left, right) if initiator == "culvertd" else (right, left)
    capture = lab.a.capture()
    if victim is right:
        flooder, target = "192.0.2.99", (lab.guest.outer[4], right.port)
        lab.a.address("add", flooder)
        lab.later(lab.a.address, "del", flooder)
        sock = lab.a.udp(flooder)
        burst = 2000
    else:
        # Culvertd hears the flood from the namespace itself: the guest is too slow to make one.
        flooder, target = "127.0.0.1", ("127.0.0.1", left.port)
        sock = lab.a.udp(flooder)
        burst = 6000
    sock.setblocking(False)
    with Flood(sock, target, victim.public, burst):
        wait_until(lambda: is_told_a_cookie(sock), 20, "a cookie reply to the flood")
        first.must_ping(victim, wait=50)
    source = first.host.outer[4]
    mine = capture.messages(wire.INITIATION, source=source)
    need(capture.messages(wire.COOKIE_REPLY, destination=source), "the initiator got no cookie")
    need(any(wire.has_mac2(d.payload) for d in mine), "the initiator never showed its cookie")
    lab.note(f"{len(mine)} initiations were needed")


def is_told_a_cookie(sock):
    try:
        return wire.message_type(sock.recv(1 << 16)) == wire.COOKIE_REPLY
    except (BlockingIOError, ConnectionRefusedError):
        return False


def rekeys(lab, initiator):
    """Past 130 seconds of pings both ways: the initiator renews the keys at 120, and none is lost."""
    left, right = lab.tunnel(knows=initiator)
    first, second = (left, right) if initiator == "culvertd" else (right, left)
    first.must_ping(second)
    capture = lab.a.capture()
    before = int(shown(right, "latest-handshake"))
    right.host.start(*right.ping_words(left.inner[4], 1000, 1, 5, "-w", "135"))
    said = [command(*left.ping_words(right.inner[6], 1000, 0.5, 5, "-w", "135"), check=False, timeout=180).stdout,
            right.host.finish(60)]
    for out in said:
        sent, got = map(int, re.search(r"(\d+) packets transmitted, (\d+) received", out).groups())
        # The last may be on its way at the end.
        need(got > 60 and got >= sent - 1, out.strip()[-300:])
    apart = int(shown(right, "latest-handshake")) - before
    need(118 <= apart <= 132, f"the kernel shows handshakes {apart} s apart, not 120")
    senders = {d.source for d in capture.messages(wire.INITIATION)}
    need(senders == {first.host.outer[4]}, f"initiations came from {senders}")


def finds_a_lost_session_again(lab):
    """The kernel forgets its sessions: data without an answer makes culvertd begin anew after 15 s."""
    left, right = lab.tunnel(knows="culvertd")
    left.must_ping(right)
    right.forget_sessions()
    words = left.ping_words(right.inner[4], 60, 0.5, 5)
    out = command(*words, check=False, timeout=60).stdout
    got = answered(out)
    need(25 <= got <= 33, f"{got} of 60 pings in 30 s were answered, not those of the last 15")


def answers_data_with_a_keepalive(lab, sender):
    """Data that nobody answers brings one keepalive after ten seconds, from either implementation."""
    left, right = lab.tunnel()
    left.must_ping(right)
    silent, talker = (left, right) if sender == "kernel" else (right, left)
    capture = lab.a.capture()
    silent.host.run("nft", "add table ip t; add chain ip t c { type filter hook input priority 0; }; "
                           f"add rule ip t c ip saddr {talker.inner[4]} drop")
    lab.later(silent.host.run, "nft", "delete table ip t")
    need(talker.ping(silent, wait=1) == 0, "a ping was answered")
    found = wait_until(lambda: capture.messages(wire.DATA, source=silent.host.outer[4]), 14, "a keepalive")
    if len(found) != 1 or len(found[0].payload) != wire.KEEPALIVE_LEN:
        raise Failure(f"not one keepalive: {[len(d.payload) for d in found]}")
