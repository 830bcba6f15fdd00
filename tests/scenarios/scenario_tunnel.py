"""Keys, a tunnel between two hosts, and what wg show says of it."""

import re

import guide
from lab import need, wait_until
from net import Internet, at_home, home, listens, wait_forgotten

# What changes while one looks.
MOVING = re.compile(r"^  (latest handshake|transfer): .*$", re.M)
BASE64_KEY = re.compile(r"[A-Za-z0-9+/]{43}=")


def keys(net):
    host = net.host("here")
    said = guide.follow(guide.read("docs/guide/keys.md"), {"here": host})
    need(BASE64_KEY.fullmatch(said[0].strip()), f"the public key is {said[0]}")
    need(said[1].strip() == "yes", f"do they belong together? {said[1]}")
    need(BASE64_KEY.fullmatch(said[2].strip()), f"the preshared key is {said[2]}")
    for path, mode in (("private.key", "600"), ("public.key", "600")):
        found = host.run("stat", "-c", "%a", f"/etc/wireguard/{path}").stdout.strip()
        need(found == mode, f"{path} has mode {found}")
    warned = host.sh("umask 022; wg genkey >/run/careless.key")
    need("Warning" in warned.stderr, f"no warning of a file for everybody: {warned.stderr}")
    careful = host.sh("umask 077; wg genkey >/run/careful.key")
    need(not careful.stderr, f"a warning of a file for nobody else: {careful.stderr}")
    other = host.sh("wg pubkey </run/careless.key | diff - /etc/wireguard/public.key", check=False)
    need(other.returncode == 1, "a foreign key passes for its own")
    host.sh("printf '[Interface]\\nPrivateKey = %s\\n' $(cat /run/careful.key) >/etc/wireguard/wg0.conf; "
            "chmod 644 /etc/wireguard/wg0.conf; chmod 755 /etc/wireguard")
    said = host.sh("wg-quick up wg0 && wg-quick down wg0").stderr
    need("world accessible" in said, f"no warning of a configuration for everybody: {said}")


def two_hosts(net):
    """The server at its public address, the client behind a router; both with keys."""
    internet = Internet(net)
    server = internet.attach(net.host("server", far=True), "203.0.113.50/24", "2001:db8:113::50/64")
    router = home(net, internet)
    client = at_home(net, router, net.host("client"), "192.168.50.10/24", "2001:db8:50::10/64")
    guide.make_keys(server, client)
    return internet, router, server, client


def point_to_point(net):
    _, _, server, client = two_hosts(net)
    page, _, last = guide.read("docs/guide/point-to-point.md").partition("## Take it down")
    hosts = {"server": server, "client": client}
    said = guide.follow(page, hosts)
    need("endpoint: 198.51.100.20:" in said[-1], f"the server does not see the router's address: {said[-1]}")
    client.run("wg-quick", "check", "/etc/wireguard/wg0.conf")
    net.stay()
    guide.follow(last, hosts)
    for host in (client, server):
        host.wait_gone()


def show(net):
    _, _, server, client = two_hosts(net)
    hosts = {"server": server, "client": client}
    for host in hosts.values():
        guide.install(f"examples/point-to-point/{host.name}.conf", host, hosts)
    client.run("wg-quick", "up", "wg0")
    before = client.run("wg", "show").stdout
    need("latest handshake" not in before and "endpoint: 203.0.113.50:51820" in before, before)
    server.run("wg-quick", "up", "wg0")
    client.must_ping("10.0.0.1")
    keys_of = {name: host.read("/etc/wireguard/public.key").strip() for name, host in hosts.items()}
    expected = (rf"interface: wg0\n  public key: {re.escape(keys_of['server'])}\n  private key: \(hidden\)\n"
                r"  listening port: 51820\n\n"
                rf"peer: {re.escape(keys_of['client'])}\n  endpoint: 198\.51\.100\.20:\d+\n"
                r"  allowed ips: 10\.0\.0\.2/32\n  latest handshake: (Now|\d+ seconds? ago)\n"
                r"  transfer: [\d.]+ (B|KiB) received, [\d.]+ (B|KiB) sent\n")
    said = server.run("wg", "show").stdout
    need(re.fullmatch(expected, said), f"wg show says {said}")
    # The stock tool, asked about the same interface, says the same.
    ours, stock = (MOVING.sub("", client.run(tool, "show", "wg0").stdout) for tool in ("wg", "/usr/bin/wg"))
    need(ours == stock and "allowed ips: 10.0.0.1/32" in ours, f"the stock tool says {stock}, ours {ours}")
    received = server.peer()["received"]
    client.must_ping("10.0.0.1")
    wait_until(lambda: server.peer()["received"] > received, 15, "the transfer to grow")
    net.stay()


