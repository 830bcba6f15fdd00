"""culvert ping, mtu and bench: between road and hub, whose daemons are ours or another's."""

import json
import os
import shutil
from contextlib import contextmanager

from world import ETC, Skip, need


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
        need(code == 0 and "handshake: " in said and "3 of 3 echoes" in said, said)
        before = handshakes(world)
        # The hub's other end is the peer by its name; there is a session, and another handshake.
        done = world.on("hub", "culvert", "ping", "probe", "--count", "1", "--json")
        answer = json.loads(done.stdout)
        need(answer["handshakeMs"] > 0 and answer["echoesReceived"] == 1, answer)
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
        code, said = ping(world, "road", "probe", "10.7.0.1", "--count", "1")
        need(code == 0 and "ms\n" in said and "1 of 1 echoes" in said, said)
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


TESTS = [
    ("ping: a handshake and echoes; a second handshake beside a session", ping_ours),
    ("ping: the handshake alone where echoes are dropped", ping_without_echo),
    ("ping: another daemon is made to shake hands by its keepalive", ping_of_another_daemon),
    ("ping: nobody answers, nobody is known", ping_nobody),
]
