/* The interface itself, its addresses, its keys. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "checks.h"
#include "wipe.h"
#include "words.h"

static char *fix_up(const struct evidence *evidence)
{
	return evidence->file.is_there ? doctor_text("wg-quick up %s", evidence->ifname) : NULL;
}

static void check_backend(
	struct diagnosis *diagnosis, const struct evidence *evidence, const struct iflink *link)
{
	if (strcmp(link->kind, "tun") == 0)
		diagnosis_add(diagnosis, FOUND_DAEMON_GONE, DOCTOR_NO_PEER,
			doctor_text("ip link delete %s; wg-quick up %s", evidence->ifname,
				evidence->ifname),
			"the interface %s is there, but no daemon answers for it",
			evidence->ifname);
	else
		diagnosis_add(diagnosis, FOUND_NOT_WIREGUARD, DOCTOR_NO_PEER, NULL,
			"%s is a link of another kind (%s), not WireGuard", evidence->ifname,
			*link->kind ? link->kind : "a device");
}

static bool may_be_hidden(const struct evidence *evidence)
{
	return evidence->get_error == -EPERM || evidence->get_error == -EACCES;
}

void check_interface(struct diagnosis *diagnosis, const struct evidence *evidence)
{
	const struct iflink *link = state_link(&evidence->system);

	if (!link) {
		diagnosis_add(diagnosis, FOUND_INTERFACE_MISSING, DOCTOR_NO_PEER, fix_up(evidence),
			"there is no interface %s%s", evidence->ifname,
			evidence->has_stale_socket
				? ", only the control socket of a daemon that has ended"
			: evidence->file.is_there ? ": the tunnel is not up"
						  : ", and no file for it");
		return;
	}
	if (evidence->backend == BACKEND_NONE) {
		if (!may_be_hidden(evidence))
			check_backend(diagnosis, evidence, link);
		return;
	}
	if (evidence->backend == BACKEND_DAEMON && strcmp(link->kind, "wireguard") == 0)
		diagnosis_add(diagnosis, FOUND_TWO_BACKENDS, DOCTOR_NO_PEER,
			doctor_text("rm /var/run/wireguard/%s.sock", evidence->ifname),
			"the kernel's WireGuard has the interface %s, but a daemon's control "
			"socket "
			"of that name answers in its place",
			evidence->ifname);
	if (!link->is_up)
		diagnosis_add(diagnosis, FOUND_INTERFACE_DOWN, DOCTOR_NO_PEER,
			doctor_text("ip link set up dev %s", evidence->ifname),
			"the interface %s is down", evidence->ifname);
	if (!evidence->system.device.peers_count && !evidence->file.settings.device.peers_count)
		diagnosis_add(diagnosis, FOUND_NO_PEERS, DOCTOR_NO_PEER, NULL,
			"%s has no peers: nobody can connect", evidence->ifname);
}

static bool has_address(const struct evidence *evidence, const struct ip_addr *addr)
{
	const struct iflink *link = state_link(&evidence->system);

	for (size_t i = 0; i < evidence->system.addrs_count; i++)
		if (evidence->system.addrs[i].ifindex == link->index &&
			ip_addr_equal(&evidence->system.addrs[i].prefix.addr, addr))
			return true;
	return false;
}

static void check_one_address(struct diagnosis *diagnosis, const struct evidence *evidence,
	const struct own_address *address, bool has_any)
{
	const struct ip_addr *addr = &address->prefix.addr;

	if (has_address(evidence, addr))
		return;
	if (addr->family == IP_V6 && evidence->system.is_ipv6_off)
		diagnosis_add(diagnosis, FOUND_IPV6_DISABLED, DOCTOR_NO_PEER,
			doctor_text("sysctl -w net.ipv6.conf.%s.disable_ipv6=0 && ip address add "
				    "%s dev %s",
				evidence->ifname, address->text, evidence->ifname),
			"IPv6 is switched off on %s, which should have the address %s",
			evidence->ifname, address->text);
	else
		diagnosis_add(diagnosis, has_any ? FOUND_ADDRESS_DIFFERS : FOUND_ADDRESS_MISSING,
			DOCTOR_NO_PEER,
			doctor_text("ip address add %s dev %s", address->text, evidence->ifname),
			"%s has not the Address %s of its file", evidence->ifname, address->text);
}

void check_addresses(struct diagnosis *diagnosis, const struct evidence *evidence)
{
	bool has_any = evidence_has_family(evidence, IP_V4) || evidence_has_family(evidence, IP_V6);

	if (!state_link(&evidence->system) || evidence->backend == BACKEND_NONE)
		return;
	for (size_t i = 0; i < evidence->file.options.addresses_count; i++)
		check_one_address(
			diagnosis, evidence, &evidence->file.options.addresses[i], has_any);
	if (!has_any && !evidence->file.options.addresses_count) {
		struct doctor_finding *finding =
			diagnosis_add(diagnosis, FOUND_ADDRESS_MISSING, DOCTOR_NO_PEER, NULL,
				"%s has no address: packets of this machine have no "
				"source in the tunnel",
				evidence->ifname);

		if (finding)
			finding->level = DOCTOR_WARNING;
	}
}

static bool same_key(const struct public_key *a, const struct public_key *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}

static void tell_own_key(
	struct diagnosis *diagnosis, const struct evidence *evidence, long peer, unsigned line)
{
	diagnosis_add(diagnosis, FOUND_OWN_KEY_AS_PEER, peer,
		line ? doctor_text("editor %s +%u", evidence->file.path, line)
		     : doctor_text("wg set %s peer %s remove", evidence->ifname,
			       word_key(&evidence->public_key).text),
		"the PublicKey of a [Peer] is our own: put the one there that `wg show %s "
		"public-key' prints on the other machine",
		evidence->ifname);
}

static void check_peer_key(struct diagnosis *diagnosis, const struct evidence *evidence,
	const struct device_settings *device, size_t i)
{
	const struct peer_settings *peer = &device->peers[i];

	if (evidence->has_public_key && same_key(&peer->public_key, &evidence->public_key))
		tell_own_key(diagnosis, evidence, (long)i, 0);
	if ((device->has & DEVICE_HAS_PRIVATE_KEY) &&
		bytes_equal_ct(&peer->public_key, &device->private_key, KEY_LEN))
		diagnosis_add(diagnosis, FOUND_PRIVATE_KEY_AS_PEER, (long)i, NULL,
			"the peer's PublicKey is our PrivateKey, or the two were swapped: each end "
			"keeps its PrivateKey and gives away its PublicKey (wg pubkey)");
}

/* A key of the file's and its section. */
struct section_key {
	struct public_key key;
	unsigned line;
};

