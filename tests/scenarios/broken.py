"""Set-ups that do not work, each with one cause: break it, what is seen then, fix it.

For the guide's page on trouble and for whatever else looks for causes. A site is a server with a network
of its own behind it, and a client at home:

    site = broken.Site(net)
    fault = broken.FAULTS["wrong-key"]
    fault.break_it(site)      # both ends are up as far as the fault lets them, and the client has tried
    fault.symptoms(site)      # raises Failure when what wg show says is not what the guide says
    fault.fix_it(site)        # by what the guide says
    site.must_work()

The cures are those of docs/guide/troubleshooting.md: fix_it corrects the file, if that is it, and runs
the commands below "Cure" in the fault's section.
"""

import re

import guide
from lab import need, wait_until
from net import Internet, Watch, at_home, home, wait_forgotten

PAGE = "troubleshooting.md"
OFFICE = "192.168.10.0/24"
PRINTER = "192.168.10.5"


class Site:
    """server (203.0.113.50, and 192.168.10.1 for the office with its printer) and client (behind router)."""

    def __init__(self, net):
        self.net = net
        self.internet = Internet(net)
        self.server = self.internet.attach(net.host("server", far=True), "203.0.113.50/24")
        self.router = home(net, self.internet)
        self.client = at_home(net, self.router, net.host("client"), "192.168.50.10/24")
        self.printer = net.host("printer")
        net.cable(self.server, "eth1", self.printer, "eth0")
        self.server.address("add", "192.168.10.1/24", "eth1")
        self.printer.address("add", f"{PRINTER}/24")
        self.printer.ip("route", "add", "default", "via", "192.168.10.1")
        self.hosts = {"server": self.server, "client": self.client}
        guide.make_keys(self.server, self.client)
        guide.install("examples/point-to-point/server.conf", self.server, self.hosts)
        guide.install("examples/point-to-point/client.conf", self.client, self.hosts)
        self.edit(self.client, "AllowedIPs = 10.0.0.1/32", f"AllowedIPs = 10.0.0.1/32, {OFFICE}")
        self.server.sysctl(net__ipv4__ip_forward=1)

    def key(self, name, kind="public"):
        return self.hosts[name].read(f"/etc/wireguard/{kind}.key").strip()

    def edit(self, host, old, new):
        """In the host's wg0.conf."""
        text = host.read("/etc/wireguard/wg0.conf")
        need(old in text, f"{host.name}: there is no '{old}' in {text}")
        host.write("/etc/wireguard/wg0.conf", text.replace(old, new))

    def up(self, *hosts):
        for host in hosts or (self.server, self.client):
            host.run("wg-quick", "up", "wg0")

    def try_it(self):
        """The client calls, so that there is something to be seen."""
        self.client.pings("10.0.0.1", seconds=2)

    def must_work(self):
        self.client.must_ping("10.0.0.1")
        self.client.must_ping(PRINTER)
        self.server.must_ping("10.0.0.2")

    def client_show(self):
        return self.client.run("wg", "show").stdout

    def server_show(self):
        return self.server.run("wg", "show").stdout

    def arrives(self):
        """Whether the client's packets reach the server's network card."""
        watch = Watch(self.server, "eth0", "udp", "port", "51820")
        try:
            wait_until(watch.lines, 25, "a packet")
        finally:
            seen = watch.end()
        return bool(seen)


class Fault:
    """One cause. A subclass says how it comes to be, what is seen, and what in a file is to be corrected."""

    what = heading = None

    def prepare(self, site):
        """Before the tunnel is brought up."""

    def start(self, site):
        site.up()

    def break_it(self, site):
        self.prepare(site)
        self.start(site)
        site.try_it()

    def symptoms(self, site):
        raise NotImplementedError

    def correct(self, site):
        """In the files, what the guide describes in words."""

    def section(self):
        return guide.section(PAGE, self.heading).partition("Cure:")

    def look(self, site):
        """What the guide has the reader look at; what that printed."""
        return guide.follow(self.section()[0], site.hosts, strict=False)

    def fix_it(self, site):
        self.correct(site)
        guide.follow(self.section()[2], site.hosts)