def behind_nat(net):
    """Two clients behind a router that forgets after 30 s: one keeps alive as the guide says, one does not."""
    internet, router, server, client = two_hosts(net)
    mute = at_home(net, router, net.host("mute"), "192.168.50.11/24")
    guide.make_keys(mute)
    router.sysctl(net__netfilter__nf_conntrack_udp_timeout=30, net__netfilter__nf_conntrack_udp_timeout_stream=30)
    hosts = {"server": server, "client": client, "mute": mute}
    for host in (server, client):
        guide.install(f"examples/point-to-point/{host.name}.conf", host, hosts)
    text = guide.read("examples/point-to-point/client.conf").replace("CLIENT", "MUTE").replace("10.0.0.2", "10.0.0.3")
    mute.write("/etc/wireguard/wg0.conf", guide.filled_in(re.sub("PersistentKeepalive.*", "", text), hosts))
    for host in hosts.values():
        host.run("wg-quick", "up", "wg0")
    public = mute.read("/etc/wireguard/public.key").strip()
    server.run("wg", "set", "wg0", "peer", public, "allowed-ips", "10.0.0.3/32")
    client.must_ping("10.0.0.1")
    mute.must_ping("10.0.0.1")
    need({peer["endpoint"].split(":")[0] for peer in server.peers().values()} == {"198.51.100.20"}, "endpoints")
    wait_forgotten(router, "192.168.50.11")
    server.must_not_ping("10.0.0.3")
    server.must_ping("10.0.0.2")
    net.stay()
    mute.must_ping("10.0.0.1")
    server.must_ping("10.0.0.3")


# A slow server is not yet back at listening when the next test comes.
PATIENT_IPERF = """#!/bin/bash
while said=$(/usr/bin/iperf3 "$@" 2>&1); code=$?; [[ $said == *"unable to connect to server"* ]]; do sleep 0.1; done
echo "$said"
exit $code
"""


def measure(net):
    """iperf3 by the guide: that there are figures, not which: the machine may have other things to do."""
    _, _, server, client = two_hosts(net)
    hosts = {"server": server, "client": client}
    for host in hosts.values():
        guide.install(f"examples/point-to-point/{host.name}.conf", host, hosts)
        host.run("wg-quick", "up", "wg0")
    client.must_ping("10.0.0.1")
    client.write("/run/bin/iperf3", PATIENT_IPERF, 0o755)
    client.write("overhead", guide.read("examples/measure/overhead"), 0o755)
    serving, _, measuring = guide.read("docs/guide/measure.md").partition("On the client, first")
    guide.follow(serving, hosts)
    listens(server, "tcp", 5201)
    # A far end that is not ours has no culvert: as the page says, there is all but the throughput then.
    expected = [r"^round trip +[\d.]+ ms +[\d.]+ ms$"]
    if net.options.far == "culvertd":
        expected.append(r"^up +\S+ \S+bit/s +\S+ \S+bit/s$")
        server.spawn("culvert", "bench", "--serve")
        listens(server, "tcp", 51819)
    said, bench = guide.follow(measuring, hosts)[-2:]
    need(all(re.search(line, bench, re.M) for line in expected), f"no figures by culvert: {bench}")
    figures = re.findall(r"([\d.]+) Mbit/s", said)
    need(len(figures) == 2 and (figures[0] == "0.0" or "overhead" in said), said)
    net.note(said)
    net.stay()
