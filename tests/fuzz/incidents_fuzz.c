/* Any bytes as a daemon's log: what is taken from it lies in it, the newest of each owner first. */
#include "ensure.h"
#include "incidents.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_inside(struct span all, struct span part)
{
	ENSURE(!part.len || (part.at >= all.at && part.len <= all.len &&
				    part.at - all.at <= (ptrdiff_t)(all.len - part.len)));
}

static void check_owner(struct span all, const struct incidents_of *of)
{
	check_inside(all, of->peer);
	for (size_t i = 0; i < of->count; i++) {
		const struct incident_seen *seen = &of->list[i];

		ENSURE(seen->reason < REASON_COUNT);
		ENSURE(i == 0 || of->list[i - 1].last_ms_ago <= seen->last_ms_ago);
		check_inside(all, seen->source);
		check_inside(all, seen->inner);
		check_inside(all, seen->key);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span text = {(const char *)data, size};
	struct incident_log log;
	int status = incidents_parse(text, &log);

	ENSURE(status <= 0 && status >= -4095);
	/* The device is there, whatever else. */
	ENSURE(log.count > 0 && log.of[0].peer.len == 0);
	for (size_t i = 0; i < log.count; i++)
		check_owner(text, &log.of[i]);
	incident_log_fini(&log);
	return 0;
}
