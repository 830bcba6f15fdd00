"""What the daemon remembers of what it refused: each reason is brought about and read back."""

import json
import os
import shutil
import signal
import socket
import struct
import tempfile

import wire
from lab import Failure, Skip, command, libc, need, read_answer, wait_until
from scenario_hostile import raw, wait_drained

CLONE_NEWNS = 0x20000
NOBODY = 65534

def ask_as_nobody(lab, path, request):
    """The answer to somebody without any privilege, or the error's name. No program is run as nobody: it
    may lie where nobody reads. So may the sockets, where wireguard-go made their directory (0700): in
    a mount namespace of the child's own they are seen at another place."""
    place = tempfile.mkdtemp(prefix="interop-")
    lab.later(shutil.rmtree, place, ignore_errors=True)
    os.chmod(place, 0o755)
    seen = os.path.join(place, "socket")
    open(seen, "w").close()
    inner, outer = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            libc.unshare(CLONE_NEWNS)
            command("mount", "--make-rprivate", "/")
            command("mount", "--bind", path, seen)
            os.setgroups([])
            os.setgid(NOBODY)
            os.setuid(NOBODY)
            with socket.socket(socket.AF_UNIX) as sock:
                sock.settimeout(20)
                sock.connect(seen)
                sock.sendall(request)
                said = read_answer(sock)
        except (OSError, Failure) as error:
            said = type(error).__name__
        os.write(outer, said.encode()[:60000])
        os._exit(0)
    os.close(outer)
    with open(inner, "rb") as pipe:
        said = pipe.read().decode()
    os.waitpid(pid, 0)
    return said


def section(text):
    """One owner's part: counts by reason, and events as dictionaries."""
    counts, events = {}, []
    for line in text.split("\n"):
        key, _, value = line.partition("=")
        words = value.split(" ")
        if key == "count":
            counts[words[0]] = int(words[1])
        elif key == "event":
            events.append(dict([("reason", words[0])] + [w.split("=", 1) for w in words[1:]]))
    return counts, events


def read_log(daemon):
    """The interface's section and those of its peers by key."""
    answer = daemon.ask("events=1\n\n")
    need(answer.endswith("errno=0\n\n"), f"no log but {answer[-100:]!r}")
    parts = answer.split("\npeer=")
    peers = {}
    for part in parts[1:]:
        key, _, rest = part.partition("\n")
        peers[key] = section(rest)
    return section(parts[0]), peers


def wait_for(side, reason, peer=None):
    """The newest event with this reason, once there is one."""
    def look():
        device, peers = read_log(side.daemon)
        counts, events = peers.get(peer, ({}, [])) if peer else device
        found = [e for e in events if e["reason"] == reason]
        need(not found or counts.get(reason, 0) >= 1, f"{reason} is remembered and not counted")
        need(not found or device[0].get(reason, 0) >= counts[reason], "a peer counts more than all")
        return min(found, key=lambda e: int(e["last_ms_ago"])) if found else None
    return wait_until(look, 20, f"the reason {reason} in the log of {side.interface}")


def has_source(event, address, port):
    need(event.get("source") == f"{address}:{port}", f"{event} does not come from {address}:{port}")


def remembers_strangers(lab):
    """Noise of every kind from a stranger: each has its reason and its source."""
    lab.only_ours("keeps no log")
    left, right = lab.tunnel("theirs", "ours")
    capture = lab.a.capture()
    left.must_ping(right)
    stranger = lab.a.udp()
    port = stranger.getsockname()[1]
    key = raw(right.public)
    index = capture.messages(wire.DATA, dport=right.port)[0].payload[4:8]
    initiation = capture.messages(wire.INITIATION)[0].payload
    data = capture.messages(wire.DATA, dport=right.port)[0].payload
    cookie = struct.pack("<I", wire.COOKIE_REPLY) + index + os.urandom(56)
    for reason, datagram, peer in (
            ("bad-message", b"hello", None),
            ("bad-mac1", wire.forged_initiation(raw(left.public)), None),
            ("bad-handshake", wire.forged_initiation(key), None),
            ("no-handshake", wire.forged_response(key, os.urandom(4)), None),
            ("no-session", struct.pack("<I", wire.DATA) + os.urandom(40), None),
            ("bad-cookie-reply", cookie, None),
            ("bad-tag", data[:8] + struct.pack("<Q", 1000) + os.urandom(32), left.public),
            ("replayed", data, left.public),
            ("old-timestamp", initiation, left.public)):
        stranger.sendto(datagram, (lab.b.outer[4], right.port))
        has_source(wait_for(right, reason, peer), lab.a.outer[4], port)
    need("event" not in right.daemon.ask("get=1\n\n"), "a get is told of events")
    left.must_ping(right)


