"""wg-quick on an interface of the kernel: ours beside the stock tool, and with traffic."""

import os
import sys

from lab import Skip, need, wait_until
from peer import OURS

DNS = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "quick/dns.py")

KEY, PEER = "QFRpBgpZ1oGJmJ0OzZvbqD6vZqvIDmVSpvsWgqfTNmQ=", "xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg="
INTERFACE = f"[Interface]\nPrivateKey = {KEY}\nListenPort = 51822\nAddress = 10.77.0.2/24, fd77::2/64\n"
CLIENT = f"[Peer]\nPublicKey = {PEER}\nEndpoint = 192.0.2.1:51821\nPersistentKeepalive = 25\nAllowedIPs = "
CONFIGS = {
    "split": INTERFACE + CLIENT + "10.77.0.0/24, 10.99.0.0/16, fd99::/48\n",
    "full tunnel": INTERFACE + CLIENT + "0.0.0.0/0, ::/0\n",
    "MTU and table": INTERFACE + "MTU = 1380\nTable = 1234\n" + CLIENT + "0.0.0.0/0, fd99::/48\n",
    "hooks": INTERFACE + "PostUp = ip route add 10.98.0.0/16 dev %i\nPreDown = echo down %i >/tmp/hook\n" + CLIENT +
             "10.77.0.1/32\n",
}
# What a tool has made of the system, without what the kernel numbers by itself.
STATE = """
    wg show wg0 dump 2>/dev/null | cut -f1-4,8 | sed 's/^/device /'
    ip -o addr show dev wg0 2>/dev/null | sed 's/^[0-9]*: /address /; s/ *\\\\.*//' | grep -v fe80::
    cat /sys/class/net/wg0/mtu 2>/dev/null | sed 's/^/mtu /'
    for family in -4 -6; do
        ip $family rule | sed "s/^/rule $family /"
        ip $family route show table all | grep -v -e fe80:: -e ff00:: | sed "s/^/route $family /" | sort
    done
    nft list ruleset | sort
    echo src_valid_mark $(cat /proc/sys/net/ipv4/conf/all/src_valid_mark)
    ls /sys/class/net
"""


def quick(guest, whose, verb):
    if guest.sh(f"[ -x /opt/{whose}/wg-quick ]", check=False).returncode:
        raise Skip(f"there is no wg-quick ({whose})")
    return guest.sh(f"PATH=/opt/{whose}:$PATH; wg-quick {verb} wg0", timeout=60)


def state(guest):
    return guest.sh(f"PATH=/opt/theirs:$PATH; {STATE}", check=False).stdout


def need_same(what, stock, ours):
    stock, ours = stock.splitlines(), ours.splitlines()
    only = [f"stock only: {line}" for line in stock if line not in ours]
    only += [f"ours only: {line}" for line in ours if line not in stock]
    need(stock == ours, f"{what} differs:\n" + ("\n".join(only) or f"the order: {stock}, {ours}"))


def settings(text):
    """A file's pairs, a line for each value, sorted. Not link-local addresses: the kernel makes those."""
    found, section = [], ""
    for line in text.splitlines():
        key, _, value = line.replace(" ", "").partition("=")
        section = line if line.startswith("[") else section
        found += [f"{section}{key}={part}" for part in value.split(",") if value and not part.startswith("fe80:")]
    return "\n".join(sorted(found))


