"""The table of scenarios: name -> what to run, its bound in seconds, whether it takes minutes."""

import scenario_closed
import scenario_control
import scenario_hostile
import scenario_log
import scenario_network
import scenario_process
import scenario_replace
import scenario_selftest
import scenario_startup
import scenario_tunnel
from scenario import Scenario

SCENARIOS = {}


def add(function, name=None, seconds=60, long=False, **arguments):
    name = name or f"{function.__module__.removeprefix('scenario_')}/{function.__name__}"
    SCENARIOS[name] = Scenario(function, seconds, long, arguments)


# Who initiates, who responds; outer family; preshared key; whose wg configures both.
for a, b in (("ours", "theirs"), ("theirs", "ours"), ("ours", "ours")):
    for wg in ("ours", "theirs"):
        for outer in (4, 6):
            for psk in (False, True):
                add(scenario_tunnel.pings, a=a, b=b, wg=wg, outer=outer, psk=psk, name=(
                    f"tunnel/{a}-to-{b}/outer-v{outer}/{'psk' if psk else 'no-psk'}/{wg}-wg"))

for a, b in (("ours", "theirs"), ("ours", "ours")):
    add(scenario_tunnel.initiate_at_once, name=f"tunnel/initiate_at_once/{a}-and-{b}", a=a, b=b)
for a, b in (("ours", "theirs"), ("theirs", "ours"), ("ours", "ours")):
    add(scenario_tunnel.rekeys, name=f"tunnel/rekey/{a}-to-{b}", a=a, b=b, long=True, seconds=300)
    for family in (4, 6):
        add(scenario_network.roams_to_another_address, name=f"network/roams/{a}-to-{b}/v{family}",
            a=a, b=b, family=family)
add(scenario_tunnel.answers_data_with_a_keepalive, long=True, seconds=90)
add(scenario_tunnel.keeps_alive_persistently)
add(scenario_tunnel.pads_and_stays_below_the_mtu)
add(scenario_tunnel.carries_large_transfers)

add(scenario_network.roams_to_another_port)
add(scenario_network.roams_to_the_other_family)
add(scenario_network.changes_its_listen_port)
add(scenario_network.waits_for_its_port)
for family in (4, 6):
    add(scenario_network.answers_from_the_address_asked, name=f"network/sticky_source/v{family}",
        family=family)
    add(scenario_network.keeps_its_source_when_others_change, name=f"network/source_kept/v{family}",
        family=family)
    add(scenario_network.lets_a_lost_source_go, name=f"network/source_lost/v{family}", family=family)
add(scenario_network.follows_a_better_route)
add(scenario_network.marks_its_datagrams)
add(scenario_network.goes_down_and_up)
add(scenario_network.works_from_another_namespace)
add(scenario_network.is_replaced_when_it_has_moved)
add(scenario_network.survives_a_routing_loop)
add(scenario_network.tells_that_no_peer_has_the_address)
add(scenario_network.tells_that_a_peer_has_no_endpoint)
add(scenario_network.survives_a_dead_network)

add(scenario_hostile.survives_malformed_datagrams, seconds=120)
add(scenario_hostile.ignores_noise_on_a_live_session)
add(scenario_hostile.does_not_roam_on_a_replay)
add(scenario_hostile.never_sends_to_small_order_keys)
add(scenario_hostile.survives_a_user_who_sends_crumbs)
add(scenario_hostile.refuses_a_spoofed_inner_source)
add(scenario_hostile.refuses_a_more_specific_peers_source)
for client in ("ours", "theirs"):
    add(scenario_hostile.keeps_its_handshake_on_a_forged_response,
        name=f"hostile/forged_response/{client}-initiates", client=client)
for client, victim in (("ours", "theirs"), ("theirs", "ours"), ("ours", "ours")):
    add(scenario_hostile.passes_with_a_cookie, name=f"hostile/cookie/{client}-to-{victim}-under-load",
        client=client, victim=victim, seconds=90)