def tells_the_key_of_an_unknown_peer(lab):
    """With the line that `wg log` prints the peer is let in."""
    lab.only_ours("keeps no log")
    left, right = lab.side(lab.a), lab.side(lab.b)
    left.configure()
    right.configure()
    left.add_peer(right, right.endpoint())
    lab.a.run("ping", "-c", "1", "-W", "1", right.inner[4], check=False)
    event = wait_for(right, "unknown-peer")
    need(event.get("key") == left.public, f"{event} does not name {left.public}")
    has_source(event, lab.a.outer[4], left.port)
    log = lab.b.run(lab.options.our_wg, "log", right.interface).stdout
    line = f"wg set {right.interface} peer {left.public} allowed-ips ADDRESS/32"
    need(line in log, f"no line to type in {log}")
    words = line.replace("ADDRESS", left.inner[4]).split()
    lab.b.run(lab.options.our_wg, *words[1:])
    left.must_ping(right, wait=20)
    wait_for(right, "handshake-done", left.public)


def remembers_what_peers_do_wrong(lab):
    """An address that is not allowed, another preshared key, a new address, a key that is gone."""
    lab.only_ours("keeps no log")
    left, right = lab.tunnel("ours", "ours")
    left.must_ping(right)
    wait_for(left, "initiation-sent", right.public)
    wait_for(right, "response-sent", left.public)
    lab.a.address("add", "10.77.0.99", left.interface)
    lab.a.udp("10.77.0.99").sendto(b"spoofed", (right.inner[4], 9))
    event = wait_for(right, "source-not-allowed", left.public)
    need(event.get("inner") == "10.77.0.99", f"{event} does not tell the inner source")
    left.set("listen-port", "40404")
    left.must_ping(right)
    has_source(wait_for(right, "roamed", left.public), lab.a.outer[4], 40404)
    left.set("peer", right.public, "remove")
    left.add_peer(right, right.endpoint(), psk=left.wg("genpsk").stdout.strip())
    lab.a.run("ping", "-c", "1", "-W", "1", right.inner[4], check=False)
    has_source(wait_for(left, "bad-response", right.public), lab.b.outer[4], right.port)
    right.set("private-key", "/dev/null")
    lab.a.udp().sendto(wire.forged_initiation(raw(right.public)), (lab.b.outer[4], right.port))
    wait_for(right, "no-private-key")


def remembers_what_it_could_not_send(lab):
    lab.only_ours("keeps no log")
    left, right = lab.tunnel("theirs", "ours")
    left.must_ping(right)
    stray = lab.b.udp(right.inner[4])
    stray.sendto(b"to nobody", ("10.77.0.200", 9))
    need(wait_for(right, "no-peer").get("inner") == "10.77.0.200", "no-peer without its address")
    other = right.wg("pubkey", input=right.wg("genkey").stdout).stdout.strip()
    right.set("peer", other, "allowed-ips", "10.77.0.50/32")
    stray.sendto(b"to somebody", ("10.77.0.50", 9))
    wait_for(right, "no-endpoint", other)
    lab.b.ip("route", "add", "unreachable", "192.0.2.1/32")
    stray.sendto(b"x", (left.inner[4], 9))
    event = wait_for(right, "send-unreachable", left.public)
    need(event.get("error") == "113", f"{event} has not the system's error")
    lab.b.ip("route", "del", "unreachable", "192.0.2.1/32")
    if not shutil.which("nft"):
        raise Skip("nft is missing: the local firewall is not tried")
    lab.b.run("nft", "add table inet f; add chain inet f o { type filter hook output priority 0; }; "
                     "add rule inet f o udp sport %d drop" % right.port)
    stray.sendto(b"x", (left.inner[4], 9))
    wait_for(right, "send-denied", left.public)


