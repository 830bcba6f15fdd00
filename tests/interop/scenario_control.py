"""The control socket, used well and badly."""

import base64
import contextlib
import os
import socket
import time

from lab import need, read_answer, wait_until

KEY = "01" * 31 + "02"
PEER = f"public_key={KEY}\n"

# Every one is to be answered by an errno that is not 0.
BAD_SETS = {
    "an unknown key": "nonsense=1",
    "an unknown key of a peer": PEER + "nonsense=1",
    "a line without =": "listen_port",
    "an empty key": "=1",
    "a private key too short": "private_key=" + "0" * 63,
    "a private key too long": "private_key=" + "0" * 65,
    "a private key that is no hex": "private_key=" + "g" * 64,
    "a port too large": "listen_port=65536",
    "a negative port": "listen_port=-1",
    "an empty port": "listen_port=",
    "a port with a word after it": "listen_port=51820x",
    "a port of many digits": "listen_port=" + "9" * 40,
    "a mark too large": "fwmark=4294967296",
    "a mark that is a word": "fwmark=off",
    "replace_peers not true": "replace_peers=yes",
    "a public key too short": "public_key=0102",
    "a public key that is no hex": "public_key=" + "z" * 64,
    "a preshared key too short": PEER + "preshared_key=00",
    "an endpoint without port": PEER + "endpoint=192.0.2.1",
    "an endpoint that is a name": PEER + "endpoint=nonsense:1",
    "an endpoint with too large a port": PEER + "endpoint=192.0.2.1:65536",
    "an open bracket": PEER + "endpoint=[::1:1",
    "an interval too large": PEER + "persistent_keepalive_interval=65536",
    "an interval that is a word": PEER + "persistent_keepalive_interval=off",
    "a prefix too long": PEER + "allowed_ip=192.0.2.1/33",
    "a prefix too long for IPv6": PEER + "allowed_ip=2001:db8::/129",
    "a prefix of no address": PEER + "allowed_ip=nonsense/8",
    "a negative prefix length": PEER + "allowed_ip=192.0.2.1/-1",
    "another protocol version": PEER + "protocol_version=2",
    "remove not true": PEER + "remove=false",
    "update_only not true": PEER + "update_only=1",
    "replace_allowed_ips not true": PEER + "replace_allowed_ips=0",
    "a peer's key before any peer": "allowed_ip=192.0.2.0/24",
}


def refuses_bad_requests(lab):
    daemon = lab.daemon(lab.a)
    accepted = [name for name, lines in BAD_SETS.items() if daemon.errno(f"set=1\n{lines}\n\n") == 0]
    need(not accepted, f"accepted: {', '.join(accepted)}")
    for request in ("get=2\n\n", "set=2\n\n", "frob=1\n\n", "\0\0\0\n\n"):
        with daemon.connect() as sock:
            sock.sendall(request.encode())
            with contextlib.suppress(TimeoutError):
                sock.settimeout(1)
                need("errno=0" not in read_answer(sock), f"{request!r} was accepted")
    need(daemon.answers(), "no answer afterwards")


def applies_all_or_nothing(lab):
    lab.only_ours("applies what comes before the fault")
    daemon = lab.daemon(lab.a)
    good = f"set=1\nlisten_port=12345\n{PEER}allowed_ip=192.0.2.0/24\n\n"
    need(daemon.errno(good) == 0, "a good request was refused")
    before = daemon.get()
    for name, lines in BAD_SETS.items():
        request = f"set=1\nlisten_port=23456\nfwmark=7\nreplace_peers=true\npublic_key={'03' * 32}\n"
        need(daemon.errno(f"{request}{lines}\n\n") != 0 or name == "a peer's key before any peer",
             f"{name} was accepted")
        if name != "a peer's key before any peer":
            need(daemon.get() == before, f"{name}: half of the request was applied")


