/* Every finding, a line each: what is broken in evidence that is healthy, and what is found. */
#include "unit.h"
#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include "checks.h"
#include "sick.h"
#include "wipe.h"

#define PEER "peer=" SICK_PEER_KEY "\n"
#define FROM " source=203.0.113.1:51820"
#define LATE "first_ms_ago=900000 last_ms_ago=900000"
#define SOON "first_ms_ago=9000 last_ms_ago=1000"

static struct way *endpoint_way(struct evidence *e)
{
	return &e->peers[0].endpoint;
}

static struct way *allowed_way(struct evidence *e)
{
	return &e->ways[0].way;
}

static void never(struct evidence *e)
{
	sick_peer(e)->last_handshake.sec = 0;
	sick_peer(e)->rx_bytes = 0;
}

static void old(struct evidence *e)
{
	sick_peer(e)->last_handshake.sec = SICK_NOW - 181;
}

static void answer(
	struct evidence *e, enum wall_question question, enum wall_verdict verdict, int f)
{
	e->wall.is_asked[question][f] = true;
	e->wall.answers[question][f] = (struct wall_answer){
		.verdict = verdict, .rule = "table inet filter, chain input, drop"};
}

static void name(struct evidence *e, int code, const char *addr)
{
	e->file.names = calloc(1, sizeof(*e->file.names));
	e->file.names_count = 1;
	e->file.names[0].code = code;
	e->file.names[0].found.count = code ? 0 : 1;
	if (!code)
		e->file.names[0].found.list[0] =
			(struct endpoint){.addr = sick_addr(addr), .port = 51820};
	sick_file(e,
		SICK_INTERFACE "[Peer]\nPublicKey = " SICK_PEER_KEY "\nEndpoint = a.example:51820\n"
			       "AllowedIPs = 10.0.0.1/32\nPersistentKeepalive = 25\n");
}

static void resolver(struct evidence *e, uint32_t ifindex, bool is_full)
{
	e->resolvers_count = 1;
	e->resolvers[0].server = sick_addr("192.0.2.1");
	e->resolvers[0].way = (struct way){.is_asked = true, .ifindex = ifindex};
	if (is_full)
		sick_peer(e)->allowed_ips[0].prefix = sick_prefix("0.0.0.0/0");
	sick_file(e, SICK_INTERFACE);
	e->file.is_there = false;
}

static void other_tunnel(struct evidence *e, const char *prefix)
{
	struct peer_settings *peer;

	e->others = calloc(1, sizeof(*e->others));
	e->others_count = 1;
	snprintf(e->others[0].device.name, IFNAME_LEN_MAX, "wg1");
	peer = settings_add_peer(&e->others[0].device);
	assert_non_null(peer);
	sick_allow(peer, prefix);
}

static void gateway(struct evidence *e)
{
	sick_add_link(e, 4, "lan");
	sick_add_address(e, 4, "192.168.1.1/24");
	e->has_hooks_for_forwarding[0] = true;
	e->forwarding[0] = 1;
}

static void probe(struct evidence *e, bool is_answered, bool big_is_answered)
{
	e->peers[0].probe = (struct probe){.is_done = true,
		.target = sick_addr("10.0.0.1"),
		.is_answered = is_answered,
		.big_is_answered = big_is_answered,
		.best_mtu = 1312};
}

static void caller(struct evidence *e, const char *lines)
{
	sick_add_peer(e, "10.0.0.3/32");
	sick_file(e, SICK_INTERFACE SICK_PEER "[Peer]\nPublicKey = " SICK_OTHER_KEY
					      "\nAllowedIPs = 10.0.0.3/32\n");
	sick_log(e, lines);
}

