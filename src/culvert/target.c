/* Words to interfaces and peers. */
#include "target.h"

#include <errno.h>
#include <string.h>
#include "ctl.h"
#include "fault.h"
#include "finding.h"
#include "interface.h"
#include "values.h"

enum { KEY_PART_MIN = 4 };

static bool open_named(struct target *target, const char *interface)
{
	int error = interface_read(interface, &target->device);

	if (error) {
		fault_system(interface, error);
		return false;
	}
	peer_names_read(&target->names, interface);
	return true;
}

static bool list_interfaces(struct ctl_names *interfaces)
{
	int error = ctl_list(interfaces);

	if (error)
		fault_system("list of interfaces", error);
	else if (!interfaces->count)
		fault_system("here", -ENODEV);
	return !error && interfaces->count > 0;
}

bool target_open(struct target *target, const char *interface)
{
	struct ctl_names interfaces;
	bool is_open = false;

	*target = (struct target){0};
	if (interface)
		return open_named(target, interface);
	if (list_interfaces(&interfaces)) {
		if (interfaces.count == 1) {
			is_open = open_named(target, interfaces.list[0]);
		} else {
			fault_say("which interface? There are %zu", interfaces.count);
			fault_hint("Name it, for example %s.", interfaces.list[0]);
		}
	}
	ctl_names_fini(&interfaces);
	return is_open;
}

void target_close(struct target *target)
{
	peer_names_fini(&target->names);
	settings_fini(&target->device);
	target->peer = NULL;
}

static bool has_address(const struct peer_settings *peer, const struct ip_addr *addr)
{
	for (size_t i = 0; i < peer->allowed_ips_count; i++)
		if (peer->allowed_ips[i].prefix.bits &&
			prefix_contains(&peer->allowed_ips[i].prefix, addr))
			return true;
	return false;
}

static bool has_key_part(const struct peer_settings *peer, const char *word)
{
	char key[KEY_BASE64_LEN + 1];
	size_t len = strlen(word);

	key_print_base64(peer->public_key.b, key);
	return len >= KEY_PART_MIN && len <= KEY_BASE64_LEN && memcmp(key, word, len) == 0;
}

/* How many peers the word means; target->peer: the last of them. A name goes before all else. */
static size_t find_peers(struct target *target, const char *word)
{
	struct public_key key;
	struct ip_addr addr;
	bool is_address = value_parse_address(span_of(word), &addr) == VALUE_OK;
	size_t named = peer_names_lookup(&target->names, word, &key), count = 0;

	for (size_t i = 0; i < target->device.peers_count; i++) {
		const struct peer_settings *peer = &target->device.peers[i];
		bool is_it = named ? memcmp(&key, &peer->public_key, sizeof(key)) == 0
				   : has_key_part(peer, word) ||
					     (is_address && has_address(peer, &addr));

		if (!is_it)
			continue;
		target->peer = peer;
		count++;
	}
	return named > 1 ? named : count;
}

/* where: an interface; NULL: all of them. */
static void complain_none(const char *word, const char *where)
{
	if (where)
		fault_say("%s has no peer `%s'", where, word);
	else
		fault_say("no interface has a peer `%s'", word);
	fault_hint("A peer is named by its name, its public key or an address that it is allowed; "
		   "`culvert status' lists them.");
}

static void complain_many(const char *word, const char *where)
{
	fault_say("`%s' means several peers of %s", word, where);
	fault_hint("Use the public key.");
}

static bool open_one(struct target *target, const char *interface, const char *word)
{
	size_t count;

	if (!target_open(target, interface))
		return false;
	count = find_peers(target, word);
	if (count == 0)
		complain_none(word, interface);
	else if (count > 1)
		complain_many(word, interface);
	return count == 1;
}

/* The interface among all that has the peer; NULL: none, or several, which has been said. */
static const char *find_interface(const struct ctl_names *interfaces, const char *word)
{
	const char *found = NULL;

	for (size_t i = 0; i < interfaces->count; i++) {
		struct target target = {0};
		bool is_there =
			open_named(&target, interfaces->list[i]) && find_peers(&target, word) > 0;

		target_close(&target);
		if (is_there && found) {
			fault_say("%s and %s both have a peer `%s'", found, interfaces->list[i],
				word);
			fault_hint("Name the interface before the peer.");
			return NULL;
		}
		if (is_there)
			found = interfaces->list[i];
	}
	if (!found)
		complain_none(word, interfaces->count == 1 ? interfaces->list[0] : NULL);
	return found;
}

bool target_open_peer(struct target *target, const char *interface, const char *word)
{
	struct ctl_names interfaces;
	bool is_open = false;

	*target = (struct target){0};
	if (interface)
		return open_one(target, interface, word);
	if (list_interfaces(&interfaces)) {
		interface = find_interface(&interfaces, word);
		is_open = interface && open_one(target, interface, word);
	}
	ctl_names_fini(&interfaces);
	return is_open;
}

const char *target_label(const struct target *target, const struct peer_settings *peer,
	char text[KEY_BASE64_LEN + 1])
{
	const char *name = peer_names_find(&target->names, &peer->public_key);

	key_print_base64(peer->public_key.b, text);
	return name ? name : text;
}