def tells_everybody_a_little(lab):
    """Without privilege: no keys, no addresses, nothing but this request; and traffic goes on."""
    lab.only_ours("keeps no log")
    left, right = lab.tunnel("theirs", "ours")
    left.must_ping(right)
    lab.a.udp().sendto(b"hello", (lab.b.outer[4], right.port))
    wait_for(right, "bad-message")

    said = ask_as_nobody(lab, right.daemon.public_path, b"events=1\n\n")
    need("scope=public" in said and "count=bad-message 1" in said, f"nobody was told {said!r}")
    need(f"peer={left.public[:8]}\n" in said, "the peer's abbreviation is missing")
    for secret in (left.public, right.public, lab.a.outer[4], left.inner[4]):
        need(secret not in said, f"everybody is told {secret}")
    for request in (b"get=1\n\n", b"set=1\nlisten_port=1\n\n", b"x" * 70000):
        said = ask_as_nobody(lab, right.daemon.public_path, request)
        need(said in ("errno=-71\n\n", "", "BrokenPipeError", "ConnectionResetError"),
             f"{request[:9]} from nobody: {said!r}")
    said = ask_as_nobody(lab, right.daemon.path, b"events=1\n\n")
    need(said == "PermissionError", f"the control socket to nobody: {said}")
    document = json.loads(lab.b.run(lab.options.our_wg, "log", right.interface, "--json").stdout)
    need(document["interfaces"][0]["counts"]["bad-message"] == 1, "JSON has other counts")
    need([p["publicKey"] for p in document["interfaces"][0]["peers"]] == [left.public], "JSON has other peers")
    said = lab.a.run(lab.options.our_wg, "log", left.interface, check=False).stderr
    need("keeps no log" in said, f"of another daemon: {said!r}")
    left.must_ping(right)


def stays_cheap_under_a_flood(lab):
    """Many strangers with many addresses hide nobody: what came before them is still there."""
    lab.only_ours("keeps no log")
    left, right = lab.tunnel("theirs", "ours")
    left.must_ping(right)
    lab.a.udp().sendto(b"hello", (lab.b.outer[4], right.port))
    wait_for(right, "bad-message")
    datagram = wire.forged_initiation(raw(left.public))
    for _ in range(300):
        lab.a.udp().sendto(datagram, (lab.b.outer[4], right.port))

    def counted():
        return read_log(right.daemon)[0][0].get("bad-mac1", 0) >= 100
    wait_until(counted, 20, "100 of 300 forgeries to be counted")
    events = read_log(right.daemon)[0][1]
    need(len([e for e in events if e["reason"] == "bad-mac1"]) == 6, f"other than 6 alike in {events}")
    need([e for e in events if e["reason"] == "bad-message"], "a flood hid what was before it")


def drops_a_flood_unseen(lab):
    """What strangers send too fast is dropped by chance before it is read, messages for sessions that never were as
    well; a session does not feel it, and when the flood is over everything is read again."""
    lab.only_ours("keeps no log")
    left, right = lab.tunnel("theirs", "ours")
    left.must_ping(right)
    stranger = lab.a.udp()
    target = (lab.b.outer[4], right.port)
    astray = struct.pack("<II", wire.DATA, 0) + bytes(140)

    def counted(reason):
        return read_log(right.daemon)[0][0].get(reason, 0)

    def dropped_by_the_filter():
        """A full socket's losses are errors of both kinds."""
        lines = lab.b.run("cat", "/proc/net/snmp").stdout.splitlines()
        names, values = (line.split() for line in lines if line.startswith("Udp:"))
        errors, full = (int(values[names.index(name)]) for name in ("InErrors", "RcvbufErrors"))
        return errors - full

    def is_flooded(datagram, floods, dropped):
        # All at once when it goes on: as many as its socket holds.
        right.daemon.process.send_signal(signal.SIGSTOP)
        for i in range(20000):
            stranger.sendto(datagram[:4] + struct.pack("<I", i * 0x9e3779b9 % 2**32) + datagram[8:], target)
        right.daemon.process.send_signal(signal.SIGCONT)
        return counted("flood") > floods and dropped_by_the_filter() > dropped

    def reads_everything(datagram, reason):
        wait_drained(lab.b, right.port)
        before = counted(reason)
        for _ in range(50):
            stranger.sendto(datagram, target)
        wait_drained(lab.b, right.port)
        return counted(reason) == before + 50

    def comes_and_goes(datagram, reason):
        floods, dropped = counted("flood"), dropped_by_the_filter()
        wait_until(lambda: is_flooded(datagram, floods, dropped), 60, f"{reason}: a flood to be noticed and thinned")
        left.must_ping(right, count=5)
        wait_until(lambda: reads_everything(datagram, reason), 30, f"{reason}: 50 of 50 to be read after the flood")
    need(dropped_by_the_filter() == 0, "dropped without a flood")
    comes_and_goes(b"x" * 148, "bad-message")
    comes_and_goes(astray, "no-session")
