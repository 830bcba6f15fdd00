"""The scenarios: name, what it shows, function, arguments, with which other far ends too, longest duration."""

from collections import namedtuple

import broken
import scenario_tunnel as tunnel

Row = namedtuple("Row", "what function arguments also seconds", defaults=((), (), 120))
GO = ("wireguard-go",)

# Long ones first: they mostly wait.
SCENARIOS = {
    **{f"broken/{name}": Row(fault.what, broken.scenario, (name,)) for name, fault in broken.FAULTS.items()},
    "keys": Row("a key pair, and whether two keys belong together", tunnel.keys),
    "point-to-point": Row("a server and a client at home, by the guide to the letter", tunnel.point_to_point,
                          also=GO),
    "show": Row("what wg show says while the tunnel lives", tunnel.show),
}