/* C(name, findings with their levels' first letters, what breaks it) */
#define CASES(C)                                                                                   \
	C(healthy, "", (void)e)                                                                    \
	C(no_interface, "B interface-missing", sick_link(e, SICK_WG0)->name[2] = '9',              \
		e->system.has_device = false, e->backend = BACKEND_NONE)                           \
	C(no_daemon, "B daemon-gone", e->system.has_device = false, e->backend = BACKEND_NONE)     \
	C(other_kind, "B not-wireguard", e->system.has_device = false, e->backend = BACKEND_NONE,  \
		memcpy(sick_link(e, SICK_WG0)->kind, "dummy", 6))                                  \
	C(may_not_look, "", e->system.has_device = false, e->backend = BACKEND_NONE,               \
		e->get_error = -EPERM)                                                             \
	C(two_backends, "W two-backends", memcpy(sick_link(e, SICK_WG0)->kind, "wireguard", 10))   \
	C(link_down, "B interface-down", sick_link(e, SICK_WG0)->is_up = false,                    \
		e->port_is_bound = false)                                                          \
	C(no_address, "B address-missing", e->system.addrs_count--, allowed_way(e)->ifindex = 2)   \
	C(no_address_no_file, "W address-missing", e->system.addrs_count--,                        \
		sick_file(e, "[Interface]\n"), e->file.is_there = false)                           \
	C(second_address, "W address-differs",                                                     \
		sick_file(e, SICK_INTERFACE "Address = 10.7.0.1/24\n" SICK_PEER))                  \
	C(ipv6_off, "B ipv6-disabled", e->system.is_ipv6_off = true,                               \
		sick_file(e, SICK_INTERFACE "Address = fd00::2/64\n" SICK_PEER))                   \
	C(no_peers, "W no-peers", sick_drop_peer(e), e->ways_count = 0,                            \
		sick_file(e, SICK_INTERFACE))                                                      \
	C(no_key, "B private-key-missing", e->has_public_key = false,                              \
		e->system.device.has = DEVICE_HAS_LISTEN_PORT)                                     \
	C(key_hidden, "", e->system.device.has = DEVICE_HAS_PUBLIC_KEY)                            \
	C(own_key, "B own-key-as-peer", e->public_key = sick_peer(e)->public_key,                  \
		e->file.public_key = e->public_key, sick_file(e, SICK_INTERFACE),                  \
		e->file.is_there = false)                                                          \
	C(private_as_peer, "B private-key-as-peer",                                                \
		memcpy(&sick_peer(e)->public_key, &e->system.device.private_key, KEY_LEN),         \
		e->file.is_there = false, sick_file(e, SICK_INTERFACE))                            \
	C(key_twice, "B peer-key-twice", sick_file(e, SICK_INTERFACE SICK_PEER SICK_PEER))         \
	C(two_interfaces, "W key-on-two-interfaces", other_tunnel(e, "10.9.0.0/16"),               \
		e->others[0].device.has = DEVICE_HAS_PUBLIC_KEY,                                   \
		e->others[0].device.public_key = e->public_key)                                    \
	C(misspelt, "B config-error", sick_file(e, SICK_INTERFACE SICK_PEER "Alowed = 1\n"))       \
	C(host_bits, "", sick_peer(e)->allowed_ips[0].prefix = sick_prefix("10.0.0.0/24"),         \
		sick_file(e, SICK_INTERFACE "[Peer]\nPublicKey = " SICK_PEER_KEY                   \
					    "\nEndpoint = 203.0.113.1:51820\n"                     \
					    "AllowedIPs = 10.0.0.1/24\n"                           \
					    "PersistentKeepalive = 25\n"))                         \
	C(readable, "W config-readable", e->file.mode = 0644, e->file.parent_mode = 0755)          \
	C(group, "N config-readable", e->file.mode = 0640)                                         \
	C(key_differs, "B config-key-differs, W no-peers",                                         \
		e->file.public_key = sick_peer(e)->public_key, sick_file(e, SICK_INTERFACE),       \
		sick_drop_peer(e), e->ways_count = 0)                                              \
	C(port_differs, "W config-differs",                                                        \
		sick_file(e, SICK_INTERFACE "ListenPort = 40001\n" SICK_PEER))                     \
	C(keepalive_differs, "W config-differs", sick_peer(e)->keepalive = 5)                      \
	C(peer_only_there, "W config-differs",                                                     \
		sick_file(e, SICK_INTERFACE SICK_PEER "[Peer]\nPublicKey = " SICK_OTHER_KEY "\n")) \
	C(peer_only_here, "W config-differs", sick_file(e, SICK_INTERFACE))                        \
	C(saved, "", sick_peer(e)->keepalive = 5,                                                  \
		sick_file(e, SICK_INTERFACE "SaveConfig = true\n" SICK_PEER))                      \
	C(clock_of_1970, "B clock-wrong", e->now = 100, sick_peer(e)->last_handshake.sec = 90,     \
		e->file.changed_at = 90)                                                           \
	C(clock_back, "B clock-wrong", e->file.changed_at = SICK_NOW + 121)                        \
	C(clock_slack, "", e->file.changed_at = SICK_NOW + 120)                                    \
	C(handshake_to_come, "B clock-wrong", sick_peer(e)->last_handshake.sec = SICK_NOW + 121)   \
	C(name_fails, "B endpoint-name-fails", name(e, EAI_NONAME, ""), old(e))                    \
	C(name_fails_but_works, "", name(e, EAI_NONAME, ""))                                       \
	C(name_moved, "W endpoint-name-moved, B handshake-stale", name(e, 0, "203.0.113.9"),       \
		old(e))                                                                            \
	C(name_same, "B handshake-stale", name(e, 0, "203.0.113.1"), old(e))                       \
	C(leak, "W dns-leak", resolver(e, SICK_ETH0, true))                                        \
	C(no_leak, "", resolver(e, SICK_WG0, true))                                                \
	C(split_tunnel, "", resolver(e, SICK_ETH0, false))                                         \
	C(not_bound, "B port-not-bound", e->port_is_bound = false)                                 \
	C(not_bound_unknown, "", e->port_is_bound = false, e->knows_port = false)                  \
	C(elsewhere, "", e->port_is_bound = false, e->is_elsewhere = true)                         \
	C(calls_itself, "B endpoint-is-own",                                                       \
		sick_peer(e)->endpoint.addr = sick_addr("192.0.2.10"),                             \
		sick_peer(e)->endpoint.port = 40000)                                               \
	C(no_route, "B endpoint-unroutable", endpoint_way(e)->error = -ENETUNREACH, never(e))      \
	C(loop, "B endpoint-loop", endpoint_way(e)->ifindex = SICK_WG0, never(e))                  \
	C(strict_filter, "B rp-filter", e->peers[0].uplink_rp_filter = 1,                          \
		e->peers[0].unmarked.ifindex = SICK_WG0)                                           \
	C(strict_filter_marked, "", e->peers[0].uplink_rp_filter = 1, e->system.valid_mark = 1,    \
		e->peers[0].unmarked.ifindex = SICK_WG0)                                           \
	C(loose_filter, "", e->peers[0].uplink_rp_filter = 2,                                      \
		e->peers[0].unmarked.ifindex = SICK_WG0)                                           \
	C(port_dropped, "B port-firewalled, N no-endpoint", caller(e, ""),                         \
		answer(e, WALL_CALL_IN, WALL_DROPS, 0))                                            \
	C(port_unclear, "N firewall-unclear, N no-endpoint", caller(e, ""),                        \
		answer(e, WALL_CALL_IN, WALL_UNCLEAR, 0))                                          \
	C(port_dropped_nobody_calls, "", answer(e, WALL_CALL_IN, WALL_DROPS, 0))                   \
	C(answers_dropped, "B replies-firewalled", never(e),                                       \
		answer(e, WALL_ANSWER_IN, WALL_DROPS, 0))                                          \
	C(answers_dropped_yet_fine, "", answer(e, WALL_ANSWER_IN, WALL_DROPS, 0))                  \
	C(output_dropped, "B output-firewalled", never(e),                                         \
		answer(e, WALL_CALL_OUT, WALL_DROPS, 0))                                           \
	C(output_denied, "B output-firewalled", never(e), e->peers[0].knock.send_error = EPERM)    \
	C(no_ping_in, "N tunnel-firewalled", answer(e, WALL_PING_IN, WALL_DROPS, 0))               \
	C(refused, "B endpoint-refuses", never(e), e->peers[0].knock.error = ECONNREFUSED)         \
	C(refused_yet_fine, "", e->peers[0].knock.error = ECONNREFUSED)                            \
	C(allows_nothing, "B allowed-ips-missing", sick_peer(e)->allowed_ips_count = 0,            \
		e->ways_count = 0, e->file.is_there = false, sick_file(e, SICK_INTERFACE))         \
	C(allowed_twice, "B allowed-ip-twice", caller(e, ""), sick_drop_peer(e),                   \
		sick_file(e, SICK_INTERFACE "SaveConfig = true\n" SICK_PEER                        \
					    "[Peer]\nPublicKey = " SICK_OTHER_KEY                  \
					    "\nAllowedIPs = 10.0.0.1/32\n"))                       \
	C(allows_us, "W allowed-ip-is-own", sick_allow(sick_peer(e), "10.0.0.2/32"),               \
		e->file.options.save_config = true)                                                \
	C(not_routed, "B allowed-ip-unrouted", allowed_way(e)->ifindex = SICK_ETH0)                \
	C(not_routed_no_file, "W allowed-ip-unrouted", allowed_way(e)->ifindex = SICK_ETH0,        \
		e->file.is_there = false)                                                          \
	C(not_routed_as_told, "", allowed_way(e)->ifindex = SICK_ETH0,                             \
		sick_file(e, SICK_INTERFACE "Table = off\n" SICK_PEER))                            \
	C(in_our_lan, "W network-collision", allowed_way(e)->ifindex = SICK_ETH0,                  \
		sick_add_address(e, SICK_ETH0, "10.0.0.7/28"),                                     \
		e->system.addrs[2].prefix.bits = 32)                                               \
	C(is_our_lan, "W network-collision", sick_allow(sick_peer(e), "192.0.2.0/24"),             \
		e->file.options.save_config = true)                                                \
	C(networks_overlap, "W network-collision", sick_add_address(e, SICK_ETH0, "10.0.0.77/16")) \
	C(tunnels_overlap, "W other-tunnel-overlap", other_tunnel(e, "10.0.0.1/32"))               \
	C(tunnels_apart, "", other_tunnel(e, "10.0.1.0/24"))                                       \
	C(wrong_key_there, "B wrong-key-there", never(e),                                          \
		sick_log(e, "event=bad-mac1 count=2 " SOON FROM "\n"))                             \
	C(wrong_key_of_stranger, "W wrong-key-there",                                              \
		sick_log(e, "event=bad-mac1 count=2 " SOON " source=198.51.100.9:1\n"))            \
	C(wrong_key_long_ago, "", sick_log(e, "event=bad-mac1 count=2 " LATE FROM "\n"))           \
	C(wrong_key_mended, "",                                                                    \
		sick_log(e,                                                                        \
			"event=bad-mac1 count=2 first_ms_ago=90000 last_ms_ago=60000" FROM "\n"))  \
	C(stranger, "B unknown-peer, N no-endpoint",                                               \
		caller(e, "event=unknown-peer count=1 " SOON                                       \
			  " source=198.51.100.9:1 key=" SICK_OWN_KEY "\n"))                        \
	C(stranger_all_fine, "W unknown-peer",                                                     \
		sick_log(e, "event=unknown-peer count=1 " SOON " key=" SICK_OWN_KEY "\n"))         \
	C(stranger_known_now, "N no-endpoint",                                                     \
		caller(e, "event=unknown-peer count=1 " SOON " key=" SICK_OTHER_KEY "\n"))         \
	C(preshared, "B preshared-mismatch", never(e),                                             \
		sick_log(e, PEER "event=bad-response count=1 " SOON FROM "\n"))                    \
	C(damaged, "W damaged-handshake, B no-handshake", never(e),                                \
		sick_log(e, "event=bad-handshake count=1 " SOON FROM "\n"))                        \
	C(old_clock, "B old-timestamp", never(e),                                                  \
		sick_log(e, PEER "event=old-timestamp count=1 " SOON FROM "\n"))                   \
	C(two_devices, "B key-on-two-devices",                                                     \
		sick_log(e, PEER "event=roamed count=2 " SOON FROM "\nevent=roamed count=3 " SOON  \
				 " source=198.51.100.9:1\n"))                                      \
	C(one_moved, "",                                                                           \
		sick_log(e, PEER "event=roamed count=1 " SOON FROM "\nevent=roamed count=1 " SOON  \
				 " source=198.51.100.9:1\n"))                                      \
	C(wrong_source, "B source-not-allowed",                                                    \
		sick_log(e, PEER "event=source-not-allowed count=1 " SOON " inner=10.0.0.9\n"))    \
	C(source_allowed_now, "",                                                                  \
		sick_log(e, PEER "event=source-not-allowed count=1 " SOON " inner=10.0.0.1\n"))    \
	C(source_is_noise, "",                                                                     \
		sick_log(e, PEER "event=source-not-allowed count=1 " SOON " inner=fe80::1\n"       \
				 "event=source-not-allowed count=1 " SOON " inner=0.0.0.0\n"))     \
	C(no_peer_has_it, "W destination-no-peer",                                                 \
		sick_log(e, "event=no-peer count=1 " SOON " inner=10.0.0.9\n"))                    \
	C(broadcast, "", sick_log(e, "event=no-peer count=1 " SOON " inner=10.0.0.255\n"))         \
	C(loaded, "N peer-under-load",                                                             \
		sick_log(e, PEER "event=cookie-received count=1 " SOON "\n"))                      \
	C(loops, "B endpoint-loop", never(e),                                                      \
		sick_log(e, "event=routing-loop count=1 " SOON "\n"))                              \
	C(cannot_send, "B send-fails", never(e),                                                   \
		sick_log(e, PEER "event=send-unreachable count=1 " SOON FROM "\n"))                \
	C(could_not_send, "", sick_log(e, PEER "event=send-unreachable count=1 " SOON FROM "\n"))  \
	C(not_called_yet, "N no-endpoint", caller(e, ""))                                          \
	C(endpoint_lost, "W no-endpoint", never(e), sick_peer(e)->has = 0)                         \
	C(silence, "B no-handshake", never(e))                                                     \
	C(silence_untried, "", never(e), sick_peer(e)->tx_bytes = 0)                               \
	C(silence_of_link, "B interface-down", never(e), sick_link(e, SICK_WG0)->is_up = false)    \
	C(stale, "B handshake-stale", old(e))                                                      \
	C(idle, "", old(e), sick_peer(e)->keepalive = 0, sick_file(e, SICK_INTERFACE),             \
		e->file.is_there = false)                                                          \
	C(stale_sending, "B handshake-stale", old(e), sick_peer(e)->keepalive = 0,                 \
		e->peers[0].tx_grown = 148, sick_file(e, SICK_INTERFACE),                          \
		e->file.is_there = false)                                                          \
	C(answered, "", old(e), sick_peer(e)->keepalive = 0, e->peers[0].tx_grown = 148,           \
		e->peers[0].rx_grown = 92, sick_file(e, SICK_INTERFACE), e->file.is_there = false) \
	C(answers_lost, "B answer-lost", never(e),                                                 \
		sick_log(e, PEER "event=response-sent count=2 " SOON FROM "\n"))                   \
	C(behind_nat, "W nat-no-keepalive", sick_peer(e)->keepalive = 0,                           \
		e->peers[0].knock.source = sick_addr("192.168.1.5"), e->file.is_there = false,     \
		sick_file(e, SICK_INTERFACE SICK_PEER), e->file.options.save_config = true)        \
	C(behind_nat_alive, "", e->peers[0].knock.source = sick_addr("192.168.1.5"))               \
	C(long_mtu, "W mtu-too-big", sick_link(e, SICK_WG0)->mtu = 1441)                           \
	C(longest_mtu, "", sick_link(e, SICK_WG0)->mtu = 1440)                                     \
	C(short_mtu, "B mtu-too-small, B ipv6-disabled", sick_link(e, SICK_WG0)->mtu = 1279,       \
		e->system.is_ipv6_off = true,                                                      \
		sick_file(e, SICK_INTERFACE "Address = fd00::2/64\n" SICK_PEER))                   \
	C(black_hole, "B mtu-black-hole", probe(e, true, false))                                   \
	C(no_ping, "", probe(e, false, false))                                                     \
	C(all_pings, "", probe(e, true, true))                                                     \
	C(forwards, "", gateway(e))                                                                \
	C(forwards_not, "B forwarding-off", gateway(e), e->forwarding[0] = 0)                      \
	C(asked_to_forward, "W forwarding-off, N no-endpoint", caller(e, ""),                      \
		e->strangers_turned_away = 3)                                                      \
	C(strangers_at_a_client, "", e->strangers_turned_away = 3)                                 \
	C(forward_dropped, "B forward-firewalled", gateway(e),                                     \
		answer(e, WALL_FROM_TUNNEL, WALL_DROPS, 0))                                        \
	C(back_dropped, "B forward-firewalled", gateway(e),                                        \
		answer(e, WALL_TO_TUNNEL, WALL_DROPS, 0))                                          \
	C(no_gateway, "", answer(e, WALL_FROM_TUNNEL, WALL_DROPS, 0))                              \
	C(hidden_no_more, "B masquerade-lost", gateway(e), e->has_hooks_for_masquerade = true)     \
	C(hidden, "", gateway(e), e->has_hooks_for_masquerade = true, e->wall.has_masquerade = true)

