/* What the daemon refused; the kernel, and other daemons, keep no log. */
#include "ctl.h"
#include "gather.h"

void gather_log(struct evidence *evidence)
{
	evidence->has_log = ctl_log(evidence->ifname, &evidence->log_text, &evidence->log) == 0;
}
