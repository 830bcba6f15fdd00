/* What is used in a network, and what is not. */
#include "peeraddress.h"

#include <errno.h>
#include "ctl.h"
#include "fault.h"
#include "finding.h"
#include "freeaddr.h"
#include "values.h"

static struct ip_prefix network_of(const struct own_address *address)
{
	struct ip_prefix network = address->prefix;

	prefix_mask(&network);
	return network;
}

/* A prefix as wide as the network, or wider, says where to send, not who has an address. */
static int use(struct prefix_set *used, const struct ip_prefix *network, struct ip_prefix prefix)
{
	prefix_mask(&prefix);
	if (prefix.bits <= network->bits || !prefix_contains(network, &prefix.addr))
		return 0;
	return prefix_set_add(used, &prefix);
}

static int use_peers(struct prefix_set *used, const struct ip_prefix *network,
	const struct device_settings *device)
{
	int error = 0;

	for (size_t i = 0; i < device->peers_count; i++)
		for (size_t j = 0; !error && j < device->peers[i].allowed_ips_count; j++)
			error = use(used, network, device->peers[i].allowed_ips[j].prefix);
	return error;
}

static int use_own(
	struct prefix_set *used, const struct ip_prefix *network, const struct options *options)
{
	int error = 0;

	for (size_t i = 0; !error && i < options->addresses_count; i++) {
		struct ip_prefix own = options->addresses[i].prefix;

		own.bits = ip_bits_max(own.addr.family);
		error = use(used, network, own);
	}
	return error;
}

/* Appends a free address of one network. */
static bool choose_in(const struct ip_prefix *network, const struct peerfile *file,
	const struct device_settings *running, struct client *client)
{
	struct ip_prefix *to = &client->addresses[client->addresses_count];
	struct prefix_set used = {0};
	int error = use_own(&used, network, &file->options);
	bool is_found;

	if (!error)
		error = use_peers(&used, network, &file->settings.device);
	if (!error)
		error = use_peers(&used, network, running);
	is_found = !error && freeaddr_find(network, &used, &to->addr);
	prefix_set_fini(&used);
	if (error)
		fault_system("addresses", error);
	else if (!is_found)
		fault_say("%s: a network of its Address has no free address left", file->path);
	to->bits = ip_bits_max(to->addr.family);
	client->addresses_count += is_found;
	return is_found;
}

bool peeraddress_choose(const struct peerfile *file, struct client *client)
{
	const size_t room = sizeof(client->addresses) / sizeof(client->addresses[0]);
	struct device_settings running;
	bool is_good = true;
	/* Not up is fine; the file is what counts then. */
	int error = ctl_get(file->interface, &running);

	(void)error;
	for (size_t i = 0;
		is_good && i < file->options.addresses_count && client->addresses_count < room;
		i++) {
		struct ip_prefix network = network_of(&file->options.addresses[i]);

		if (network.bits < ip_bits_max(network.addr.family))
			is_good = choose_in(&network, file, &running, client);
	}
	settings_fini(&running);
	if (is_good && !client->addresses_count) {
		fault_say("%s has no network to choose an address from", file->path);
		fault_hint("Give [Interface] an Address with room, such as 10.0.0.1/24.");
	}
	return is_good && client->addresses_count;
}

bool peeraddress_is_routed(const struct peerfile *file, const struct ip_prefix *prefix)
{
	for (size_t i = 0; i < file->options.addresses_count; i++) {
		struct ip_prefix network = network_of(&file->options.addresses[i]);

		if (network.bits <= prefix->bits && prefix_contains(&network, &prefix->addr))
			return true;
	}
	return false;
}

void peeraddress_print_networks(struct textbuf *out, const struct peerfile *file)
{
	for (size_t i = 0; i < file->options.addresses_count; i++) {
		struct ip_prefix network = network_of(&file->options.addresses[i]);

		textbuf_add(out, i ? ", " : "");
		value_print_prefix(out, &network);
	}
}