#define C(name, findings, ...)                                                                     \
	static void break_##name(struct evidence *e)                                               \
	{                                                                                          \
		__VA_ARGS__;                                                                       \
	}
CASES(C)
#undef C

static const struct {
	const char *name, *findings;
	void (*breaks)(struct evidence *e);
} cases[] = {
#define C(name, findings, ...) {#name, findings, break_##name},
	CASES(C)
#undef C
};

static int compare_words(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* "B code, W code", sorted by text, each once. */
static void sort_codes(char *text, char *to, size_t room)
{
	char *words[32], *rest = text, *word;
	size_t count = 0;

	while ((word = strsep(&rest, ",")) && count < 32)
		if (*(word += strspn(word, " ")))
			words[count++] = word;
	qsort(words, count, sizeof(words[0]), compare_words);
	*to = 0;
	for (size_t i = 0; i < count; i++)
		if (!i || strcmp(words[i], words[i - 1]) != 0)
			snprintf(to + strlen(to), room - strlen(to), "%s, ", words[i]);
}

static void print_codes(const struct diagnosis *diagnosis, char *to, size_t room)
{
	char text[1024] = "";

	for (size_t i = 0; i < diagnosis->count; i++)
		snprintf(text + strlen(text), sizeof(text) - strlen(text), "%c %s,",
			"NWB"[diagnosis->list[i].level], doctor_code_name(diagnosis->list[i].code));
	sort_codes(text, to, room);
}

static void finds_what_is_broken(void **unused)
{
	char expected[1024], got[1024], wanted[256];
	size_t wrong = 0;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct evidence evidence;
		struct diagnosis diagnosis = {0};

		sick_init(&evidence);
		cases[i].breaks(&evidence);
		checks_run(&diagnosis, &evidence);
		print_codes(&diagnosis, got, sizeof(got));
		snprintf(wanted, sizeof(wanted), "%s", cases[i].findings);
		sort_codes(wanted, expected, sizeof(expected));
		if (strcmp(got, expected) != 0) {
			wrong++;
			print_message("%s: found %s instead of %s\n", cases[i].name, got, expected);
			for (size_t j = 0; j < diagnosis.count; j++)
				print_message("  %s\n", diagnosis.list[j].evidence);
		}
		diagnosis_fini(&diagnosis);
		evidence_fini(&evidence);
	}
	assert_int_equal(wrong, 0);
	(void)unused;
}

