"""The network under the tunnel changes: addresses, ports, routes, links; and what users are told."""

import re

import wire
from lab import Host, answered, command, endpoint_text, need, wait_until
from scenario_replace import replace


def roams_to_another_address(lab, a, b, family):
    """The roamer's address is replaced; the other follows the first authentic packet."""
    left, right = lab.tunnel(a, b, family=family)
    left.must_ping(right)
    new = lab.a.outer[family] + "1"
    lab.a.address("del", lab.a.outer[family])
    lab.a.address("add", new)
    if lab.is_reference(a):
        # It holds on to the lost IPv4 source for which Linux 6 answers ENETUNREACH.
        left.set("peer", right.public, "endpoint", right.endpoint(family))
    left.must_ping(right)
    need(right.daemon.endpoint() == endpoint_text(new, left.port),
         f"the endpoint is {right.daemon.endpoint()}, not {new}")
    right.must_ping(left)


def roams_to_another_port(lab):
    left, right = lab.tunnel("theirs", "ours")
    left.must_ping(right)
    left.set("listen-port", "40404")
    left.must_ping(right)
    need(right.daemon.endpoint().endswith(":40404"), f"the endpoint is {right.daemon.endpoint()}")
    right.must_ping(left)


def roams_to_the_other_family(lab):
    left, right = lab.tunnel("theirs", "ours")
    left.must_ping(right)
    left.set("peer", right.public, "endpoint", right.endpoint(6))
    left.must_ping(right)
    need(right.daemon.endpoint() == left.endpoint(6), f"the endpoint is {right.daemon.endpoint()}")
    right.must_ping(left)


def changes_its_listen_port(lab):
    """While it runs: the session lives on, the peer learns the port, the old one is closed."""
    left, right = lab.tunnel("ours", "theirs")
    left.must_ping(right)
    left.set("listen-port", "40404")
    need(left.daemon.get()[0]["listen_port"] == ["40404"], "the new port does not show")
    left.must_ping(right)
    need(right.daemon.endpoint().endswith(":40404"), f"the endpoint is {right.daemon.endpoint()}")
    for address in ("0.0.0.0", "::"):
        lab.a.udp(address, left.port).close()
    left.set("listen-port", "0")
    port = left.daemon.get()[0]["listen_port"][0]
    need(port not in ("0", "40404"), f"port 0 chose {port}")
    left.must_ping(right)


def waits_for_its_port(lab):
    """Somebody has it when the interface comes up; when he lets it go the tunnel works, and nobody has to do a thing."""
    lab.only_ours("asks once")
    left, right = lab.side(lab.a), lab.side(lab.b, "theirs")
    holder = lab.a.udp("0.0.0.0", left.port)
    for side, other in ((left, right), (right, left)):
        side.configure()
        side.add_peer(other, other.endpoint())
    wait_until(lambda: "Listening on port" in left.daemon.said(), 10, "a word about the port")
    need(left.ping(right, wait=3) == 0, "it works without its port")
    holder.close()
    wait_until(lambda: "it works now" in left.daemon.said(), 20, "the port")
    right.must_ping(left)
    left.must_ping(right)
    need(left.daemon.said().count("Listening on port") == 2, f"it says more than twice: {left.daemon.said()}")


def answers_from_the_address_asked(lab, family):
    """With two addresses, the one that a peer calls is the one that answers."""
    first, second = lab.b.outer[family], lab.b.outer[family] + "2"
    left, right = lab.tunnel("theirs", "ours", family=family)
    lab.b.address("add", second)
    for called in (second, first):
        capture = lab.a.capture()
        left.set("peer", right.public, "endpoint", endpoint_text(called, right.port))
        left.must_ping(right, count=3)
        right.must_ping(left, count=3)
        must_come_from(capture, lab.a.outer[family], called)
        capture.close()


def must_come_from(capture, destination, source):
    sources = {d.source for d in capture.datagrams() if d.destination == destination}
    need(sources == {source}, f"answers came from {sources}, not from {source}")


