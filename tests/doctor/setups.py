"""The set-ups: name, what is wrong, function, arguments.

A function makes the hosts, breaks something, and says what the doctor must find where: all of the
findings that are more than notes, no others. Owned here: what is broken how. Not here: the hosts
(tests/scenarios/net.py), the faults of the guide (tests/scenarios/broken.py).
"""

import json
from collections import namedtuple

import broken
from lab import need, wait_until
from net import listens

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


def healthy_site(net):
    site = broken.Site(net)
    site.up()
    site.must_work()
    expect(site.server)
    expect(site.client)


SETUPS = {
    **{name: Setup(broken.FAULTS[name].what, fault, (name,)) for name in FAULTS},
    "wrong-endpoint": Setup(broken.FAULTS["wrong-endpoint"].what, wrong_endpoint),
    "healthy-site": Setup("nothing: a server with an office, a client at home", healthy_site),
}