/* A code that no case brings about is one that nobody knows to work. */
static void every_code_has_a_case(void **unused)
{
	for (int code = 0; code < FOUND_CODES; code++) {
		const char *wanted = doctor_code_name((enum doctor_code)code);
		bool is_there = false;

		for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
			is_there |= strstr(cases[i].findings, wanted) != NULL;
		if (!is_there)
			print_message("no case of %s\n", wanted);
		assert_true(is_there);
	}
	(void)unused;
}

static void worst_come_first(void **unused)
{
	struct diagnosis diagnosis = {0};

	assert_int_equal(diagnosis_worst(&diagnosis), DOCTOR_NOTE);
	diagnosis_add(&diagnosis, FOUND_NO_ENDPOINT, 0, NULL, "a");
	diagnosis_add(&diagnosis, FOUND_DNS_LEAK, DOCTOR_NO_PEER, NULL, "b");
	diagnosis_add(&diagnosis, FOUND_NO_HANDSHAKE, 1, doctor_text("fix"), "c");
	diagnosis_add(&diagnosis, FOUND_NO_HANDSHAKE, 1, doctor_text("fix"), "c");
	diagnosis_add(&diagnosis, FOUND_RP_FILTER, 1, NULL, "d");
	diagnosis_sort(&diagnosis);
	assert_int_equal(diagnosis.count, 4);
	assert_int_equal(diagnosis.list[0].code, FOUND_NO_HANDSHAKE);
	assert_int_equal(diagnosis.list[1].code, FOUND_RP_FILTER);
	assert_int_equal(diagnosis.list[2].code, FOUND_DNS_LEAK);
	assert_int_equal(diagnosis_worst_for(&diagnosis, 0), DOCTOR_WARNING);
	assert_int_equal(diagnosis_worst_for(&diagnosis, 1), DOCTOR_BROKEN);
	assert_true(diagnosis_has(&diagnosis, FOUND_RP_FILTER, DOCTOR_NO_PEER));
	assert_false(diagnosis_has(&diagnosis, FOUND_RP_FILTER, 0));
	diagnosis_fini(&diagnosis);
	(void)unused;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_what_is_broken),
		cmocka_unit_test(every_code_has_a_case),
		cmocka_unit_test(worst_come_first),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
