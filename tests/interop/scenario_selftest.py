"""What the kernel's own self-test of WireGuard tries and the other files do not: docs/testing.md has its list."""

from lab import Daemon, Host, Side, Skip, command, endpoint_text, need, wait_until


def counts_the_first_traffic(lab):
    """One ping each way: an initiation, a response, and three or four data messages, to the byte."""
    left, right = lab.tunnel("ours", "theirs")
    for side in (left, right):
        # The kernel's own multicast would be counted, too.
        side.host.run("sysctl", "-q", "-w", f"net.ipv6.conf.{side.interface}.disable_ipv6=1")
    lab.a.ip("addr", "flush", "dev", left.interface, "scope", "link")
    before = transfer(left)
    left.must_ping(right, extra=("-s", "56"))
    # 84 bytes padded to 96 make a message of 128; whoever has nothing to send may confirm with one of 32.
    wait_until(lambda: transfer(left)[0] - before[0] >= 92 + 128, 10, "the answer to be counted")
    received, sent = (after - first for after, first in zip(transfer(left), before))
    need(received in (92 + 128, 92 + 128 + 32), f"{received} bytes received, not an answer and a response")
    need(sent in (148 + 128, 148 + 128 + 32), f"{sent} bytes sent, not a question and an initiation")
    need(int(left.wg("show", left.interface, "latest-handshakes").stdout.split()[1]) > 0, "no handshake shows")


def transfer(side):
    words = side.wg("show", side.interface, "transfer").stdout.split()
    return int(words[1]), int(words[2])


def changes_its_private_key(lab, a):
    """One end has a new key, the other takes the new peer for the old one: they talk at once."""
    left, right = lab.tunnel(a, "ours")
    left.must_ping(right)
    for _ in range(3):
        old, left.private = left.public, left.wg("genkey").stdout.strip()
        left.public = left.wg("pubkey", input=left.private).stdout.strip()
        left.set("private-key", left.key_file("key", left.private))
        right.set("peer", old, "remove")
        right.add_peer(left, left.endpoint())
        left.must_ping(right)
        right.must_ping(left)
        need(len(right.daemon.get()[1]) == 1, "the old peer is still there")


def carries_a_tunnel_in_a_tunnel(lab):
    """A second pair of daemons whose outer addresses are the first pair's inner ones."""
    left, right = lab.tunnel()
    left.must_ping(right)
    inner = []
    for side, number in ((left, 1), (right, 2)):
        name = side.interface[:-1] + "xy"[number - 1]
        daemon = type(side.daemon)(side.host, lab.words("ours"), name).wait_ready()
        lab.daemons.append(daemon)
        other = Side(side.host, daemon, lab.wg("ours"))
        other.port, other.inner = 52000 + number, {4: f"10.88.0.{number}", 6: f"fd88::{number}"}
        other.configure(mtu=1340)
        inner.append(other)
    for side, other, outside in ((inner[0], inner[1], right), (inner[1], inner[0], left)):
        side.add_peer(other, endpoint_text(outside.inner[4], other.port))
    for family in (4, 6):
        inner[0].must_ping(inner[1], family, count=5)
        inner[0].must_ping(inner[1], family, extra=("-s", str(1340 - 28 if family == 4 else 1340 - 48), "-M", "do"))
    inner[1].must_ping(inner[0], extra=("-s", "20000"))


def reaches_a_client_behind_a_nat(lab):
    """The NAT forgets in 2 s; keepalives each second keep the way open, and the server reaches its client."""
    left, right = lab.tunnel()
    lab.c = Host(lab, "c", 3)
    lab.add_namespace(lab.c)
    # a's cable now ends in c, which has one of its own to b.
    lab.b.ip("link", "del", "eth0")
    command("ip", "link", "add", "eth0", "netns", lab.a.ns, "type", "veth", "peer", "name", "eth0", "netns", lab.c.ns)
    command("ip", "link", "add", "eth1", "netns", lab.c.ns, "type", "veth", "peer", "name", "eth0", "netns", lab.b.ns)
    for host, address, device in ((lab.a, "192.168.1.2", "eth0"), (lab.c, "192.168.1.1", "eth0"),
                                  (lab.c, "192.0.2.3", "eth1"), (lab.b, "192.0.2.2", "eth0")):
        host.address("add", address, device)
        host.ip("link", "set", device, "up")
    lab.a.ip("route", "add", "default", "via", "192.168.1.1")
    lab.c.run("sysctl", "-q", "-w", "net.ipv4.ip_forward=1")
    lab.c.run("nft", "add table ip n; add chain ip n p { type nat hook postrouting priority 100; }; "
                     "add rule ip n p oifname eth1 masquerade random")
    for name in ("nf_conntrack_udp_timeout", "nf_conntrack_udp_timeout_stream"):
        lab.c.run("sysctl", "-q", "-w", f"net.netfilter.{name}=2")
    right.set("peer", left.public, "remove")
    right.add_peer(left)
    left.set("peer", right.public, "endpoint", f"192.0.2.2:{right.port}", "persistent-keepalive", "1")
    left.must_ping(right, wait=20)
    need(right.daemon.endpoint().startswith("192.0.2.3:"), f"the endpoint is {right.daemon.endpoint()}")
    received = transfer(right)[0]
    # Keepalives are the clock: three of them are longer than the NAT remembers.
    wait_until(lambda: transfer(right)[0] >= received + 3 * 32, 20, "three keepalives")
    right.must_ping(left)