def keeps_its_source_when_others_change(lab, family):
    """Addresses and routes that have nothing to do with the peer come and go."""
    first, second = lab.b.outer[family], lab.b.outer[family] + "2"
    # The one that Linux would not choose by itself: it takes the first for IPv4, the last for IPv6.
    called = second if family == 4 else first
    left, right = lab.tunnel("theirs", "ours", family=family)
    lab.b.address("add", second)
    capture = lab.a.capture()
    left.set("peer", right.public, "endpoint", endpoint_text(called, right.port))
    left.must_ping(right)
    for prefix in ("203.0.113.0/24", "2001:db8:1::/48"):
        lab.b.ip("route", "add", "blackhole", prefix)
        lab.b.ip("route", "del", "blackhole", prefix)
    for address in ("203.0.113.1/32", "2001:db8:1::1/128"):
        lab.b.ip("addr", "add", address, "dev", "lo")
    need(right.daemon.answers(), "no answer")
    right.must_ping(left)
    must_come_from(capture, lab.a.outer[family], called)


def follows_a_better_route(lab):
    """The way to the peer now leads over another cable: its address takes the place of the first's."""
    command("ip", "link", "add", "eth1", "netns", lab.a.ns, "type", "veth",
            "peer", "name", "eth1", "netns", lab.b.ns)
    for host in (lab.a, lab.b):
        host.address("add", f"198.51.100.{host.n}", "eth1")
        host.ip("link", "set", "eth1", "up")
    left, right = lab.tunnel("theirs", "ours")
    left.must_ping(right)
    lab.b.ip("route", "add", f"{lab.a.outer[4]}/32", "via", "198.51.100.1", "dev", "eth1")
    need(right.daemon.answers(), "no answer")
    right.must_ping(left)
    need(left.daemon.endpoint() == f"198.51.100.2:{right.port}", f"the endpoint is {left.daemon.endpoint()}")


def lets_a_lost_source_go(lab, family):
    """The address that a peer called is removed: the next packet leaves from another."""
    if family == 4:
        lab.only_ours("holds on to a source for which Linux 6 answers ENETUNREACH")
    second = lab.b.outer[family] + "2"
    left, right = lab.tunnel("theirs", "ours", family=family)
    lab.b.address("add", second)
    left.set("peer", right.public, "endpoint", endpoint_text(second, right.port))
    left.must_ping(right)
    lab.b.address("del", second)
    right.must_ping(left)
    need(left.daemon.endpoint() == right.endpoint(family), f"the endpoint is {left.daemon.endpoint()}")


def marks_its_datagrams(lab):
    """Only marked packets find a route to the peer, so that the mark decides."""
    left, right = lab.tunnel("ours", "theirs")
    lab.b.ip("addr", "add", "198.51.100.1/32", "dev", "lo")
    lab.a.ip("rule", "add", "fwmark", "0x1234", "table", "1234")
    lab.a.ip("route", "add", "198.51.100.1", "via", lab.b.outer[4], "table", "1234")
    left.set("peer", right.public, "endpoint", f"198.51.100.1:{right.port}")
    need(left.ping(right, wait=1) == 0, "unmarked packets found the way")
    left.set("fwmark", "0x1234")
    need(left.daemon.get()[0]["fwmark"] == [str(0x1234)], "the mark does not show")
    left.must_ping(right)
    left.set("fwmark", "off")
    need("fwmark" not in left.daemon.get()[0], "the mark still shows")


def goes_down_and_up(lab):
    left, right = lab.tunnel("ours", "theirs")
    left.must_ping(right)
    for _ in range(3):
        lab.a.ip("link", "set", left.interface, "down")
        need(right.ping(left, wait=1) == 0, "an interface that is down answers")
        lab.a.ip("link", "set", left.interface, "up")
        left.must_ping(right)
    lab.a.ip("link", "set", left.interface, "mtu", "1280")
    left.must_ping(right, extra=("-s", "1252", "-M", "do"))


def unreachable(side, address, extra=()):
    """What ping says of an address that cannot be reached, at once and not by its own timeout."""
    words = side.ping_words(address, 2, 0.2, 3, *extra)
    out = command(*words, check=False).stdout
    need(answered(out) == 0, f"somebody answered for {address}")
    return out


def works_from_another_namespace(lab):
    """The interface moves away and the sockets stay: an inside that knows nothing of the outside."""
    left, right = lab.tunnel("ours", "theirs")
    left.must_ping(right)
    lab.c = Host(lab, "c", 1)
    lab.add_namespace(lab.c)
    lab.a.ip("link", "set", left.interface, "netns", lab.c.ns)
    need(right.ping(left, wait=1) == 0, "an interface that has just moved answers")
    left.host = lab.c
    lab.c.address("add", left.inner[4], left.interface)
    for _ in range(2):
        lab.c.ip("link", "set", left.interface, "up")
        left.must_ping(right)
        lab.c.ip("link", "set", left.interface, "down")
        need(right.ping(left, wait=1) == 0, "an interface that is down answers")
    lab.c.ip("link", "del", left.interface)
    left.daemon.wait_end("after its device was deleted where it had moved to")


