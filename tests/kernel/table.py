"""The table of scenarios: name -> what to run, its bound in seconds, whether it takes minutes."""

import scenario_backend
import scenario_culvert
import scenario_peer
import scenario_quick
from scenario import Scenario

SCENARIOS = {}


def add(function, name=None, seconds=60, long=False, **arguments):
    name = name or f"{function.__module__.removeprefix('scenario_')}/{function.__name__}"
    SCENARIOS[name] = Scenario(function, seconds, long, arguments)


for initiator in ("culvertd", "kernel"):
    for outer in (4, 6):
        for inner in (4, 6):
            for psk in (False, True):
                add(scenario_peer.pings, initiator=initiator, outer=outer, inner=inner, psk=psk, name=(
                    f"peer/{initiator}-initiates/outer-v{outer}/inner-v{inner}/{'psk' if psk else 'no-psk'}"))
add(scenario_peer.shows_a_live_session_alike)
add(scenario_peer.carries_every_size)
add(scenario_peer.carries_bytes_unharmed)
add(scenario_peer.carries_iperf)
for roamer in ("culvertd", "kernel"):
    for family in (4, 6):
        add(scenario_peer.roams, name=f"peer/{roamer}-roams/v{family}", roamer=roamer, family=family)
add(scenario_peer.changes_families)
add(scenario_peer.changes_ports)
add(scenario_peer.refuses_a_spoofed_source)
add(scenario_peer.settles_crossing_initiations)
for initiator in ("culvertd", "kernel"):
    add(scenario_peer.refuses_another_preshared_key, name=f"peer/other_psk/{initiator}-initiates", initiator=initiator)
    add(scenario_peer.passes_with_a_cookie, name=f"peer/cookie/{initiator}-initiates", initiator=initiator, seconds=90)
    add(scenario_peer.rekeys, name=f"peer/rekey/{initiator}-initiates", initiator=initiator, long=True, seconds=300)
    add(scenario_peer.answers_data_with_a_keepalive, name=f"peer/keepalive/{initiator}-sends", sender=initiator,
        long=True)
add(scenario_peer.finds_a_lost_session_again, long=True, seconds=90)

add(scenario_backend.shows_alike)
add(scenario_backend.sets_alike)
add(scenario_backend.reads_files_alike, seconds=90)
add(scenario_backend.says_alike_what_the_kernel_refuses)
add(scenario_backend.reports_the_refusal_of_much)
add(scenario_backend.takes_single_allowed_ips_away)
add(scenario_backend.dumps_many_peers, seconds=120)
add(scenario_backend.sets_many_allowed_ips)
add(scenario_backend.syncs_the_least, seconds=120)
add(scenario_backend.does_all_cases_alike, long=True, seconds=1200)

for config in scenario_quick.CONFIGS:
    add(scenario_quick.leaves_the_same, name=f"quick/leaves_the_same/{config.replace(' ', '-')}", config=config)
add(scenario_quick.carries_everything)
add(scenario_quick.follows_a_name)
add(scenario_culvert.looks_after_an_interface, seconds=120)