def answers_a_bound_socket(lab):
    """ping -I: bound to the interface, without and with a mark that leads elsewhere."""
    left, right = lab.tunnel()
    left.must_ping(right, extra=("-I", left.interface))
    left.must_ping(right, 6, extra=("-I", left.interface))
    lab.a.ip("rule", "add", "fwmark", "0x77", "blackhole")
    left.must_ping(right, extra=("-I", left.interface))


def only_fast(lab):
    """What is about numbers, and would take too long."""
    if lab.options.sanitized:
        raise Skip("a sanitizer is too slow for it")


def carries_fifty_streams(lab):
    only_fast(lab)
    left, right = lab.tunnel("ours", "ours")
    left.must_ping(right)
    for family, count in ((4, 50), (6, 5)):
        server = lab.popen(right.host.words("iperf3", "-s", "-1", "--forceflush"))
        need(any("Server listening" in line for line in server.stdout), "iperf3 does not listen")
        done = command(*left.host.words("iperf3", "-c", right.inner[family], "-n", "64M", "-P", str(count)),
                       check=False, timeout=90)
        need(done.returncode == 0, f"{count} streams: {done.stdout[-300:]} {done.stderr}")
        server.communicate(timeout=20)


def survives_a_flood_ping(lab):
    only_fast(lab)
    left, right = lab.tunnel("ours", "theirs")
    left.must_ping(right)
    for family in (4, 6):
        for side, other in ((left, right), (right, left)):
            said = side.run_words(side.host.words("ping", "-n", "-q", "-f", "-c", "100", "-w", "20", other.inner[family]),
                                  40).stdout
            need(" 100 received" in said, f"flood ping: {said[-200:]}")


def shows_all_of_very_many_allowed_ips(lab):
    """255 * 256 * 2 of one peer, 40 peers of 52, and one of none before one with 197; removed one by one."""
    only_fast(lab)
    lab.only_ours("cannot take single ones away")
    side = lab.side(lab.a)
    keys = [side.wg("pubkey", input=side.wg("genkey").stdout).stdout.strip() for _ in range(43)]
    many = [f"10.{a}.{b}.{c}/32" for a in (1, 2) for b in range(255) for c in range(256)]
    lists = [many, *([f"172.{16 + i}.{n}.0/24" for n in range(52)] for i in range(40)), [],
             [f"fd00:{n:x}::/32" for n in range(1, 198)]]
    text = "".join(f"[Peer]\nPublicKey = {key}\n" + (f"AllowedIPs = {', '.join(ips)}\n" if ips else "")
                   for key, ips in zip(keys, lists))
    side.wg("addconf", side.interface, "/dev/stdin", input=text, timeout=60)
    shown = dict(line.split("\t") for line in side.wg("show", side.interface, "allowed-ips", timeout=60)
                 .stdout.splitlines())
    for key, ips in zip(keys, lists):
        need(set(shown[key].split()) == set(ips or ["(none)"]), f"a peer has {len(shown[key].split())} of {len(ips)}")
    # Six of those of one peer, each by itself.
    for ip in lists[-1][:6]:
        side.set("peer", keys[-1], "allowed-ips", "-" + ip)
    left = dict(line.split("\t") for line in side.wg("show", side.interface, "allowed-ips", timeout=60)
                .stdout.splitlines())[keys[-1]].split()
    need(set(left) == set(lists[-1][6:]), f"{len(left)} are left of {len(lists[-1])}")
    side.set("peer", keys[0], "remove")
    need(len(side.daemon.get()[1]) == 42, "the peer with the most is not gone")


def knows_no_missing_interface(lab):
    """And its own key as a peer's is passed over; a private key that becomes a peer's removes that."""
    side = lab.side(lab.a)
    side.configure()
    need(side.wg("show", "absent0", check=False).returncode != 0, "an interface that is not there is shown")
    side.set("peer", side.public, "allowed-ips", "10.1.0.0/24")
    need(not side.daemon.get()[1], "it is its own peer")
    private = side.wg("genkey").stdout.strip()
    public = side.wg("pubkey", input=private).stdout.strip()
    side.set("peer", public)
    need(len(side.daemon.get()[1]) == 1, "no peer was added")
    side.set("private-key", side.key_file("key", private))
    need(not side.daemon.get()[1], "its own key is still a peer's")
    side.set("private-key", "/dev/null")
    need("private_key" not in side.daemon.get()[0], "the private key is still there")
    side.set("private-key", side.key_file("key", "/" * 42 + "8="))
    shown = side.wg("show", side.interface, "private-key").stdout.strip()
    need(shown != "/" * 42 + "8=" and shown[0] == "+", f"the key is not clamped: {shown}")


