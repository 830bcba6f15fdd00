/* One match of a firewall rule against a packet, as nft's JSON has it. Pure. */
#ifndef CULVERT_DOCTOR_WALLMATCH_H
#define CULVERT_DOCTOR_WALLMATCH_H

#include "wall.h"

enum wall_truth { WALL_NO, WALL_YES, WALL_MAYBE };

/* Where a rule stands, for the named sets that it may use. */
struct wall_place {
	const json_t *ruleset; /* the array "nftables" */
	const char *family, *table;
};

/* "match": {"op", "left", "right"}. */
enum wall_truth wallmatch_run(
	const struct wall_place *place, const json_t *match, const struct wall_packet *packet);

/* Does the value of this expression equal an element, or lie in it? For verdict maps. */
enum wall_truth wallmatch_equal(const struct wall_place *place, const json_t *left,
	const json_t *right, const struct wall_packet *packet);

/* The elements of the set or map of that name, "@name"; NULL: there is none. */
const json_t *wallmatch_named(const struct wall_place *place, const char *name);

#endif
