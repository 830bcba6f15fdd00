"""The scenarios: name, what it shows, function, arguments, with which other far ends ./check tries it too, longest
duration. With --far all are tried with that far end; ours_alone says why one cannot be, and one that is foreign
needs a far end that is not ours."""

from collections import namedtuple

import broken
import guide
import scenario_container as container
import scenario_live as live
import scenario_routes as routes
import scenario_sites as sites
import scenario_tunnel as tunnel

Row = namedtuple("Row", "what function arguments also seconds ours_alone foreign", defaults=((), (), 240, None, False))
GO = ("wireguard-go",)

# Long ones first: they mostly wait.
SCENARIOS = {
    "behind-nat": Row("reached from the server after a silence, with keepalives and without", tunnel.behind_nat),
    **{f"broken/{name}": Row(fault.what, broken.scenario, (name,)) for name, fault in broken.FAULTS.items()},
    "pages": Row("the guide shows files as they are, and its links lead somewhere", guide.pages_hold,
                 ours_alone="it reads the guide, and there are no hosts"),
    "keys": Row("a key pair, and whether two keys belong together", tunnel.keys,
                ours_alone="it is about our commands on one host, and there is no far end"),
    "point-to-point": Row("a server and a client at home, by the guide to the letter", tunnel.point_to_point,
                          also=GO),
    "full-tunnel-nft": Row("everything through the tunnel, names too; the server masquerades by nft",
                           routes.full_tunnel, ("nft",), also=GO),
    "full-tunnel-iptables": Row("the same, by iptables", routes.full_tunnel, ("iptables",)),
    "nothing-leaks": Row("without IPv6 in the tunnel, and without a server, nothing passes beside it",
                         routes.nothing_leaks),
    "hub-and-spoke": Row("three clients reach each other through a hub, and the world without it",
                         routes.hub_and_spoke, also=GO),
    "hub-and-far-spoke": Row("the same, where a client behind NAT is the far end", routes.hub_and_spoke, ("client-b",),
                             foreign=True),
    "measure": Row("iperf3 through the tunnel and beside it", tunnel.measure),
    "container": Row("a tunnel as a container's only network", container.only_network),
    "rootless": Row("a container of a plain user", container.rootless),
    "handed-in": Row("a daemon without rights, which gets its device and socket open", container.handed_in),
    "site-to-site": Row("two networks behind gateways with names, one of which moves", sites.site_to_site, also=GO),
    "live-peers": Row("peers come and go, and the others lose nothing", live.live_peers, also=GO),
    "show": Row("what wg show says while the tunnel lives", tunnel.show),
}
