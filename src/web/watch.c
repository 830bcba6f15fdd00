/* The watching thread. What the interfaces do not know of their peers (who is disabled, who expires)
 * comes from `culvert peer list'. */
#include "watch.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "child.h"
#include "clock.h"
#include "jsonout.h"
#include "keytext.h"
#include "sample.h"

enum {
	WATCHED_SECONDS = 2,
	UNWATCHED_SECONDS = 10,
	WATCHER_STAYS_SECONDS = 15,
};

struct watch {
	pthread_t thread;
	pthread_mutex_t lock; /* of all that follows */
	pthread_cond_t changed;
	struct sample before, after;
	json_t *listed; /* interface -> array of `culvert peer list --json' */
	uint64_t looks, wanted_looks;
	struct instant watched;
	bool is_ending;
	/* The store has a lock of its own. */
	struct store *store;
	pthread_mutex_t *store_lock;
};

/* What the configuration says of an interface's peers; NULL: nothing. */
static json_t *list_peers(const char *interface)
{
	const char *const words[] = {"peer", "list", "--json", interface, NULL};
	struct child_output output;
	json_t *document = NULL, *peers = NULL;

	if (child_run(words, &output) == 0 && output.status == 0)
		document = json_loadb(output.out.text, output.out.len, 0, NULL);
	child_output_fini(&output);
	peers = json_incref(json_object_get(document, "peers"));
	json_decref(document);
	return peers;
}

static json_t *list_all(const struct sample *sample)
{
	json_t *all = json_object();

	for (size_t i = 0; i < sample->count; i++) {
		const char *name = sample->devices[i].device.name;
		json_t *peers = list_peers(name);

		if (peers)
			json_object_set_new(all, name, peers);
	}
	return all;
}

static void store_device(struct watch *watch, const struct sample *before,
	const struct sample *after, size_t d, int64_t now)
{
	const struct device_settings *device = &after->devices[d].device;

	for (size_t p = 0; p < device->peers_count; p++) {
		struct rates growth = sample_growth(before, after, d, p);
		char key[KEY_BASE64_LEN + 1];

		if (growth.rx == 0 && growth.tx == 0)
			continue;
		key_print_base64(device->peers[p].public_key.b, key);
		store_add(watch->store, device->name, key, now, growth.rx, growth.tx);
	}
}

static void store_traffic(
	struct watch *watch, const struct sample *before, const struct sample *after)
{
	int64_t now = (int64_t)clock_wall().sec;

	pthread_mutex_lock(watch->store_lock);
	store_begin(watch->store);
	for (size_t i = 0; i < after->count; i++)
		store_device(watch, before, after, i, now);
	store_end(watch->store, now);
	pthread_mutex_unlock(watch->store_lock);
}

/* One look, taken without the lock. */
static void look(struct watch *watch)
{
	struct sample sample, old;
	json_t *listed;

	if (sample_take(&sample, NULL) != 0) {
		sample_fini(&sample);
		sample = (struct sample){.at = clock_now()};
	}
	listed = list_all(&sample);
	store_traffic(watch, &watch->after, &sample);
	pthread_mutex_lock(&watch->lock);
	old = watch->before;
	watch->before = watch->after;
	watch->after = sample;
	json_decref(watch->listed);
	watch->listed = listed;
	pthread_mutex_unlock(&watch->lock);
	sample_fini(&old);
}

/* Sleeps until the next look; with the lock held. False: it is over. */
static bool rest(struct watch *watch)
{
	struct timespec until;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += instant_age(clock_now(), watch->watched) < WATCHER_STAYS_SECONDS * NS_PER_S
				? WATCHED_SECONDS
				: UNWATCHED_SECONDS;
	while (!watch->is_ending && watch->wanted_looks <= watch->looks)
		if (pthread_cond_timedwait(&watch->changed, &watch->lock, &until) == ETIMEDOUT)
			break;
	return !watch->is_ending;
}

static void *run(void *arg)
{
	struct watch *watch = arg;

	pthread_mutex_lock(&watch->lock);
	do {
		uint64_t number = watch->looks + 1;

		pthread_mutex_unlock(&watch->lock);
		look(watch);
		pthread_mutex_lock(&watch->lock);
		watch->looks = number;
		pthread_cond_broadcast(&watch->changed);
	} while (rest(watch));
	pthread_mutex_unlock(&watch->lock);
	return NULL;
}

int watch_start(struct watch **watch, struct store *store, pthread_mutex_t *lock)
{
	struct watch *w = calloc(1, sizeof(*w));
	int status;

	if (!w)
		return -ENOMEM;
	w->store = store;
	w->store_lock = lock;
	pthread_mutex_init(&w->lock, NULL);
	pthread_cond_init(&w->changed, NULL);
	status = -pthread_create(&w->thread, NULL, run, w);
	if (status) {
		free(w);
		return status;
	}
	*watch = w;
	return 0;
}

