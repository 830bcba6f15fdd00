/* Handshakes on request. */
#include "shake.h"

#include <errno.h>
#include <time.h>
#include "clock.h"
#include "ctl.h"
#include "instant.h"

/* Of the protocol: sections 5.1 and 6.2 of the paper. */
enum { REKEY_TIMEOUT_MS = 5000, REJECT_AFTER_SECONDS = 180 };

enum { POLL_MS = 10, KEEPALIVE_ANY = 65535 };

static uint64_t wall_ns(void)
{
	struct wall_time now = clock_wall();

	return now.sec * NS_PER_S + now.nsec;
}

static uint64_t handshake_ns(const struct peer_settings *peer)
{
	return (uint64_t)peer->last_handshake.sec * NS_PER_S + (uint64_t)peer->last_handshake.nsec;
}

static void pause_ms(uint64_t ms)
{
	nanosleep(&(struct timespec){.tv_sec = (time_t)(ms / 1000),
			  .tv_nsec = (long)(ms % 1000 * NS_PER_MS)},
		NULL);
}

/* Reads the peer's state anew into *peer, without its lists. */
static int read_again(const struct target *target, struct peer_settings *peer)
{
	const struct public_key key = target->peer->public_key;
	struct device_settings device;
	int error = ctl_get(target->device.name, &device);
	const struct peer_settings *found = error ? NULL : settings_find_peer(&device, &key);

	if (found) {
		*peer = *found;
		peer->allowed_ips = NULL;
		peer->allowed_ips_count = peer->allowed_ips_room = 0;
	} else if (!error) {
		error = -ENOENT;
	}
	settings_fini(&device);
	return error;
}

static int set_keepalive(const struct target *target, uint16_t seconds)
{
	struct device_settings change;
	struct peer_settings *peer;
	int error = -ENOMEM;

	settings_init(&change);
	memcpy(change.name, target->device.name, sizeof(change.name));
	peer = settings_add_peer(&change);
	if (peer) {
		peer->public_key = target->peer->public_key;
		peer->update_only = true;
		peer->has = PEER_HAS_KEEPALIVE;
		peer->keepalive = seconds;
		error = ctl_set(&change);
	}
	settings_fini(&change);
	return error;
}

/* From off to on sends a keepalive at once. */
static int touch_keepalive(const struct target *target)
{
	uint16_t before = target->peer->keepalive;
	int error = before ? set_keepalive(target, 0) : 0;
	int back;

	if (!error)
		error = set_keepalive(target, before ? before : KEEPALIVE_ANY);
	back = before ? 0 : set_keepalive(target, 0);
	return error ? error : back;
}

static int ask(const struct target *target, const struct peer_settings *now, struct shake *shake)
{
	int error = ctl_initiate(target->device.name, &target->peer->public_key);

	if (error != -EOPNOTSUPP)
		return error;
	shake->session_age = (int64_t)clock_wall().sec - now->last_handshake.sec;
	if (now->last_handshake.sec && shake->session_age < REJECT_AFTER_SECONDS)
		return -EALREADY;
	return touch_keepalive(target);
}

static int wait_for_change(const struct target *target, uint64_t before_ns, uint64_t timeout_ms,
	struct peer_settings *peer)
{
	struct instant deadline = instant_after(clock_now(), timeout_ms * NS_PER_MS);
	int error;

	for (;;) {
		bool is_late = instant_reached(clock_now(), deadline);

		error = read_again(target, peer);
		if (error || handshake_ns(peer) != before_ns)
			return error;
		if (is_late)
			return -ETIMEDOUT;
		pause_ms(POLL_MS);
	}
}

int shake_hands(struct target *target, uint64_t timeout_ms, struct shake *shake)
{
	struct peer_settings peer;
	uint64_t before_ns, asked_ns;
	int error = read_again(target, &peer);

	if (error)
		return error;
	if (!(peer.has & PEER_HAS_ENDPOINT))
		return -EDESTADDRREQ;
	before_ns = handshake_ns(&peer);
	asked_ns = wall_ns();
	if (before_ns && asked_ns - before_ns < REKEY_TIMEOUT_MS * NS_PER_MS) {
		pause_ms(REKEY_TIMEOUT_MS - (asked_ns - before_ns) / NS_PER_MS + POLL_MS);
		asked_ns = wall_ns();
	}
	error = ask(target, &peer, shake);
	if (!error)
		error = wait_for_change(target, before_ns, timeout_ms, &peer);
	shake->ns = handshake_ns(&peer) > asked_ns ? handshake_ns(&peer) - asked_ns : 0;
	return error;
}
