/* check: placeholder until the linter is here. */
#include <stdio.h>
#include "quickconf.h"
#include "verbs.h"

int verb_check(int argc, char **argv)
{
	struct config config;
	int status = 1;

	(void)argc;
	if (config_find(&config, argv[0])) {
		status = config_load(&config) ? 1 : 0;
		config_print_errors(&config);
	}
	config_fini(&config);
	return status;
}
