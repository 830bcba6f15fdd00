/* The table of checks. */
#include "checks.h"

static void (*const checks[])(struct diagnosis *, const struct evidence *) = {
	check_interface,
	check_addresses,
	check_keys,
	check_claims,
	check_file,
	check_clock,
	check_names,
	check_endpoints,
	check_wall,
	check_allowed_ips,
	check_networks,
	check_forwarding,
	check_sizes,
	check_refusals,
	check_traffic,
};

void checks_run(struct diagnosis *diagnosis, const struct evidence *evidence)
{
	for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++)
		checks[i](diagnosis, evidence);
	diagnosis_sort(diagnosis);
}