def ends_when_its_namespace_goes(lab):
    """Interfaces across namespaces in a circle, which are deleted: every daemon ends and leaves nothing."""
    lab.c = Host(lab, "c", 3)
    lab.add_namespace(lab.c)
    daemons = [lab.daemon(lab.a), lab.daemon(lab.b)]
    lab.a.ip("link", "set", daemons[0].interface, "netns", lab.c.ns)
    lab.b.ip("link", "set", daemons[1].interface, "netns", lab.c.ns)
    for daemon in daemons:
        lab.c.ip("link", "set", daemon.interface, "up")
        need(daemon.answers(), "no answer from another namespace")
    command("ip", "netns", "del", lab.c.ns)
    for daemon in daemons:
        daemon.wait_end("after the namespace of its interface went")


def tells_a_forwarded_sender(lab):
    """No peer for a packet that came through a NAT: its sender gets the ICMP error."""
    lab.only_ours("answers no ICMP")
    left, right = lab.tunnel("ours", "theirs")
    left.must_ping(right)
    lab.c = Host(lab, "c", 3)
    lab.add_namespace(lab.c)
    command("ip", "link", "add", "eth1", "netns", lab.a.ns, "type", "veth", "peer", "name", "eth0", "netns", lab.c.ns)
    lab.a.address("add", "192.168.1.1", "eth1")
    lab.c.address("add", "192.168.1.2", "eth0")
    for host, device in ((lab.a, "eth1"), (lab.c, "eth0")):
        host.ip("link", "set", device, "up")
    lab.c.ip("route", "add", "default", "via", "192.168.1.1")
    lab.a.run("sysctl", "-q", "-w", "net.ipv4.ip_forward=1")
    lab.a.run("nft", "add table ip n; add chain ip n p { type nat hook postrouting priority 100; }; "
                     f"add rule ip n p oifname {left.interface} masquerade")
    said = lab.c.run("ping", "-n", "-c", "1", "-W", "10", right.inner[4], check=False).stdout
    need(" 1 received" in said, f"no way through the NAT: {said}")
    left.set("peer", right.public, "remove")
    said = lab.c.run("ping", "-n", "-c", "1", "-W", "10", right.inner[4], check=False).stdout
    need("icmp_seq=1 Destination Host Unreachable" in said, f"the sender is not told: {said}")


def third_side(lab, host, letter, number):
    """Another daemon of ours in a host, on a port and with inner addresses of its own."""
    daemon = Daemon(host, lab.words("ours"), lab.tag + letter).wait_ready()
    lab.daemons.append(daemon)
    side = Side(host, daemon, lab.wg("ours"))
    side.port, side.inner = 52000 + number, {4: f"10.77.0.{number}", 6: f"fd77::{number}"}
    return side


def reaches_a_peer_through_another(lab):
    """Of one interface: the second peer's endpoint is an inner address of the first."""
    left, right = lab.tunnel()
    third = third_side(lab, lab.b, "x", 3)
    third.set("listen-port", str(third.port), "private-key", third.key_file("key", third.private))
    lab.b.ip("addr", "add", third.inner[4] + "/32", "dev", third.interface)
    lab.b.ip("link", "set", third.interface, "mtu", "1340", "up")
    third.add_peer(left)
    third.set("peer", left.public, "allowed-ips", "10.99.0.1/32")
    lab.b.ip("route", "add", "10.99.0.1", "dev", third.interface)
    lab.a.ip("addr", "add", "10.99.0.1/32", "dev", left.interface)
    left.add_peer(third, endpoint_text(right.inner[4], third.port))
    left.must_ping(third, count=3, extra=("-I", "10.99.0.1"))
    left.must_ping(third, count=3, extra=("-I", "10.99.0.1", "-s", "1300"))


def survives_peers_that_lead_to_each_other(lab):
    """Each one's endpoint is an inner address of the other: it costs little, and ends with the loop."""
    left, right = lab.tunnel()
    left.must_ping(right)
    other = left.wg("pubkey", input=left.wg("genkey").stdout).stdout.strip()
    left.set("peer", right.public, "endpoint", "10.88.0.2:1", "allowed-ips", f"{right.inner[4]}/32,10.88.0.1/32")
    left.set("peer", other, "endpoint", "10.88.0.1:1", "allowed-ips", "10.88.0.2/32")
    lab.a.ip("route", "add", "10.88.0.0/24", "dev", left.interface)
    before = transfer(left)[1]
    need(left.ping(right, count=3, wait=2) == 0, "a loop carries")
    sent = transfer(left)[1] - before
    need(sent < 70000, f"{sent} bytes went round")
    left.set("peer", right.public, "endpoint", right.endpoint(), "allowed-ips", f"{right.inner[4]}/32")
    left.must_ping(right)
