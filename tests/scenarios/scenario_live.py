"""Peers are added to a hub and taken from it, by command and by file; the others do not notice."""

import re

import guide
from lab import need, wait_until
from net import Internet, Recording

REPLY = re.compile(r"icmp_seq=(\d+) ttl=")


class Pinger(Recording):
    """Twenty echo requests a second from one host to another, until the end."""

    def __init__(self, host, address):
        super().__init__(host, "ping", "-n", "-i", "0.05", address)
        self.address = address
        wait_until(self.answered, 15, f"{host.name} to reach {address}")

    def answered(self):
        return [int(number) for number in REPLY.findall(self.said())]

    def end_after(self, asked_min):
        """Every one was answered; but for the last ones, which may be on their way."""
        wait_until(lambda: len(self.answered()) >= asked_min, 30, f"{asked_min} answers to {self.host.name}")
        answered = [int(number) for number in REPLY.findall(self.end())]
        lost = sorted(set(range(1, max(answered) + 1)) - set(answered))
        need(not lost, f"{self.host.name}: no answer from {self.address} to {lost} of {max(answered)}")


def live_peers(net):
    internet = Internet(net)
    hub = internet.attach(net.host("hub"), "203.0.113.50/24")
    clients = [internet.attach(net.host(f"client-{letter}", far=letter in "ad"), f"192.0.{n}.30/24")
               for n, letter in enumerate("abcde", 2)]
    guide.make_keys(hub, *clients)
    hosts = {host.name: host for host in (hub, *clients)}
    a, b, _, d, _ = clients
    for host in (hub, a, b):
        guide.install(f"examples/hub-and-spoke/{host.name}.conf", host, hosts)
        host.run("wg-quick", "up", "wg0")
    hub.sysctl(net__ipv4__ip_forward=1)
    a.must_ping("10.0.0.3")
    before, names = hub.peers(), {name: host.read("/etc/wireguard/public.key").strip() for name, host in hosts.items()}
    pingers = [Pinger(a, "10.0.0.3"), Pinger(b, "10.0.0.1")]
    adding, _, removing = guide.read("docs/guide/live-peers.md").partition("## One less")
    removing, _, by_file = removing.partition("## By the file")
    comments = re.findall("^#.*$", hub.read("/etc/wireguard/wg0.conf"), re.M)
    guide.follow(adding, hosts)
    text = hub.read("/etc/wireguard/wg0.conf")
    need(names["client-d"] in text and re.findall("^#.*$", text, re.M) == comments, f"saved: {text}")
    guide.follow(removing, hosts)
    need(names["client-d"] not in hub.read("/etc/wireguard/wg0.conf"), "client D is still in the file")
    d.must_not_ping("10.0.0.1", seconds=2)
    said = guide.follow(by_file, hosts)
    need("wg syncconf wg0" in said[1] and "ip " not in said[1], f"plan and reload say {said[1]}")
    net.stay()
    after = hub.peers()
    need(set(after) == {names[f"client-{letter}"] for letter in "abce"}, f"the peers are {set(after)}")
    for client in ("client-a", "client-b"):
        old, new = (peers[names[client]] for peers in (before, after))
        need(all(old[what] == new[what] for what in ("endpoint", "allowed_ips", "preshared_key")), f"{client}: {old}, {new}")
    for pinger in pingers:
        pinger.end_after(100)
