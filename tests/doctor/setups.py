"""The set-ups: name, what is wrong, function, arguments.

A function makes the hosts, breaks something, and says what the doctor must find where: all of the
findings that are more than notes, no others. Owned here: what is broken how. Not here: the hosts
(tests/scenarios/net.py), the faults of the guide (tests/scenarios/broken.py).
"""

import json
from collections import namedtuple

import broken
import guide
from lab import need, wait_until
from net import Internet, at_home, home

Setup = namedtuple("Setup", "what function arguments", defaults=((),))
EXIT_CODES = {"healthy": 0, "warnings": 1, "broken": 2}


def examine(host, interface="wg0"):
    """What the doctor finds: {code: finding}, without notes."""
    done = host.run("culvert", "doctor", interface, "--json", check=False, timeout=60)
    need(done.returncode in EXIT_CODES.values(), f"{host.name}: exit code {done.returncode}: {done.stderr}")
    seen = json.loads(done.stdout)["interfaces"][0]
    need(done.returncode == EXIT_CODES[seen["status"]], f"{host.name}: {seen['status']}, but {done.returncode}")
    return {finding["code"]: finding for finding in seen["findings"] if finding["level"] != "note"}


def expect(host, *codes, maybe=(), interface="wg0"):
    """These findings and no others (but `maybe`); the doctor is asked again while evidence comes in."""
    def agrees():
        found.clear()
        found.update(examine(host, interface))
        return set(codes) <= set(found) <= set(codes) | set(maybe)
    found = {}
    try:
        wait_until(agrees, 30, "the doctor")
    finally:
        host.lab.note(f"{host.name:8} {', '.join(found) or 'nothing'}")
        if host.lab.options.verbose or not set(codes) <= set(found) <= set(codes) | set(maybe):
            host.lab.note(f"    expected {', '.join(codes) or 'nothing'}")
            for finding in found.values():
                host.lab.note(f"    {finding['code']}: {finding['evidence']} | {finding['fix']}")
    return found


FAULTS = {
    # fault: what the server's doctor says, what the client's does, what may be there besides
    "interface-down": (["interface-missing"], ["endpoint-refuses"], []),
    "port-firewalled": (["port-firewalled"], ["no-handshake"], []),
    "wrong-key": (["unknown-peer"], ["no-handshake"], []),
    "private-for-public": (["wrong-key-there"], ["no-handshake"], []),
    "swapped-keys": (["own-key-as-peer"], ["own-key-as-peer"], []),
    "forwarding-off": (["forwarding-off"], [], []),
    "missing-allowed-ips": (["source-not-allowed"], [], []),
    "nat-without-keepalive": ([], ["nat-no-keepalive"], []),
    "mtu-too-big": (["mtu-black-hole"], ["mtu-black-hole"], []),
}


def fault(net, name):
    """One of the guide's."""
    site = broken.Site(net)
    server, client, maybe = FAULTS[name]
    broken.FAULTS[name].break_it(site)
    site.client.pings(broken.PRINTER, seconds=2)
    expect(site.server, *server, maybe=maybe)
    expect(site.client, *client, maybe=maybe)


def wrong_endpoint(net):
    """A router says so after some seconds, or says nothing."""
    site = broken.Site(net)
    broken.FAULTS["wrong-endpoint"].break_it(site)
    expect(site.server)
    found = examine(site.client)
    need(set(found) in ({"no-handshake"}, {"endpoint-refuses"}), f"the client's doctor finds {sorted(found)}")
    net.note(f"client   {', '.join(found)}")


class Case:
    """One thing that breaks a site that works, what is found at which end, and what mends it."""

    def __init__(self, end, what, breaks, code, mends=None):
        self.end, self.what, self.breaks, self.code, self.mends = end, what, breaks, code, mends

    def run(self, site):
        host = site.hosts[self.end]
        file = host.read("/etc/wireguard/wg0.conf")
        host.sh(self.breaks)
        site.net.note(f"{self.what}:")
        expect(host, self.code)
        if self.mends is None:
            return
        # Mended or not, the next case shows: it wants its own finding and no other.
        host.write("/etc/wireguard/wg0.conf", file)
        host.sh(self.mends)