def bears_endless_lines(lab):
    """A megabyte without an end is refused, not stored for ever; nobody else notices."""
    daemon = lab.daemon(lab.a)
    before = daemon.rss_kib()
    for start in ("", "set=1\n", "set=1\nprivate_key=", f"set=1\n{PEER}allowed_ip="):
        with daemon.connect() as sock:
            with contextlib.suppress(OSError):
                sock.sendall(start.encode() + b"a" * (1 << 20))
                sock.shutdown(socket.SHUT_WR)
                answer = read_answer(sock)
                need("errno=0" not in answer, f"a line of a megabyte was accepted after {start!r}")
        need(daemon.answers(), f"no answer after an endless line behind {start!r}")
    lab.note(f"resident {before} KiB before, {daemon.rss_kib()} KiB after four lines of a megabyte")


def answers_many_requests_on_a_connection(lab):
    daemon = lab.daemon(lab.a)
    with daemon.connect() as sock:
        for i in range(200):
            sock.sendall(b"get=1\n\n")
            need(read_answer(sock).endswith("errno=0\n\n"), f"request {i} was not answered")
            sock.sendall(f"set=1\nfwmark={i}\n\n".encode())
            need(read_answer(sock) == "errno=0\n\n", f"set {i} was refused")
        # An error does not end the conversation, and requests may come in any pieces.
        for piece in (b"s", b"et=1\nfw", b"mark=9", b"\n", b"\n"):
            sock.sendall(piece)
        need(read_answer(sock) == "errno=0\n\n", "a request in pieces was refused")
    need(daemon.get()[0]["fwmark"] == ["9"], "the last set does not show")


def bears_clients_that_go_away(lab):
    daemon = lab.daemon(lab.a)
    for start in (b"", b"g", b"get=1", b"get=1\n", b"get=1\n\n", b"set=1\n", b"set=1\nlisten_port=1"):
        for _ in range(20):
            with daemon.connect() as sock:
                sock.sendall(start)
    need(daemon.answers(), "no answer afterwards")
    port = daemon.get()[0].get("listen_port")
    need(port != ["1"] or lab.options.reference, "an unfinished set was applied")
    descriptors = f"/proc/{daemon.process.pid}/fd"
    wait_until(lambda: len(os.listdir(descriptors)) < 60, 10, "the connections to be closed")


def carries_traffic_beside_slow_clients(lab):
    lab.only_ours("locks its configuration while it reads a request")
    left, right = lab.tunnel("ours", "theirs")
    left.must_ping(right)
    with left.pinging(right), contextlib.ExitStack() as silent:
        for start in (b"", b"set=1\n", b"get=1\n", b"set=1\nlisten_port="):
            sock = silent.enter_context(left.daemon.connect())
            sock.sendall(start)
        with left.daemon.connect() as slow:
            for byte in b"set=1\nfwmark=77\n\n":
                slow.sendall(bytes([byte]))
                need(left.daemon.answers(), "a slow client keeps others from being answered")
            need(read_answer(slow) == "errno=0\n\n", "the slow client was refused")
    need(left.daemon.get()[0]["fwmark"] == ["77"], "the slow client's mark does not show")


def many_peers(count, more=""):
    return "".join(f"public_key={i:064x}\nallowed_ip=10.{i >> 16 & 255}.{i >> 8 & 255}.{i & 255}/32\n{more}"
                   for i in range(2, count + 2))


def carries_traffic_beside_clients_that_never_read(lab):
    left, right = lab.tunnel("ours", "theirs")
    left.must_ping(right)
    need(left.daemon.errno(f"set=1\n{many_peers(2000)}\n") == 0, "2,000 peers were refused")
    before = left.daemon.rss_kib()
    with left.pinging(right), contextlib.ExitStack() as deaf:
        for _ in range(8):
            sock = deaf.enter_context(left.daemon.connect())
            sock.setblocking(False)
            with contextlib.suppress(BlockingIOError):
                for _ in range(1000):
                    sock.send(b"get=1\n\n" * 10)
            need(left.daemon.answers(), "a client that never reads keeps others from being answered")
    lab.note(f"resident {before} KiB before, {left.daemon.rss_kib()} KiB after 8 clients that never read")


