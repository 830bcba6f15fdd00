"""Two offices joined by their gateways, which are found by name; and one that moves."""

import os
import sys
import time

import guide
from lab import need, wait_until
from net import Internet

RESOLVER = os.path.join(guide.ROOT, "tests/quick/dns.py")
TTL_S = 5  # below what wg-quick goes by, which is 10 s
NAMES = {"office-a.example.com": "203.0.113.50", "office-b.example.com": "198.51.100.20"}
# Office A's line admits answers only: nobody can tell it from outside that he has moved.
NO_CALLS = "add table inet line; add chain inet line in { type filter hook input priority 0; }; " \
    "add rule inet line in iifname eth0 udp dport 51820 ct state new drop"


class Names:
    """The records of example.com at the internet's resolver, which change."""

    def __init__(self, net, internet):
        self.path, self.log = net.file("records"), net.file("dns.log")
        self.addresses = dict(NAMES)
        self.publish()
        internet.host.spawn(sys.executable, RESOLVER, internet.RESOLVER, self.path, self.log)
        internet.wait_listening("udp", 53)

    def publish(self, **changes):
        """Whole or not at all: the server reads it at any time."""
        self.addresses.update({f"{name.replace('_', '-')}.example.com": address for name, address in changes.items()})
        with open(f"{self.path}.new", "w") as file:
            file.writelines(f"{name} {TTL_S} {address}\n" for name, address in self.addresses.items())
        os.replace(f"{self.path}.new", self.path)


def office(net, internet, letter, public, lan):
    """A gateway with a name, and a machine behind it."""
    gateway = internet.attach(net.host(f"office-{letter}", far=letter == "b"), f"{public}/24")
    gateway.write("/etc/resolv.conf", f"nameserver {internet.RESOLVER}\n", 0o644)
    machine = net.host(f"host-{letter}")
    net.cable(gateway, "eth1", machine, "eth0")
    gateway.address("add", f"{lan}.1/24", "eth1")
    machine.address("add", f"{lan}.10/24")
    return gateway, machine


def move(gateway, old, new):
    gateway.sh(f"ip addr del {old}/24 dev eth0 && ip addr add {new}/24 dev eth0 && "
               "ip route replace default via 198.51.100.1")


def wait_endpoint(gateway, address):
    wait_until(lambda: gateway.peer()["endpoint"] == f"{address}:51820", 45, f"{gateway.name} to find {address}")


def site_to_site(net):
    internet = Internet(net)
    names = Names(net, internet)
    office_a, host_a = office(net, internet, "a", "203.0.113.50", "192.168.1")
    office_b, host_b = office(net, internet, "b", "198.51.100.20", "192.168.2")
    guide.make_keys(office_a, office_b)
    hosts = {host.name: host for host in (office_a, office_b, host_a, host_b)}
    said = guide.follow(guide.read("docs/guide/site-to-site.md"), hosts)
    need("ttl=62" in said[4], f"the ping did not pass two gateways: {said[4]}")
    need("198.51.100.20:51820" in said[5], f"the endpoints are {said[5]}")
    host_b.must_ping("192.168.1.10")
    for machine in (host_a, host_b):
        need("wg0" not in machine.ip("-br", "link").stdout, f"{machine.name} has a tunnel")
    net.stay()
    # By name: B moves, and A's line keeps B from telling.
    office_a.run("nft", NO_CALLS)
    started = time.monotonic()
    move(office_b, "198.51.100.20", "198.51.100.77")
    names.publish(office_b="198.51.100.77")
    wait_endpoint(office_a, "198.51.100.77")
    net.note(f"found by its name after {time.monotonic() - started:.1f} s")
    host_a.must_ping("192.168.2.10")
    host_b.must_ping("192.168.1.10")
    if net.options.far == "wireguard-go":
        return  # wireguard-go takes 15 s to let go of a source address that it has lost
    # By roaming: the line is open again, B moves and speaks first.
    office_a.run("nft", "delete table inet line")
    move(office_b, "198.51.100.77", "198.51.100.78")
    host_b.must_ping("192.168.1.10")
    wait_endpoint(office_a, "198.51.100.78")
    host_a.must_ping("192.168.2.10")
