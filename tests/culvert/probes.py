"""culvert ping, mtu and bench: between road and hub, whose daemons are ours or another's."""

import json
import os
import re
import shutil
from contextlib import contextmanager

from world import ETC, Skip, need, wait_until


@contextmanager
def road(world, name="probe", daemon=None, mtu=None):
    """The road's end of a new peer, up but silent: no packet has gone into it."""
    text = world.json("peer", "add", "wg0", name)["config"]
    text = "".join(line for line in text.splitlines(True) if not line.startswith("PersistentKeepalive"))
    if mtu:
        text = text.replace("[Interface]\n", f"[Interface]\nMTU = {mtu}\n")
    world.write(f"{ETC}/{name}.conf", text)
    before = world.environment["WG_QUICK_USERSPACE_IMPLEMENTATION"]
    world.environment["WG_QUICK_USERSPACE_IMPLEMENTATION"] = daemon or before
    try:
        # IPv6 would send router solicitations and the like by itself, and so make a session.
        world.on("road", "sysctl", "-qw", "net.ipv6.conf.default.disable_ipv6=1")
        world.on("road", "wg-quick", "up", name)
        world.environment["WG_QUICK_USERSPACE_IMPLEMENTATION"] = before
        yield name
    finally:
        world.environment["WG_QUICK_USERSPACE_IMPLEMENTATION"] = before
        world.on("road", "wg-quick", "down", name)
        world.on("road", "sysctl", "-qw", "net.ipv6.conf.default.disable_ipv6=0")
        os.unlink(f"{ETC}/{name}.conf")
        world.culvert("peer", "remove", "wg0", name)


def ping(world, host, *words):
    done = world.try_on(host, "culvert", "ping", *words)
    return done.returncode, done.stdout + done.stderr


def handshakes(world):
    return world.on("hub", "wg", "show", "wg0", "latest-handshakes").stdout


def ping_ours(world):
    with road(world):
        code, said = ping(world, "road", "probe", "10.7.0.1")
        need(code == 0 and re.search(r"handshake: [\d.]+ ms\n.*\n[123] of 3 echoes answered", said, re.S), said)
        before = handshakes(world)
        # The hub's other end is the peer by its name; there is a session, and another handshake.
        done = world.on("hub", "culvert", "ping", "probe", "--json")
        answer = json.loads(done.stdout)
        need(answer["handshakeMs"] > 0 and 0 < answer["echoesReceived"] <= answer["echoesSent"] == 3, answer)
        need(handshakes(world) != before, "no other handshake")


def ping_without_echo(world):
    with road(world):
        world.on("hub", "sysctl", "-qw", "net.ipv4.icmp_echo_ignore_all=1")
        try:
            code, said = ping(world, "road", "probe", "10.7.0.1", "--count", "1")
        finally:
            world.on("hub", "sysctl", "-qw", "net.ipv4.icmp_echo_ignore_all=0")
        need(code == 0 and "does not answer echoes" in said, said)


def ping_of_another_daemon(world):
    daemon = shutil.which("wireguard-go")
    if not daemon:
        raise Skip("wireguard-go is not installed")
    with road(world, daemon=daemon):
        code, said = ping(world, "road", "probe", "10.7.0.1")
        need(code == 0 and re.search(r"handshake: [\d.]+ ms\n", said), said)
        keepalive = world.on("road", "wg", "show", "probe", "persistent-keepalive").stdout
        need(keepalive.endswith("\toff\n"), f"the keepalive is {keepalive}")


def ping_nobody(world):
    with road(world):
        world.on("hub", "wg", "set", "wg0", "private-key", "/dev/null")
        try:
            code, said = ping(world, "road", "probe", "10.7.0.1", "--timeout", "1")
        finally:
            world.on("hub", "wg-quick", "reload", "wg0")
        need(code == 1 and "handshake: no answer" in said, said)
        code, said = ping(world, "hub", "bob", "--timeout", "1")
        need(code == 1 and "no endpoint is known" in said, said)
        code, said = ping(world, "hub", "wg0", "bobb")
        need(code == 1 and "no peer `bobb'" in said, said)


def mtu_of(world, host, name):
    return int(world.on(host, "cat", f"/sys/class/net/{name}/mtu").stdout)


def mtu_of_a_black_hole(world):
    """The road takes no more than 1400 bytes (and four, for a VLAN), and says nothing about it."""
    world.must("ip", "-n", "road", "link", "set", "eth0", "mtu", "1400")
    with road(world):
        world.on("road", "ping", "-c", "1", "-W", "20", "10.7.0.1")
        try:
            found = json.loads(world.on("hub", "culvert", "mtu", "probe", "--json").stdout)
            need(found["interfaceMtu"] == 1420 and not found["isApplied"], found)
            need(1400 <= found["outerMtu"] <= 1404 and 1328 <= found["bestMtu"] <= 1344, found)
            need(found["mssV4"] == found["bestMtu"] - 40, found)
            done = world.on("hub", "culvert", "mtu", "wg0", "probe", "--apply")
            need(f"best:     MTU {found['bestMtu']}" in done.stdout and "has this MTU now" in done.stdout, done.stdout)
            need(mtu_of(world, "hub", "wg0") == found["bestMtu"], "the interface's MTU")
            need(f"\nMTU = {found['bestMtu']}\n" in world.read(f"{ETC}/wg0.conf"), "the file's MTU")
            done = world.on("hub", "culvert", "mtu", "probe", "--apply")
            need("which fits" in done.stdout, done.stdout)
        finally:
            world.must("ip", "-n", "road", "link", "set", "eth0", "mtu", "1500")
            text = "".join(l for l in world.read(f"{ETC}/wg0.conf").splitlines(True) if not l.startswith("MTU"))
            world.write(f"{ETC}/wg0.conf", text)
            world.on("hub", "wg-quick", "reload", "wg0")
    need(mtu_of(world, "hub", "wg0") == 1420, "the MTU after all")


def bench(world):
    with road(world):
        world.on("road", "ping", "-c", "1", "-W", "20", "10.7.0.1")
        alone = world.on("hub", "culvert", "bench", "probe", "--seconds", "1").stdout
        need("No throughput" in alone and "round trip" in alone, alone)
        with open(world.path("served"), "w") as log:
            server = world.start("road", "culvert", "bench", "--serve", stdout=log)
        try:
            wait_until(lambda: "serving" in world.read(world.path("served")), "the server")
            found = json.loads(world.on("hub", "culvert", "bench", "wg0", "probe", "--seconds", "1", "--json").stdout)
        finally:
            world.stop(server)
        need(server.returncode == 0, "the server ended badly")
        inside, beside = found["inside"], found["beside"]
        for way in (inside, beside):
            need(way["upBytesPerSecond"] > 0 and way["downBytesPerSecond"] > 0, found)
            need(0 < way["echoesReceived"] <= way["echoesSent"] == 100 and way["roundTripMs"] > 0, found)
        need(inside["mtu"] == 1420 and beside["mtu"] == 1500, found)
        need(world.read(world.path("served")).count("took") == 2, "what the server says")


TESTS = [
    ("bench: inside and beside, with a server and without", bench),
    ("mtu: a path that swallows what is large, found and applied", mtu_of_a_black_hole),
    ("ping: a handshake and echoes; a second handshake beside a session", ping_ours),
    ("ping: the handshake alone where echoes are dropped", ping_without_echo),
    ("ping: another daemon is made to shake hands by its keepalive", ping_of_another_daemon),
    ("ping: nobody answers, nobody is known", ping_nobody),
]