void watch_stop(struct watch *watch)
{
	pthread_mutex_lock(&watch->lock);
	watch->is_ending = true;
	pthread_cond_broadcast(&watch->changed);
	pthread_mutex_unlock(&watch->lock);
	pthread_join(watch->thread, NULL);
	sample_fini(&watch->before);
	sample_fini(&watch->after);
	json_decref(watch->listed);
	free(watch);
}

void watch_refresh(struct watch *watch)
{
	uint64_t wanted;

	pthread_mutex_lock(&watch->lock);
	/* A look under way may have begun before the change. */
	wanted = watch->looks + 2;
	if (watch->wanted_looks < wanted)
		watch->wanted_looks = wanted;
	pthread_cond_broadcast(&watch->changed);
	while (watch->looks < wanted && !watch->is_ending)
		pthread_cond_wait(&watch->changed, &watch->lock);
	pthread_mutex_unlock(&watch->lock);
}

static json_t *json_peer(struct watch *watch, size_t d, size_t p)
{
	const struct sample_device *device = &watch->after.devices[d];
	const struct peer_settings *peer = &device->device.peers[p];
	const char *name = peer_names_find(&device->names, &peer->public_key);
	struct rates rates = sample_rates(&watch->before, &watch->after, d, p);
	json_t *object = json_object();

	json_put(object, "name", name ? json_string(name) : NULL);
	json_put(object, "public_key", json_attr(ATTR_PUBLIC_KEY, peer));
	json_put(object, "endpoint", json_attr(ATTR_ENDPOINT, peer));
	json_put(object, "allowed_ips", json_allowed_ips(peer));
	json_put(object, "handshake", json_integer(peer->last_handshake.sec));
	json_put(object, "keepalive", json_integer(peer->keepalive));
	json_put(object, "rx", json_counter(peer->rx_bytes));
	json_put(object, "tx", json_counter(peer->tx_bytes));
	json_put(object, "rx_rate", json_counter(rates.rx));
	json_put(object, "tx_rate", json_counter(rates.tx));
	return object;
}

/* A peer that is only in the file: disabled. */
static json_t *json_listed(json_t *entry)
{
	json_t *object = json_pack("{s:i,s:i,s:i,s:i,s:i,s:i}", "handshake", 0, "keepalive", 0,
		"rx", 0, "tx", 0, "rx_rate", 0, "tx_rate", 0);

	json_put(object, "name", json_incref(json_object_get(entry, "name")));
	json_put(object, "public_key", json_incref(json_object_get(entry, "publicKey")));
	json_put(object, "allowed_ips", json_incref(json_object_get(entry, "allowedIps")));
	return object;
}

/* Adds what the file says to the peers that are there, and those that are not. */
static void merge_listed(json_t *peers, json_t *listed)
{
	json_t *by_key = json_object(), *peer, *entry;
	size_t i;

	json_array_foreach(peers, i, peer) json_object_set(
		by_key, json_string_value(json_object_get(peer, "public_key")), peer);
	json_array_foreach(listed, i, entry)
	{
		const char *key = json_string_value(json_object_get(entry, "publicKey"));
		bool is_disabled = json_is_false(json_object_get(entry, "isEnabled"));

		if (!key)
			continue;
		peer = json_object_get(by_key, key);
		if (!peer && is_disabled) {
			peer = json_listed(entry);
			json_array_append_new(peers, peer);
		}
		if (!peer)
			continue;
		json_object_set_new(peer, "disabled", json_boolean(is_disabled));
		json_object_set(peer, "expires", json_object_get(entry, "expires"));
	}
	json_decref(by_key);
}

json_t *watch_state(struct watch *watch)
{
	json_t *list = json_array();

	pthread_mutex_lock(&watch->lock);
	watch->watched = clock_now();
	if (instant_age(watch->watched, watch->after.at) > WATCHED_SECONDS * NS_PER_S &&
		watch->wanted_looks <= watch->looks) {
		watch->wanted_looks = watch->looks + 1;
		pthread_cond_broadcast(&watch->changed);
	}
	for (size_t d = 0; d < watch->after.count; d++) {
		const struct device_settings *device = &watch->after.devices[d].device;
		json_t *object = json_object(), *peers = json_array();

		for (size_t p = 0; p < device->peers_count; p++)
			json_array_append_new(peers, json_peer(watch, d, p));
		merge_listed(peers, json_object_get(watch->listed, device->name));
		json_put(object, "name", json_string(device->name));
		json_put(object, "port", json_integer(device->listen_port));
		json_put(object, "peers", peers);
		json_array_append_new(list, object);
	}
	pthread_mutex_unlock(&watch->lock);
	return json_pack("{s:I,s:o}", "time", (json_int_t)clock_wall().sec, "interfaces", list);
}