def cases(net, chain, change=None):
    """One after the other in one site, each mended before the next."""
    site = broken.Site(net)
    if change:
        change(site)
    site.up()
    site.must_work()
    for one in chain:
        one.run(site)


def on(name, script):
    return lambda site: site.hosts[name].sh(script)


def in_file(old, new):
    return f"sed -i 's,{old},{new},' /etc/wireguard/wg0.conf"


def full_tunnel(site):
    site.edit(site.client, f"AllowedIPs = 10.0.0.1/32, {broken.OFFICE}", "AllowedIPs = 0.0.0.0/0")


def forward_hook(site):
    site.edit(site.server, "Address = 10.0.0.1/24\n",
              "Address = 10.0.0.1/24\nPostUp = iptables -A FORWARD -i %i -j ACCEPT\n")


AGAIN = "wg-quick down wg0; wg-quick up wg0; ping -c 1 -w 20 10.0.0.1"
FILE_CASES = [
    Case("client", "the file is for everybody to read", "chmod 644 /etc/wireguard/wg0.conf; chmod 755 /etc/wireguard",
         "config-readable", "chmod 700 /etc/wireguard"),
    Case("client", "a word in the file is misspelt", in_file("AllowedIPs", "AlowedIPs"), "config-error", "true"),
    Case("client", "the file has changed since", in_file(broken.OFFICE, "192.168.77.0/24"), "config-differs", "true"),
    Case("client", "the route to the endpoint leads into the tunnel", "ip route add 203.0.113.50/32 dev wg0",
         "endpoint-loop", "ip route del 203.0.113.50/32 dev wg0"),
    Case("client", "no route leads the office's network into the tunnel", f"ip route del {broken.OFFICE} dev wg0",
         "allowed-ip-unrouted", f"ip route add {broken.OFFICE} dev wg0"),
    Case("client", "no route to the endpoint", "ip route del default", "endpoint-unroutable",
         "ip route add default via 192.168.50.1"),
    Case("client", "its own network is the office's, too",
         "ip link add lan type bridge; ip link set up dev lan; ip address add 192.168.10.77/24 dev lan",
         "network-collision", "ip link del lan"),
]
LINK_CASES = [
    Case("client", "the address is gone", "ip address flush dev wg0", "address-missing", AGAIN),
    Case("client", "the interface is down", "ip link set down dev wg0", "interface-down", AGAIN),
    Case("client", "its own firewall lets nothing out",
         "iptables -A OUTPUT -p udp --dport 51820 -j DROP; wg-quick down wg0; wg-quick up wg0", "output-firewalled",
         f"iptables -F OUTPUT; {AGAIN}"),
    Case("client", "a route leads into the tunnel what no peer has",
         "ip route add 10.9.9.9/32 dev wg0; ping -c 1 -W 1 10.9.9.9 || true", "destination-no-peer"),
]
FULL_CASES = [
    Case("client", "a full tunnel, and names are asked for beside it",
         "echo nameserver 192.168.50.1 >/etc/resolv.conf", "dns-leak", ": >/etc/resolv.conf"),
    Case("client", "the reverse path filter drops the answers",
         "sysctl -q -w net.ipv4.conf.all.rp_filter=1 net.ipv4.conf.all.src_valid_mark=0", "rp-filter"),
]
ANOTHER_PEER = r"\n[Peer]\nPublicKey = 9fXm7cX8bYk6qA4p1Zp1n0M0cVdO4n6bq0JZ3p9gQkM=\nAllowedIPs = 10.0.0.2/32\n"
SERVER_CASES = [
    Case("server", "the firewall lets nothing back into the tunnel", "iptables -P FORWARD DROP", "forward-firewalled",
         "iptables -P FORWARD ACCEPT"),
    Case("server", "two peers claim one address",
         f"printf '{ANOTHER_PEER}' >>/etc/wireguard/wg0.conf; wg-quick reload wg0", "allowed-ip-twice",
         "wg-quick reload wg0"),
    Case("server", "the private key is lost", "wg set wg0 private-key /dev/null", "private-key-missing"),
]