add(scenario_replace.loses_nothing, seconds=120)
add(scenario_replace.loses_nothing_that_was_queued, seconds=180, long=True)
add(scenario_replace.goes_on_when_the_new_one_fails)
add(scenario_replace.goes_on_with_its_log)
add(scenario_replace.becomes_the_main_process_of_a_service)
add(scenario_replace.refuses_what_cannot_be)
add(scenario_log.remembers_strangers)
add(scenario_log.tells_the_key_of_an_unknown_peer)
add(scenario_log.remembers_what_peers_do_wrong)
add(scenario_log.remembers_what_it_could_not_send)
add(scenario_log.tells_everybody_a_little)
add(scenario_log.stays_cheap_under_a_flood)
add(scenario_log.drops_a_flood_unseen, seconds=120)

add(scenario_control.refuses_bad_requests)
add(scenario_control.applies_all_or_nothing)
add(scenario_control.bears_endless_lines)
add(scenario_control.answers_many_requests_on_a_connection)
add(scenario_control.bears_clients_that_go_away)
add(scenario_control.carries_traffic_beside_slow_clients)
add(scenario_control.carries_traffic_beside_clients_that_never_read)
add(scenario_control.answers_many_clients)
add(scenario_control.reads_back_what_was_set)
add(scenario_control.loads_ten_thousand_peers, seconds=120)

for name in ("TERM", "INT"):
    add(scenario_process.ends_on_a_signal, name=f"process/ends_on_SIG{name}", name_of_signal=name)
add(scenario_process.ends_when_its_socket_file_goes)
add(scenario_process.ends_when_its_device_goes)
add(scenario_process.frees_its_port_before_its_socket_file)
add(scenario_process.refuses_a_name_in_use)
add(scenario_process.replaces_a_stale_socket)
add(scenario_process.returns_when_the_socket_answers)
for where in (True, False):
    add(scenario_process.rests_when_idle, name=f"process/rests_when_idle/{'foreground' if where else 'background'}",
        in_the_foreground=where)
add(scenario_process.says_what_is_wrong)
add(scenario_process.keeps_its_files_to_itself)
add(scenario_process.keeps_only_what_it_needs)
add(scenario_process.starts_with_room_for_its_headers)
add(scenario_process.forgets_its_keys)
for headers in (False, True):
    add(scenario_process.takes_descriptors, headers=headers,
        name=f"process/takes_descriptors/{'vnet-headers' if headers else 'plain'}")
add(scenario_process.takes_a_device_from_another_namespace)
for threads in (9, 11, 16):
    add(scenario_process.works_with_many_threads, name=f"process/many_threads/{threads}", threads=threads)
add(scenario_process.starts_often, seconds=120)
add(scenario_process.outlives_a_clock_that_goes_back, seconds=90)

for kind in ("full", "split"):
    add(scenario_closed.lets_nothing_out, name=f"closed/lets_nothing_out/{kind}", kind=kind, seconds=120)
add(scenario_closed.is_taken_down_after_a_crash)
add(scenario_closed.is_kept_by_a_service_manager)
add(scenario_closed.shows_that_it_lives)

add(scenario_startup.leaves_the_first_alone)
add(scenario_startup.names_a_user_that_is_not_there)
add(scenario_startup.says_where_it_cannot_write)
add(scenario_startup.says_that_there_is_no_tun)
add(scenario_startup.says_that_descriptors_are_short)
add(scenario_startup.bears_short_descriptors_later)
add(scenario_startup.keeps_its_port_when_another_is_taken)
add(scenario_startup.runs_as_another_user)

add(scenario_selftest.counts_the_first_traffic)
for a in ("ours", "theirs"):
    add(scenario_selftest.changes_its_private_key, name=f"selftest/changes_its_private_key/{a}", a=a)
add(scenario_selftest.carries_a_tunnel_in_a_tunnel)
add(scenario_selftest.reaches_a_client_behind_a_nat)
add(scenario_selftest.answers_a_bound_socket)
add(scenario_selftest.carries_fifty_streams, seconds=120)
add(scenario_selftest.survives_a_flood_ping)
add(scenario_selftest.shows_all_of_very_many_allowed_ips, seconds=120)
add(scenario_selftest.knows_no_missing_interface)
add(scenario_selftest.ends_when_its_namespace_goes)
add(scenario_selftest.tells_a_forwarded_sender)
add(scenario_selftest.reaches_a_peer_through_another)
add(scenario_selftest.survives_peers_that_lead_to_each_other)
