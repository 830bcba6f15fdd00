/*
 * The checks: from evidence to findings. Pure; each family in a file of its own. Later ones see what
 * earlier ones have found, so that a general finding ("nothing comes back") is left out where its
 * cause is known.
 */
#ifndef CULVERT_DOCTOR_CHECKS_H
#define CULVERT_DOCTOR_CHECKS_H

#include "diagnosis.h"
#include "evidence.h"

/* All of them, and the findings sorted. */
void checks_run(struct diagnosis *diagnosis, const struct evidence *evidence);

void check_interface(struct diagnosis *diagnosis, const struct evidence *evidence);
void check_addresses(struct diagnosis *diagnosis, const struct evidence *evidence);
void check_keys(struct diagnosis *diagnosis, const struct evidence *evidence);
void check_claims(struct diagnosis *diagnosis, const struct evidence *evidence);
void check_file(struct diagnosis *diagnosis, const struct evidence *evidence);
void check_clock(struct diagnosis *diagnosis, const struct evidence *evidence);
void check_names(struct diagnosis *diagnosis, const struct evidence *evidence);
void check_endpoints(struct diagnosis *diagnosis, const struct evidence *evidence);
void check_wall(struct diagnosis *diagnosis, const struct evidence *evidence);
void check_allowed_ips(struct diagnosis *diagnosis, const struct evidence *evidence);
void check_networks(struct diagnosis *diagnosis, const struct evidence *evidence);
void check_refusals(struct diagnosis *diagnosis, const struct evidence *evidence);
void check_traffic(struct diagnosis *diagnosis, const struct evidence *evidence);
void check_sizes(struct diagnosis *diagnosis, const struct evidence *evidence);
void check_forwarding(struct diagnosis *diagnosis, const struct evidence *evidence);

#endif