def needs_no_answer(site):
    """The client sends and hears nothing."""
    said = site.client_show()
    need("latest handshake" not in said, f"there is a handshake: {said}")
    need(re.search(r"transfer: 0 B received, [1-9]\d* B sent", said), f"the client says {said}")


class InterfaceDown(Fault):
    what, heading = "the server's tunnel was never brought up", "The interface is not up"

    def start(self, site):
        site.up(site.client)

    def symptoms(self, site):
        needs_no_answer(site)
        need(site.server_show() == "", f"the server has {site.server_show()}")


class PortFirewalled(Fault):
    what, heading = "the server's firewall drops the port", "A firewall drops the port"

    def prepare(self, site):
        site.server.run("iptables", "-A", "INPUT", "-p", "udp", "--dport", "51820", "-j", "DROP")

    def symptoms(self, site):
        needs_no_answer(site)
        said = self.look(site)[0]
        need("UNCONN" in said and "DROP" in said, f"neither who listens nor who drops is seen: {said}")
        need(site.arrives(), "nothing arrives")
        need("endpoint" not in site.server_show(), f"the server says {site.server_show()}")


class WrongKey(Fault):
    what, heading = "the server knows the client by another key", "The wrong key"

    def prepare(self, site):
        self.stranger = site.server.sh("wg genkey | wg pubkey").stdout.strip()
        site.edit(site.server, site.key("client"), self.stranger)

    def symptoms(self, site):
        needs_no_answer(site)
        need(site.arrives(), "nothing arrives")
        said = site.server_show()
        need(self.stranger in said and "endpoint" not in said and "latest handshake" not in said, said)

    def correct(self, site):
        site.edit(site.server, self.stranger, site.key("client"))


class PrivateForPublic(WrongKey):
    what = "the client has the server's private key where the public one belongs"

    def prepare(self, site):
        site.edit(site.client, site.key("server"), site.key("server", "private"))

    def symptoms(self, site):
        needs_no_answer(site)
        need(site.arrives(), "nothing arrives")
        need("endpoint" not in site.server_show(), site.server_show())

    def correct(self, site):
        site.edit(site.client, site.key("server", "private"), site.key("server"))


class SwappedKeys(Fault):
    what, heading = "each end has its own public key as the peer's", "Swapped keys"

    def prepare(self, site):
        for host, other in (("server", "client"), ("client", "server")):
            site.edit(site.hosts[host], site.key(other), site.key(host))

    def symptoms(self, site):
        for host in site.hosts.values():
            said = host.run("wg", "show").stdout
            need("interface: wg0" in said and "peer:" not in said, f"{host.name} says {said}")

    def correct(self, site):
        for host, other in (("server", "client"), ("client", "server")):
            site.edit(site.hosts[host], f"PublicKey = {site.key(host)}", f"PublicKey = {site.key(other)}")


class WrongEndpoint(Fault):
    what, heading = "the client calls where nobody is", "The wrong endpoint"

    def prepare(self, site):
        site.edit(site.client, "203.0.113.50", "203.0.113.51")

    def symptoms(self, site):
        needs_no_answer(site)
        need("endpoint: 203.0.113.51:51820" in site.client_show(), site.client_show())
        need("endpoint" not in site.server_show(), site.server_show())

    def correct(self, site):
        site.edit(site.client, "203.0.113.51", "203.0.113.50")


class ForwardingOff(Fault):
    what, heading = "the server does not forward to its office", "Nothing behind the server is reached"

    def prepare(self, site):
        site.server.sysctl(net__ipv4__ip_forward=0)

    def symptoms(self, site):
        site.client.must_ping("10.0.0.1")
        site.client.must_not_ping(PRINTER)
        need("latest handshake" in site.client_show(), site.client_show())
        need(self.look(site)[0].strip() == "0", "forwarding is not off")


