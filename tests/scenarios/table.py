"""The scenarios: name, what it shows, function, arguments, with which other far ends too, longest duration."""

from collections import namedtuple

import broken
import scenario_live as live
import scenario_routes as routes
import scenario_sites as sites
import scenario_tunnel as tunnel

Row = namedtuple("Row", "what function arguments also seconds", defaults=((), (), 120))
GO = ("wireguard-go",)

# Long ones first: they mostly wait.
SCENARIOS = {
    "behind-nat": Row("reached from the server after a silence, with keepalives and without", tunnel.behind_nat),
    **{f"broken/{name}": Row(fault.what, broken.scenario, (name,)) for name, fault in broken.FAULTS.items()},
    "keys": Row("a key pair, and whether two keys belong together", tunnel.keys),
    "point-to-point": Row("a server and a client at home, by the guide to the letter", tunnel.point_to_point,
                          also=GO),
    "full-tunnel-nft": Row("everything through the tunnel, names too; the server masquerades by nft",
                           routes.full_tunnel, ("nft",), also=GO),
    "full-tunnel-iptables": Row("the same, by iptables", routes.full_tunnel, ("iptables",)),
    "nothing-leaks": Row("without IPv6 in the tunnel, and without a server, nothing passes beside it",
                         routes.nothing_leaks),
    "hub-and-spoke": Row("three clients reach each other through a hub, and the world without it",
                         routes.hub_and_spoke, also=GO),
    "site-to-site": Row("two networks behind gateways with names, one of which moves", sites.site_to_site, also=GO),
    "live-peers": Row("peers come and go, and the others lose nothing", live.live_peers, also=GO),
    "show": Row("what wg show says while the tunnel lives", tunnel.show),
}
