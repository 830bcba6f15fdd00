"""Full tunnel and hub and spoke: where packets go, and where not."""

import re

import guide
from lab import need, wait_until
from net import Internet, Watch, at_home, home
from scenario_tunnel import two_hosts

PROVIDER_DNS = "198.51.100.1"
# What the client sends beside its tunnel, finding its neighbours excepted.
BESIDE = ("(ip src host 192.168.50.10 or ip6 src host 2001:db8:50::10) and not udp port 51820 and "
          "not (icmp6 and ip6[40] >= 133 and ip6[40] <= 143)")
# What a tunnel changes on a host; empty chains of iptables are of no account.
STATE = r"""
ip -br link | cut -d ' ' -f 1
for family in -4 -6; do
    ip $family rule
    ip $family route show table all | grep -v '^fe80\|^multicast\|^local fe80\|^anycast' | sort
done
cat /etc/resolv.conf
nft list ruleset | grep -v '^$'
sysctl net.ipv4.conf.all.src_valid_mark
"""
IPTABLES_STATE = r"""
ip -br link | cut -d ' ' -f 1
{ iptables-save; ip6tables-save; } | grep ^-A
"""


def curl(host, *words, seconds=20):
    return host.run("curl", "-sS", "-m", str(seconds), *words, check=False, timeout=seconds + 20)


def caller(host, family):
    """Who the web page says that the host is."""
    done = curl(host, f"-{family}", "ifconfig.me")
    need(done.returncode == 0, f"{host.name}: curl -{family}: {done.stderr}")
    return done.stdout.strip()


def world(net):
    """Two hosts, an internet with names and a page, and the client as its provider has set it up."""
    internet, router, server, client = two_hosts(net)
    queries = internet.serve_names()
    internet.serve_page()
    client.write("/etc/resolv.conf", f"nameserver {PROVIDER_DNS}\n", 0o644)
    need(caller(client, 4) == "198.51.100.20", "without a tunnel the client is not its router")
    need(caller(client, 6) == "2001:db8:50::10", "without a tunnel the client is not itself")
    return queries, server, client


def queries_of(path):
    with open(path) as log:
        return re.findall(r"query\[\w+\] ifconfig\.me from (\S+)", log.read())


def full_tunnel(net, firewall):
    queries, server, client = world(net)
    hosts = {"server": server, "client": client}
    page, _, last = guide.read("docs/guide/full-tunnel.md").partition("## Take it down")
    # Of the two ways to masquerade, only one.
    page = re.sub(rf"```ini examples/full-tunnel/server-(?!{firewall}\.)\w+\.conf server\n", "```ini\n", page)
    server_state = STATE if firewall == "nft" else IPTABLES_STATE
    before = client.sh(STATE).stdout + server.sh(server_state, check=False).stdout
    setting_up, _, trying = page.partition("Who does the world see now?")
    guide.follow(setting_up, hosts)
    client.must_ping("10.0.0.1")
    asked = len(queries_of(queries))
    beside = Watch(client, "eth0", BESIDE)
    inside = Watch(client, "wg0", "host 203.0.113.50 and udp")
    said = guide.follow(trying, hosts)[0]
    need(re.search(r"^203\.0\.113\.50$", said, re.M) and re.search(r"^2001:db8:113::50$", said, re.M),
         f"the world sees {said}")
    from_where = set(queries_of(queries)[asked:])
    need(from_where == {"203.0.113.50"}, f"names were asked for from {from_where}")
    need(not beside.end(), f"packets passed beside the tunnel: {beside.lines()}")
    need(not inside.end(), f"the tunnel's packets went into the tunnel: {inside.lines()}")
    net.stay()
    guide.follow(last, hosts)
    for host in (client, server):
        host.wait_gone()
    after = client.sh(STATE).stdout + server.sh(server_state, check=False).stdout
    need(before == after, f"left: {sorted(set(before.splitlines()) ^ set(after.splitlines()))}")
    need(caller(client, 4) == "198.51.100.20", "after down the client is not its router")


# The shortest way to write it: no words about what comes back, or about IPv6.
SHORT = """[Interface]
PrivateKey = SERVER_PRIVATE_KEY
Address = 10.0.0.1/24
ListenPort = 51820
PostUp = iptables -A FORWARD -i wg0 -j ACCEPT; iptables -t nat -A POSTROUTING -o eth0 -j MASQUERADE
PostDown = iptables -D FORWARD -i wg0 -j ACCEPT; iptables -t nat -D POSTROUTING -o eth0 -j MASQUERADE

[Peer]
PublicKey = CLIENT_PUBLIC_KEY
AllowedIPs = 10.0.0.2/32
"""


def nothing_leaks(net):
    """A client with IPv4 alone in the tunnel, and ::/0: its IPv6 goes nowhere. So does all when the server is gone."""
    _, server, client = world(net)
    hosts = {"server": server, "client": client}
    server.write("/etc/wireguard/wg0.conf", guide.filled_in(SHORT, hosts))
    text = guide.read("examples/full-tunnel/client.conf")
    client.write("/etc/wireguard/wg0.conf", guide.filled_in(re.sub(r", fd00:\S+", "", text), hosts))
    server.sh('echo "net.ipv4.ip_forward = 1" | sudo tee /etc/sysctl.d/99-wireguard.conf; '
              "sudo sysctl -p /etc/sysctl.d/99-wireguard.conf")
    for host in (server, client):
        host.run("wg-quick", "up", "wg0")
    beside = Watch(client, "eth0", BESIDE)
    need(caller(client, 4) == "203.0.113.50", "IPv4 does not go through the tunnel")
    need(curl(client, "-6", "ifconfig.me", seconds=2).returncode != 0, "IPv6 is answered")
    net.stay()
    server.run("wg-quick", "down", "wg0")
    need(not server.sh(IPTABLES_STATE, check=False).stdout.count("-A"), "rules are left")
    need(curl(client, "-4", "ifconfig.me", seconds=2).returncode != 0, "IPv4 is answered without the server")
    need(not beside.end(), f"packets passed beside the tunnel: {beside.lines()}")


def hub_and_spoke(net, far="hub"):
    internet = Internet(net)
    hub, *clients = (net.host(name, far=name == far) for name in ("hub", "client-a", "client-b", "client-c"))
    internet.attach(hub, "203.0.113.50/24")
    router = home(net, internet)
    at_home(net, router, clients[0], "192.168.50.10/24")
    at_home(net, router, clients[1], "192.168.50.11/24")
    internet.attach(clients[2], "192.0.2.30/24")
    guide.make_keys(hub, *clients)
    internet.serve_names()
    internet.serve_page()
    hosts = {host.name: host for host in (hub, *clients)}
    said = guide.follow(guide.read("docs/guide/hub-and-spoke.md"), hosts)
    need("ttl=63" in "\n".join(said), f"the ping did not pass the hub: {said}")
    through = Watch(hub, "wg0", "icmp")
    inner = {host: f"10.0.0.{n}" for n, host in enumerate((hub, *clients), 1)}
    for host in inner:
        for address in inner.values():
            host.must_ping(address)
    wait_until(lambda: any("10.0.0.2 > 10.0.0.4" in line for line in through.lines()), 15, "A's ping to C on the hub")
    clients[0].write("/etc/resolv.conf", "nameserver 1.1.1.1\n", 0o644)
    need(caller(clients[0], 4) == "198.51.100.20", "what is not for the tunnel went through it")
    need(len(hub.peers()) == 3 and all(peer["latest_handshake"] for peer in hub.peers().values()), f"{hub.peers()}")
    net.stay()