def answers_many_clients(lab):
    """Two dozen at once are all answered; a crowd that says nothing keeps nobody out."""
    daemon = lab.daemon(lab.a)
    with contextlib.ExitStack() as clients:
        socks = [clients.enter_context(daemon.connect()) for _ in range(24)]
        for sock in socks:
            sock.sendall(b"get=1\n\n")
        for sock in socks:
            need(read_answer(sock).endswith("errno=0\n\n"), "a client was not answered")
        for _ in range(200):
            clients.enter_context(daemon.connect())
        need(daemon.answers(), "a silent crowd keeps others out")


def reads_back_what_was_set(lab):
    """What the kernel's own tests pin down: clamping, own key, removal, prefixes that move."""
    left, right = lab.side(lab.a), lab.side(lab.b, "theirs")
    left.configure()
    left.add_peer(right, "[2001:db8::9]:7", left.wg("genpsk").stdout.strip(), "persistent-keepalive", "9")

    def show(word):
        return left.wg("show", left.interface, word).stdout.split()

    need(show("public-key") == [left.public], "public key")
    need(show("endpoints") == [right.public, "[2001:db8::9]:7"], f"endpoints: {show('endpoints')}")
    need(show("persistent-keepalive") == [right.public, "9"], "persistent keepalive")
    need(show("allowed-ips") == [right.public, "10.77.0.2/32", "fd77::2/128"], f"{show('allowed-ips')}")
    left.set("peer", right.public, "allowed-ips", "10.1.2.3/8,fd00::1/7,0.0.0.0/0,::/0")
    need(show("allowed-ips") == [right.public, "10.0.0.0/8", "fc00::/7", "0.0.0.0/0", "::/0"],
         f"host bits: {show('allowed-ips')}")
    other = left.wg("pubkey", input=left.wg("genkey").stdout).stdout.strip()
    left.set("peer", other, "allowed-ips", "10.0.0.0/8")
    need(show("allowed-ips") == [right.public, "fc00::/7", "0.0.0.0/0", "::/0", other, "10.0.0.0/8"] or
         show("allowed-ips") == [other, "10.0.0.0/8", right.public, "fc00::/7", "0.0.0.0/0", "::/0"],
         f"a prefix did not move: {show('allowed-ips')}")
    left.set("peer", left.public, "allowed-ips", "10.9.0.0/16")
    need(left.public not in show("peers"), "the own key became a peer")
    left.set("peer", other, "remove")
    need(show("peers") == [right.public], "a removed peer is still there")
    left.set("private-key", left.key_file("theirs", right.private))
    need(show("peers") == [], "the peer with the new private key's public key is still there")
    unclamped = base64.b64encode(b"\xff" * 32).decode()
    left.set("private-key", left.key_file("unclamped", unclamped))
    clamped = base64.b64encode(b"\xf8" + b"\xff" * 30 + b"\x7f").decode()
    need(show("private-key") == [clamped], f"clamping: {show('private-key')}")
    left.set("private-key", "/dev/null")
    need(show("private-key") == ["(none)"], "the private key is still there")


def loads_ten_thousand_peers(lab):
    """Time and memory are printed; they decide nothing here."""
    count = 10000
    daemon = lab.daemon(lab.a)
    before = daemon.rss_kib()
    start = time.monotonic()
    need(daemon.errno(f"set=1\n{many_peers(count)}\n") == 0, "they were refused")
    loaded = time.monotonic()
    peers = daemon.get()[1]
    read = time.monotonic()
    need(len(peers) == count, f"{len(peers)} came back")
    need({p["public_key"][0] for p in peers} == {f"{i:064x}" for i in range(2, count + 2)}, "others came back")
    need(all(len(p["allowed_ip"]) == 1 for p in peers), "prefixes are missing")
    after = daemon.rss_kib()
    lab.note(f"{count} peers: set in {loaded - start:.2f} s, read in {read - loaded:.2f} s, "
             f"{(after - before) / count:.2f} KiB resident each ({before} to {after} KiB)")
    need(daemon.errno("set=1\nreplace_peers=true\n\n") == 0 and not daemon.get()[1], "they stayed")