def is_replaced_when_it_has_moved(lab):
    """A new version takes the tunnel over whose interface is in another namespace."""
    lab.only_ours("cannot be replaced")
    left, right = lab.tunnel("ours", "theirs")
    lab.c = Host(lab, "c", 1)
    lab.add_namespace(lab.c)
    lab.a.ip("link", "set", left.interface, "netns", lab.c.ns)
    lab.c.address("add", left.inner[4], left.interface)
    lab.c.ip("link", "set", left.interface, "up")
    left.host = lab.c
    left.must_ping(right)
    before = left.daemon.peer()["last_handshake_time_nsec"]
    left.host = lab.a
    replace(lab, left)
    left.host = lab.c
    left.must_ping(right)
    need(left.daemon.peer()["last_handshake_time_nsec"] == before, "it took another handshake")
    lab.c.ip("link", "set", left.interface, "down")
    need(right.ping(left, wait=1) == 0, "an interface that is down answers")
    lab.c.ip("link", "del", left.interface)
    left.daemon.wait_end("after its device was deleted where it had moved to")


def survives_a_routing_loop(lab):
    """A route leads the peer's endpoint into the tunnel: little is sent, and it works again without."""
    lab.only_ours("knows nothing of it")
    left, right = lab.tunnel("ours", "theirs")
    left.set("peer", right.public, "allowed-ips", "0.0.0.0/0,::/0")
    left.must_ping(right)
    for family in (4, 6):
        left.set("peer", right.public, "endpoint", right.endpoint(family))
        left.must_ping(right)
        lab.a.ip("route", "add", lab.b.outer[family], "dev", left.interface)
        before = int(left.wg("show", left.interface, "transfer").stdout.split()[2])
        need(left.ping(right, count=3, wait=1) == 0, "a loop carries")
        sent = int(left.wg("show", left.interface, "transfer").stdout.split()[2]) - before
        need(sent < 5000, f"{sent} bytes went round")
        lab.a.ip("route", "del", lab.b.outer[family], "dev", left.interface)
        left.must_ping(right)


def tells_that_no_peer_has_the_address(lab):
    lab.only_ours("answers no ICMP")
    left, right = lab.tunnel("ours", "theirs")
    left.must_ping(right)
    left.set("peer", right.public, "remove")
    need("Destination Host Unreachable" in unreachable(left, right.inner[4]), "no ICMP for IPv4")
    need("Address unreachable" in unreachable(left, right.inner[6]), "no ICMP for IPv6")


def tells_that_a_peer_has_no_endpoint(lab):
    lab.only_ours("answers no ICMP")
    left, right = lab.side(lab.a), lab.side(lab.b, "theirs")
    left.configure()
    left.add_peer(right)
    need("Destination Host Unreachable" in unreachable(left, right.inner[4]), "no ICMP for IPv4")
    need("Address unreachable" in unreachable(left, right.inner[6]), "no ICMP for IPv6")
    need(not re.search(r"endpoint", left.wg("show", left.interface).stdout), "an endpoint shows")


def survives_a_dead_network(lab):
    """No link, a firewall (EPERM), ICMP refusals: errors of sending end nothing, and the tunnel comes back."""
    left, right = lab.tunnel("ours", "theirs")
    left.must_ping(right)
    lab.a.ip("link", "set", "eth0", "down")
    need(left.ping(right, count=5, wait=1) == 0, "a dead link carries")
    lab.a.ip("link", "set", "eth0", "up")
    left.must_ping(right)
    lab.a.run("nft", "add table inet t; add chain inet t o { type filter hook output priority 0; }; "
                     f"add rule inet t o ip daddr {lab.b.outer[4]} drop")
    need(left.ping(right, count=5, wait=1) == 0, "a firewall that drops lets pass")
    lab.a.run("nft", "delete table inet t")
    left.must_ping(right)
    # Nobody listens there: every datagram is refused by ICMP.
    left.set("peer", right.public, "endpoint", f"{lab.b.outer[4]}:9")
    need(left.ping(right, count=5, wait=1) == 0, "a closed port carries")
    capture = lab.a.capture()
    right.must_ping(left)
    wait_until(lambda: capture.messages(wire.DATA, sport=left.port, dport=right.port), 10, "an answer")