def leaves_the_same(lab, config):
    """The system after up, after save and after down, by the stock tool and by ours."""
    guest = lab.guest
    guest.sh("sysctl -q -w net.ipv4.conf.all.src_valid_mark=0; ip route replace default via 192.0.2.1")
    lab.later(guest.sh, "ip route del default; nft flush ruleset", check=False)
    before = state(guest)
    seen = {}
    for whose in ("theirs", "ours"):
        guest.write("/etc/wireguard/wg0.conf", CONFIGS[config])
        seen[whose] = []
        for verb in ("up", "save", "down"):
            quick(guest, whose, verb)
            seen[whose].append(guest.sh("cat /etc/wireguard/wg0.conf").stdout if verb == "save" else state(guest))
        need("echo" not in CONFIGS[config] or guest.sh("cat /tmp/hook").stdout == "down wg0\n", "no hook ran")
        # The stock tool does not take this one back.
        guest.sh("sysctl -q -w net.ipv4.conf.all.src_valid_mark=0; rm -f /tmp/hook")
        need_same(f"what {whose} left after down", before, state(guest))
    need("device" in seen["ours"][0], "there is no interface after up")
    need_same("after up", seen["theirs"][0], seen["ours"][0])
    need_same("what save wrote", *(settings(seen[whose][1]) for whose in ("theirs", "ours")))


def carries_everything(lab):
    """A full tunnel to culvertd: the default route's packets go through it, culvertd's own around it."""
    left, right = lab.sides()
    guest = lab.guest
    guest.ip("link", "del", "wg0")
    left.set("peer", right.public, "allowed-ips", "0.0.0.0/0,::/0")
    for address in ("10.99.0.1", "fd99::1"):
        lab.a.ip("addr", "add", address, "dev", "lo")
        lab.later(lab.a.ip, "addr", "del", address, "dev", "lo")
    guest.write("/etc/wireguard/wg0.conf", CONFIGS["full tunnel"].replace(KEY, right.private).replace(PEER, left.public))
    for _ in range(2):
        quick(guest, "ours", "up")
        for address in ("10.99.0.1", "fd99::1", "10.77.0.1", "fd77::1"):
            out = guest.run("ping", "-n", "-c", "1", "-w", "10", address, check=False).stdout
            need("1 received" in out, f"no answer from {address}: {out[-300:]}")
        need(guest.sh(f"{OURS} show wg0 endpoints").stdout.split()[1] == "192.0.2.1:51821", "another endpoint")
        quick(guest, "ours", "down")
        need(not guest.sh("ls /sys/class/net/wg0", check=False).stdout, "wg0 is left after down")


def follows_a_name(lab):
    """The record of the peer's name changes, and the kernel's interface follows when its time to live ends."""
    left, right = lab.sides()
    guest, records, log = lab.guest, lab.file("records"), lab.file("dns.log")

    def publish(address):
        with open(f"{records}.new", "w") as file:
            file.write(f"far.example 1 {address}\n")
        os.replace(f"{records}.new", records)

    guest.ip("link", "del", "wg0")
    left.set("peer", right.public, "allowed-ips", "10.77.0.2/32")
    lab.a.ip("addr", "add", "192.0.2.11", "dev", "lo")
    lab.later(lab.a.ip, "addr", "del", "192.0.2.11", "dev", "lo")
    publish("192.0.2.1")
    lab.popen(lab.a.words(sys.executable, DNS, "192.0.2.1", records, log))
    wait_until(lambda: os.path.exists(log), 15, "the DNS server")
    guest.write("/etc/resolv.conf", "nameserver 192.0.2.1\n")
    text = CONFIGS["split"].replace(KEY, right.private).replace(PEER, left.public).replace("192.0.2.1:", "far.example:")
    guest.write("/etc/wireguard/wg0.conf", text)
    quick(guest, "ours", "up")
    for address in ("192.0.2.1", "192.0.2.11"):
        publish(address)
        wait_until(lambda: guest.sh(f"{OURS} show wg0 endpoints").stdout.split()[1] == f"{address}:51821", 60, address)
        out = guest.run("ping", "-n", "-c", "1", "-w", "10", "10.77.0.1", check=False).stdout
        need("1 received" in out, f"no answer by {address}: {out[-300:]}")
    quick(guest, "ours", "down")
    need(not guest.sh("ls /run/culvert/quick | grep -v lock", check=False).stdout, "something is left after down")
