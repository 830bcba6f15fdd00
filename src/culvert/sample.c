/* Looking at interfaces. */
#include "sample.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "clock.h"
#include "ctl.h"
#include "interface.h"

/* Appends one interface; room is the caller's care. */
static int add(struct sample *sample, const char *interface)
{
	struct sample_device *to = &sample->devices[sample->count];
	int error = interface_read(interface, &to->device);

	if (error) {
		settings_fini(&to->device);
		return error;
	}
	peer_names_read(&to->names, interface);
	sample->count++;
	return 0;
}

static int add_all(struct sample *sample, const struct ctl_names *names)
{
	sample->devices = calloc(names->count + 1, sizeof(*sample->devices));
	if (!sample->devices)
		return -ENOMEM;
	for (size_t i = 0; i < names->count; i++) {
		int error = add(sample, names->list[i]);

		if (error == -EPERM || error == -EACCES || error == -ENOMEM)
			return error;
	}
	return 0;
}

int sample_take(struct sample *sample, const char *interface)
{
	struct ctl_names names;
	int error;

	*sample = (struct sample){.at = clock_now()};
	if (interface) {
		sample->devices = calloc(1, sizeof(*sample->devices));
		return sample->devices ? add(sample, interface) : -ENOMEM;
	}
	error = ctl_list(&names);
	if (!error)
		error = add_all(sample, &names);
	ctl_names_fini(&names);
	return error;
}

void sample_fini(struct sample *sample)
{
	for (size_t i = 0; i < sample->count; i++) {
		peer_names_fini(&sample->devices[i].names);
		settings_fini(&sample->devices[i].device);
	}
	free(sample->devices);
	*sample = (struct sample){0};
}

static const struct device_settings *find_device(const struct sample *sample, const char *name)
{
	for (size_t i = 0; i < sample->count; i++)
		if (strcmp(sample->devices[i].device.name, name) == 0)
			return &sample->devices[i].device;
	return NULL;
}

/* Peers mostly stay where they are in the list. */
static const struct peer_settings *find_peer(
	const struct device_settings *device, const struct public_key *key, size_t likely)
{
	for (size_t i = 0; i < device->peers_count; i++) {
		size_t at = (likely + i) % device->peers_count;

		if (memcmp(&device->peers[at].public_key, key, sizeof(*key)) == 0)
			return &device->peers[at];
	}
	return NULL;
}

static uint64_t growth(uint64_t before, uint64_t after)
{
	return after > before ? after - before : 0;
}

struct rates sample_growth(
	const struct sample *before, const struct sample *after, size_t device, size_t peer)
{
	const struct device_settings *now = &after->devices[device].device;
	const struct device_settings *then = find_device(before, now->name);
	const struct peer_settings *new = &now->peers[peer];
	const struct peer_settings *old = then ? find_peer(then, &new->public_key, peer) : NULL;

	if (!old)
		return (struct rates){0, 0};
	return (struct rates){
		growth(old->rx_bytes, new->rx_bytes), growth(old->tx_bytes, new->tx_bytes)};
}

struct rates sample_rates(
	const struct sample *before, const struct sample *after, size_t device, size_t peer)
{
	struct rates rates = sample_growth(before, after, device, peer);
	double seconds = (double)instant_age(after->at, before->at) / (double)NS_PER_S;

	if (seconds <= 0)
		return (struct rates){0, 0};
	return (struct rates){
		(uint64_t)((double)rates.rx / seconds), (uint64_t)((double)rates.tx / seconds)};
}

bool sample_is_up(const struct peer_settings *peer, int64_t now)
{
	return peer->last_handshake.sec && now - peer->last_handshake.sec < HANDSHAKE_FRESH_SECONDS;
}
