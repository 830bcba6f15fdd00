/* culvert peer: the peers of an interface, in its file and live. One table of verbs. */
#include <string.h>
#include "fault.h"
#include "flags.h"
#include "nearest.h"
#include "peerverbs.h"

enum { KEEPALIVE_MAX = 65535 };

static const struct {
	const char *word;
	peer_verb *act;
	int names; /* words behind the interface */
} verbs[] = {
	{"add", peer_add, 1},
	{"rotate", peer_rotate, 1},
	{"remove", peer_remove, 1},
	{"disable", peer_disable, 1},
	{"enable", peer_enable, 1},
	{"rename", peer_rename, 2},
	{"show", peer_show, 1},
	{"list", peer_list, 0},
	{"names", peer_print_names, 0},
	{"expire", peer_expire, 0},
};

enum { VERBS = sizeof(verbs) / sizeof(verbs[0]) };

static void complain_verb(const char *word)
{
	const char *words[VERBS];
	size_t near;

	for (size_t i = 0; i < VERBS; i++)
		words[i] = verbs[i].word;
	near = nearest_find(span_of(word), words, VERBS);
	fault_say("peer: there is no `%s'", word);
	if (near < VERBS)
		fault_hint("Did you mean `%s'?", words[near]);
}

static bool take_options(struct invocation *call, struct peer_call *peer)
{
	const struct flag flags[] = {
		{.name = "--public-key", .text = &peer->public_key},
		{.name = "--expires", .text = &peer->expires},
		{.name = "--allowed-ips", .text = &peer->allowed_ips},
		{.name = "--routes", .text = &peer->routes},
		{.name = "--dns", .text = &peer->dns},
		{.name = "--endpoint", .text = &peer->endpoint},
		{.name = "--keepalive", .number = &peer->keepalive, .max = KEEPALIVE_MAX},
		{.name = "--no-psk", .is_set = &peer->has_no_psk},
		{.name = "--output", .text = &peer->output},
		{.name = "--png", .text = &peer->png},
		{.name = "--svg", .text = &peer->svg},
		{.name = "--qr", .is_set = &peer->is_qr},
		{.name = "--json", .is_set = &peer->is_json},
	};

	return flags_take(call, flags, sizeof(flags) / sizeof(flags[0]));
}

static enum status act(struct invocation *call, struct peer_call *peer, size_t verb)
{
	int names = verbs[verb].names;

	if (!flags_count_words(call, 1 + names, 2 + names))
		return STATUS_USAGE;
	if (call->count == 3 + names)
		peer->interface = call->words[2];
	if (names)
		peer->name = call->words[call->count - names];
	if (names > 1)
		peer->new_name = call->words[call->count - 1];
	return verbs[verb].act(peer);
}

static enum status run(struct invocation *call)
{
	struct peer_call peer = {0};

	if (!take_options(call, &peer))
		return STATUS_USAGE;
	if (call->count < 2) {
		fault_say("peer: what about peers?");
		return STATUS_USAGE;
	}
	for (size_t i = 0; i < VERBS; i++)
		if (strcmp(call->words[1], verbs[i].word) == 0)
			return act(call, &peer, i);
	complain_verb(call->words[1]);
	return STATUS_USAGE;
}

const struct subcommand peer_subcommand = {
	.name = "peer",
	.summary = "Adds, changes and lists peers, in the file and live",
	.usage = "peer add [INTERFACE] NAME [OPTION ...]\n"
		 "peer rotate [INTERFACE] PEER [OPTION ...]\n"
		 "peer remove [INTERFACE] PEER\n"
		 "peer disable [INTERFACE] PEER\n"
		 "peer enable [INTERFACE] PEER [--expires TIME]\n"
		 "peer rename [INTERFACE] PEER NAME\n"
		 "peer show [INTERFACE] PEER [--json]\n"
		 "peer list [INTERFACE] [--json]\n"
		 "peer names [INTERFACE]\n"
		 "peer expire [INTERFACE]",
	.help = "add chooses a free address in each network of the interface, makes keys, writes "
		"the\n"
		"peer into the interface's file, tells the running interface, and prints the\n"
		"configuration for the other end. To add a name that is there changes nothing.\n"
		"rotate does the same with new keys for a peer that keeps name and addresses.\n"
		"PEER is a name or a public key; INTERFACE may be left out where only one is "
		"possible.\n"
		"\n"
		"Options of add and rotate:\n"
		"  --public-key KEY    the device has its own private key, which never leaves it\n"
		"  --no-psk            no preshared key\n"
		"  --expires TIME      30d, 12h, 2027-01-31, ...: then it is disabled (add, "
		"enable)\n"
		"  --routes LIST       networks behind the peer (add)\n"
		"  --allowed-ips LIST  what the peer sends into the tunnel; else ClientAllowedIPs "
		"of the\n"
		"                      file, else the networks of the interface\n"
		"  --dns LIST          its DNS servers; else ClientDNS\n"
		"  --endpoint HOST     where it finds us, with or without :PORT; needed unless "
		"the\n"
		"                      file has PublicEndpoint; none: left out\n"
		"  --keepalive SECONDS its PersistentKeepalive; else ClientKeepalive\n"
		"  --qr                a QR code too\n"
		"  --png FILE, --svg FILE, --output FILE\n"
		"                      the code or the configuration as a file of mode 0600\n"
		"  --json              everything in one document\n"
		"\n"
		"The words ClientDNS and so on stand in [Interface] as `#: ClientDNS = 10.0.0.1'.\n"
		"\n"
		"Examples:\n"
		"  culvert peer add laptop > laptop.conf\n"
		"  culvert peer add phone --qr --endpoint vpn.example.com --allowed-ips "
		"0.0.0.0/0,::/0\n"
		"  culvert peer add wg0 office --public-key KEY --routes 192.168.7.0/24\n"
		"  culvert peer disable phone\n",
	.run = run,
};
