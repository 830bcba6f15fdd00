/* Making and comparing the timestamps of initiations. */
#include "tai64n.h"

#include <string.h>
#include "bytes.h"
#include "limits.h"

/* TAI64 labels start at 2^62; TAI was ten seconds ahead of UTC when 1970 began. */
#define TAI64_EPOCH (0x4000000000000000ULL + 10)

static struct tai64n tai64n_store(uint64_t sec, uint32_t nsec)
{
	struct be64 label = be64_store(sec);
	struct be32 rest = be32_store(nsec);
	struct tai64n stamp;

	_Static_assert(sizeof(label) + sizeof(rest) == sizeof(stamp.b), "a stamp is both");
	memcpy(stamp.b, &label, sizeof(label));
	memcpy(stamp.b + sizeof(label), &rest, sizeof(rest));
	return stamp;
}

static struct tai64n tai64n_step_after(const struct tai64n *stamp)
{
	struct be64 label;
	struct be32 rest;
	uint32_t nsec;

	memcpy(&label, stamp->b, sizeof(label));
	memcpy(&rest, stamp->b + sizeof(label), sizeof(rest));
	nsec = be32_load(rest);
	if (nsec >= NS_PER_S - TIMESTAMP_STEP_NS)
		return tai64n_store(be64_load(label) + 1, 0);
	return tai64n_store(be64_load(label), nsec + TIMESTAMP_STEP_NS);
}

struct tai64n tai64n_next(struct wall_time now, const struct tai64n *last)
{
	uint32_t rounded = now.nsec & ~(TIMESTAMP_STEP_NS - 1);
	struct tai64n stamp = tai64n_store(TAI64_EPOCH + now.sec, rounded);

	return tai64n_newer(&stamp, last) ? stamp : tai64n_step_after(last);
}

bool tai64n_newer(const struct tai64n *a, const struct tai64n *b)
{
	return memcmp(a->b, b->b, sizeof(a->b)) > 0;
}