def preshared(net):
    """The caller sees that the answer does not decrypt; the one called, that it is asked again and again."""
    site = broken.Site(net)
    for host in (site.server, site.client):
        site.edit(host, "[Peer]\n", f"[Peer]\nPresharedKey = {host.sh('wg genpsk').stdout.strip()}\n")
    site.up()
    site.try_it()
    expect(site.client, "preshared-mismatch")
    found = {}

    def agrees():
        # Once the client has called twice. The server's doctor pings, so that its daemon may have called, too.
        found.clear()
        found.update(examine(site.server))
        return set(found) in ({"answer-lost"}, {"preshared-mismatch"})
    try:
        wait_until(agrees, 30, "the server's doctor")
    finally:
        net.note(f"server   {', '.join(found)}")


def two_devices(net):
    """The client's file on a second device behind the same router: both speak in turn."""
    site = broken.Site(net)
    twin = at_home(net, site.router, net.host("twin"), "192.168.50.11/24")
    twin.write("/etc/wireguard/wg0.conf", site.client.read("/etc/wireguard/wg0.conf"))
    site.up(site.server, site.client, twin)
    for host in (site.client, twin):
        host.spawn("ping", "-n", "-q", "-i", "0.2", "10.0.0.1")
    expect(site.server, "key-on-two-devices")


def not_yet_used(net):
    """Nobody has sent anything yet: the doctor's own pings bring the tunnel up."""
    site = broken.Site(net)
    site.edit(site.client, "PersistentKeepalive = 25", "PersistentKeepalive = 0")
    site.edit(site.client, "[Interface]\n", "[Interface]\nListenPort = 51820\n")
    site.up()
    expect(site.client)


IPTABLES = "; ".join(
    f"iptables -{rule}" for rule in (
        "P INPUT DROP", "P FORWARD DROP", "A INPUT -i lo -j ACCEPT",
        "A INPUT -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT", "A INPUT -i wg0 -p icmp -j ACCEPT",
        "A INPUT -p udp -m multiport --dports 53,51820 -j ACCEPT", "A FORWARD -i wg0 -j ACCEPT",
        "A FORWARD -o wg0 -m state --state ESTABLISHED -j ACCEPT"))
NFT = """
table inet filter {
	set ports { type inet_service; flags interval; elements = { 51000-52000, 22 }
	}
	chain input {
		type filter hook input priority filter; policy drop;
		ct state vmap { established : accept, related : accept, invalid : drop }
		iif lo accept
		iifname wg0 icmp type echo-request accept
		udp dport @ports jump known
		reject
	}
	chain known { ip saddr 198.51.100.0/24 counter accept
	}
	chain forward {
		type filter hook forward priority filter; policy drop;
		iifname wg0 accept
		oifname wg0 ct state established,related accept
	}
}
"""


def healthy(net):
    """Without a firewall, behind iptables rules of the usual kind, behind nft rules with sets, maps and jumps."""
    site = broken.Site(net)
    site.up()
    for script, stdin in (("true", ""), (IPTABLES, ""), ("nft flush ruleset; nft -f -", NFT)):
        for host in site.hosts.values():
            host.sh(script, input=stdin)
        site.must_work()
        for host in site.hosts.values():
            expect(host)