class MissingAllowedIps(Fault):
    what, heading = "the server's AllowedIPs do not hold the client's address", "AllowedIPs are missing"

    def prepare(self, site):
        site.edit(site.server, "10.0.0.2/32", "10.0.0.3/32")

    def symptoms(self, site):
        site.client.must_not_ping("10.0.0.1")
        for said in (site.client_show(), site.server_show()):
            need("latest handshake" in said, said)
        need("allowed ips: 10.0.0.3/32" in site.server_show(), site.server_show())

    def correct(self, site):
        site.edit(site.server, "10.0.0.3/32", "10.0.0.2/32")


class NatWithoutKeepalive(Fault):
    """Routers forget after 30 s and more; this one after 5, and the cure is as much shorter."""

    what, heading = "the client's router has forgotten it", "Silence after a while"

    def prepare(self, site):
        site.router.sysctl(net__netfilter__nf_conntrack_udp_timeout=5,
                           net__netfilter__nf_conntrack_udp_timeout_stream=5)
        site.edit(site.client, "PersistentKeepalive = 25\n", "")

    def break_it(self, site):
        super().break_it(site)
        site.client.must_ping("10.0.0.1")
        # Ten seconds after the answer it says that it has heard it; from then on it has nothing more to say.
        sent = site.client.peer()["sent"]
        wait_until(lambda: site.client.peer()["sent"] > sent, 30, "the client's last word")
        wait_forgotten(site.router)

    def symptoms(self, site):
        before = site.server.peer()
        need(before["latest_handshake"] and before["endpoint"].startswith("198.51.100.20:"), f"{before}")
        site.server.must_not_ping("10.0.0.2")
        after = site.server.peer()
        need(after["sent"] > before["sent"] and after["received"] == before["received"], f"{before} {after}")
        site.client.must_ping("10.0.0.1")
        site.server.must_ping("10.0.0.2")

    def correct(self, site):
        site.edit(site.client, "[Peer]\n", "[Peer]\nPersistentKeepalive = 1\n")

    def fix_it(self, site):
        super().fix_it(site)
        site.client.must_ping("10.0.0.1")
        watch = Watch(site.client, "eth0", "udp", "dst", "port", "51820")
        wait_until(lambda: len(watch.lines()) > 8, 60, "the client to keep alive for longer than the router remembers")


class MtuTooBig(Fault):
    """The way takes 1380 bytes, says so to nobody, and takes no fragments."""

    what, heading = "large packets vanish on the way", "Small packets pass, large ones do not"
    MUTE = """
        add table ip path
        add chain ip path out { type filter hook output priority filter; }
        add rule ip path out icmp type destination-unreachable drop
        """
    RULES = MUTE + """
        add chain ip path in { type filter hook prerouting priority raw; }
        add rule ip path in ip frag-off & 0x3fff != 0 drop
        """

    def prepare(self, site):
        site.internet.host.ip("link", "set", "router", "mtu", "1380")
        site.router.ip("link", "set", "eth0", "mtu", "1380")
        for host in (site.internet.host, site.router):
            host.run("nft", "-f", "-", input=self.RULES if host is site.internet.host else self.MUTE)

    def symptoms(self, site):
        site.client.must_ping("10.0.0.1")
        site.client.must_not_ping("10.0.0.1", "-s", "1372", "-M", "do")
        site.client.must_ping("10.0.0.1", "-s", "1200", "-M", "do")

    def correct(self, site):
        for host in site.hosts.values():
            site.edit(host, "[Interface]\n", "[Interface]\nMTU = 1300\n")


# The one that waits most is the first.
FAULTS = {
    "nat-without-keepalive": NatWithoutKeepalive(),
    "interface-down": InterfaceDown(),
    "port-firewalled": PortFirewalled(),
    "wrong-key": WrongKey(),
    "private-for-public": PrivateForPublic(),
    "swapped-keys": SwappedKeys(),
    "wrong-endpoint": WrongEndpoint(),
    "forwarding-off": ForwardingOff(),
    "missing-allowed-ips": MissingAllowedIps(),
    "mtu-too-big": MtuTooBig(),
}


def scenario(net, name):
    """The fault shows as the guide says, and its cure cures."""
    site, fault = Site(net), FAULTS[name]
    fault.break_it(site)
    net.stay()
    fault.symptoms(site)
    fault.look(site)
    fault.fix_it(site)
    site.must_work()
