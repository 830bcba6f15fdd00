/* Resolving, and waiting for a resolver that is not there yet, as at boot. */
#include "endpoint_resolve.h"

#include <errno.h>
#include <netdb.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "complain.h"
#include "resolve.h"
#include "values.h"

#define RETRIES_VARIABLE "WG_ENDPOINT_RESOLUTION_RETRIES"

enum { RETRIES_DEFAULT = 15 };

static const double first_delay_s = 1, delay_growth = 1.2, longest_delay_s = 20;

/* UINT64_MAX: for ever. False: no number. */
static bool read_retries(uint64_t *retries)
{
	const char *text = getenv(RETRIES_VARIABLE);

	*retries = text ? 0 : RETRIES_DEFAULT;
	if (!text || !text[0])
		return true;
	if (strcmp(text, "infinity") == 0) {
		*retries = UINT64_MAX;
		return true;
	}
	return value_parse_number(span_of(text), UINT32_MAX, retries) == VALUE_OK;
}

bool endpoint_retries_are_valid(void)
{
	uint64_t retries;

	if (read_retries(&retries))
		return true;
	fprintf(stderr, "Unable to parse " RETRIES_VARIABLE ": `%s'\n", getenv(RETRIES_VARIABLE));
	return false;
}

static void say(int code, const char *text)
{
	fprintf(stderr, "%s: `%s'", code == EAI_SYSTEM ? strerror(errno) : gai_strerror(code),
		text);
}

/* Waits, says so; the next delay. */
static double wait_for(double delay)
{
	struct timespec pause = {.tv_sec = (time_t)delay};

	pause.tv_nsec = (long)((delay - (double)pause.tv_sec) * 1e9);
	fprintf(stderr, ". Trying again in %.2f seconds...\n", delay);
	nanosleep(&pause, NULL);
	delay *= delay_growth;
	return delay < longest_delay_s ? delay : longest_delay_s;
}

static bool resolve_patiently(
	const char *host, const char *port, const char *text, struct endpoint *endpoint)
{
	double delay = first_delay_s;
	uint64_t retries;
	int code;

	if (!endpoint_retries_are_valid())
		return false;
	read_retries(&retries);
	while ((code = resolve_endpoint(host, port, endpoint))) {
		say(code, text);
		if (!retries || !resolve_is_temporary(code)) {
			fputs("\n", stderr);
			return false;
		}
		delay = wait_for(delay);
		retries -= retries != UINT64_MAX;
	}
	return true;
}

bool endpoint_resolve(const char *text, struct endpoint *endpoint)
{
	struct span host, port;
	struct value_error error = value_split_endpoint(span_of(text), &host, &port);
	char *name;
	bool is_found;

	if (error.code != VALUE_OK) {
		complain_value(TYPE_ENDPOINT, error.code, text);
		return false;
	}
	name = strndup(host.at, host.len);
	is_found = name && resolve_patiently(name, port.at, text, endpoint);
	free(name);
	return is_found;
}

bool port_resolve(const char *text, uint16_t *port)
{
	int code = resolve_port(text, port);

	if (!code)
		return true;
	say(code, text);
	fputs("\n", stderr);
	return false;
}