def port_not_let_in(net):
    """Usual rules that have answers and pings, but not the port: by iptables, then by nft."""
    site = broken.Site(net)
    site.server.sh(IPTABLES.replace("53,51820", "53,51821"))
    site.up()
    site.try_it()
    expect(site.server, "port-firewalled")
    # At once, so that nothing passes in between.
    site.server.run("nft", "-f", "-", input="flush ruleset\n" + NFT.replace("51000-52000", "51000-51819"))
    expect(site.server, "port-firewalled")


def hub(net):
    internet = Internet(net)
    middle = internet.attach(net.host("hub"), "203.0.113.50/24")
    router = home(net, internet)
    clients = [at_home(net, router, net.host(f"client-{letter}"), f"192.168.50.{n}/24")
               for letter, n in (("a", 10), ("b", 11))]
    clients.append(internet.attach(net.host("client-c"), "192.0.2.30/24"))
    guide.make_keys(middle, *clients)
    hosts = {host.name: host for host in (middle, *clients)}
    middle.sysctl(net__ipv4__ip_forward=1)
    middle.run("iptables", "-P", "FORWARD", "DROP")
    for host in hosts.values():
        guide.install(f"examples/hub-and-spoke/{host.name}.conf", host, hosts)
        host.run("wg-quick", "up", "wg0")
    for host in clients:
        host.must_ping("10.0.0.1")
    clients[0].must_ping("10.0.0.3")
    for host in hosts.values():
        expect(host)


def everything(net, firewall):
    """Full tunnels, both families, masqueraded."""
    internet = Internet(net)
    server = internet.attach(net.host("server"), "203.0.113.50/24", "2001:db8:113::50/64")
    router = home(net, internet)
    client = at_home(net, router, net.host("client"), "192.168.50.10/24", "2001:db8:50::10/64")
    guide.make_keys(server, client)
    hosts = {"server": server, "client": client}
    server.sysctl(net__ipv4__ip_forward=1, net__ipv6__conf__all__forwarding=1)
    guide.install(f"examples/full-tunnel/server-{firewall}.conf", server, hosts)
    guide.install("examples/full-tunnel/client.conf", client, hosts)
    for host in hosts.values():
        host.run("wg-quick", "up", "wg0")
    client.must_ping("10.0.0.1")
    client.must_ping("1.1.1.1")
    expect(server)
    expect(client)
    server.run("nft", "flush", "ruleset")
    expect(server, "masquerade-lost")


# Long ones first.
SETUPS = {
    "cases/link": Setup("at a client, its interface", cases, (LINK_CASES,)),
    "cases/file": Setup("at a client, its file and its routes", cases, (FILE_CASES,)),
    "mtu-too-big": Setup(broken.FAULTS["mtu-too-big"].what, fault, ("mtu-too-big",)),
    "nat-without-keepalive": Setup(broken.FAULTS["nat-without-keepalive"].what, fault, ("nat-without-keepalive",)),
    "preshared": Setup("the two preshared keys differ", preshared),
    **{name: Setup(broken.FAULTS[name].what, fault, (name,)) for name in FAULTS},
    "port-not-let-in": Setup("the server's firewall lets in all but the port", port_not_let_in),
    "wrong-endpoint": Setup(broken.FAULTS["wrong-endpoint"].what, wrong_endpoint),
    "two-devices": Setup("one private key on two devices", two_devices),
    "cases/full": Setup("at a client whose tunnel takes everything", cases, (FULL_CASES, full_tunnel)),
    "cases/server": Setup("at a server", cases, (SERVER_CASES, forward_hook)),
    "healthy/site": Setup("nothing: a server with an office, a client at home, and firewalls that let them", healthy),
    "healthy/idle": Setup("nothing: a tunnel that nobody has used yet", not_yet_used),
    "healthy/hub": Setup("nothing: a hub and three clients", hub),
    "healthy/full-nft": Setup("nothing: a full tunnel, masqueraded by nft; then the rule is lost", everything, ("nft",)),
    "healthy/full-iptables": Setup("nothing: the same by iptables", everything, ("iptables",)),
}