static int compare_section_keys(const void *a, const void *b)
{
	const struct section_key *x = a, *y = b;
	int order = memcmp(&x->key, &y->key, sizeof(x->key));

	return order ? order : (x->line > y->line) - (x->line < y->line);
}

/* A running device has each key once, and its own never: only the file shows what was left out. */
static void check_file_keys(struct diagnosis *diagnosis, const struct evidence *evidence)
{
	const struct conf_settings *settings = &evidence->file.settings;
	size_t count = settings->device.peers_count;
	struct section_key *keys = calloc(count + 1, sizeof(*keys));

	for (size_t i = 0; keys && i < count; i++)
		keys[i] = (struct section_key){
			settings->device.peers[i].public_key, settings->peers[i].line};
	if (keys)
		qsort(keys, count, sizeof(*keys), compare_section_keys);
	for (size_t i = 0; keys && i < count; i++) {
		if (i && same_key(&keys[i].key, &keys[i - 1].key))
			diagnosis_add(diagnosis, FOUND_PEER_KEY_TWICE, DOCTOR_NO_PEER, NULL,
				"lines %u and %u of %s: two [Peer] sections have the same "
				"PublicKey, and the second changes the first",
				keys[i - 1].line, keys[i].line, evidence->file.path);
		if (evidence->file.has_public_key &&
			same_key(&keys[i].key, &evidence->file.public_key))
			tell_own_key(diagnosis, evidence, DOCTOR_NO_PEER, keys[i].line);
	}
	if (!keys)
		diagnosis->is_short = true;
	free(keys);
}

static void check_own_key(struct diagnosis *diagnosis, const struct evidence *evidence,
	const struct device_settings *device)
{
	bool has_key = (device->has & DEVICE_HAS_PRIVATE_KEY) &&
		       !bytes_zero_ct(&device->private_key, KEY_LEN);

	/* A reader without privilege is not shown it; then the public one tells. */
	if (!has_key && !evidence->has_public_key)
		diagnosis_add(diagnosis, FOUND_PRIVATE_KEY_MISSING, DOCTOR_NO_PEER,
			evidence->system.has_device
				? doctor_text("wg set %s private-key FILE", evidence->ifname)
				: NULL,
			"%s has no PrivateKey: it can shake hands with nobody", evidence->ifname);
	for (size_t i = 0; evidence->has_public_key && i < evidence->others_count; i++) {
		const struct device_settings *other = &evidence->others[i].device;

		if ((other->has & DEVICE_HAS_PUBLIC_KEY) &&
			same_key(&other->public_key, &evidence->public_key))
			diagnosis_add(diagnosis, FOUND_KEY_ON_TWO_INTERFACES, DOCTOR_NO_PEER, NULL,
				"%s has the same PrivateKey: a peer of both follows whichever "
				"spoke last",
				other->name);
	}
}

static bool has_key_hook(const struct evidence *evidence)
{
	return evidence->file.options.hooks[HOOK_PRE_UP].count ||
	       evidence->file.options.hooks[HOOK_POST_UP].count;
}

void check_keys(struct diagnosis *diagnosis, const struct evidence *evidence)
{
	const struct device_settings *device = evidence_device(evidence);

	if (!device)
		return;
	if (evidence->system.has_device || !has_key_hook(evidence))
		check_own_key(diagnosis, evidence, device);
	for (size_t i = 0; i < device->peers_count; i++)
		check_peer_key(diagnosis, evidence, device, i);
	check_file_keys(diagnosis, evidence);
}
