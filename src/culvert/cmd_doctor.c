/* culvert doctor: why a tunnel does not work, and the command that mends it. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "checks.h"
#include "clock.h"
#include "ctl.h"
#include "fault.h"
#include "flags.h"
#include "gather.h"
#include "interface.h"
#include "jsonout.h"
#include "report.h"
#include "subcommand.h"
#include "tell.h"
#include "terminal.h"
#include "logwatch.h"

#define JSON_SCHEMA "culvert/doctor/1"

enum { WATCH_DEFAULT_SECONDS = 60, WATCH_MAX_SECONDS = 86400 };

struct wishes {
	bool is_json, is_report, is_watch, is_silent;
	uint64_t seconds;
};

/* How each interface fared: the worst of them is the exit code. */
struct outcome {
	bool is_broken, is_unseen, is_warned;
};

static enum status status_of(const struct outcome *outcome)
{
	if (outcome->is_broken)
		return STATUS_BROKEN;
	if (outcome->is_unseen)
		return STATUS_UNSEEN;
	return outcome->is_warned ? STATUS_FAILED : STATUS_FINE;
}

static void judge(struct outcome *outcome, const struct diagnosis *diagnosis)
{
	switch (diagnosis_worst(diagnosis)) {
	case DOCTOR_BROKEN:
		outcome->is_broken = true;
		break;
	case DOCTOR_WARNING:
		outcome->is_warned = true;
		break;
	case DOCTOR_NOTE:
		break;
	}
	outcome->is_unseen |= diagnosis->is_short;
}

static void examine(
	const char *ifname, const struct wishes *wishes, struct outcome *outcome, json_t *documents)
{
	struct evidence evidence;
	struct diagnosis diagnosis = {0};
	struct textbuf out = {0};
	int error = gather_all(
		&evidence, ifname, &(struct gather_options){.is_silent = wishes->is_silent});

	if (error) {
		fault_system(ifname, error);
		outcome->is_unseen = true;
	} else {
		checks_run(&diagnosis, &evidence);
		judge(outcome, &diagnosis);
		if (wishes->is_json)
			json_array_append_new(documents, tell_json(&diagnosis, &evidence));
		else if (wishes->is_report)
			report_print(&out, &diagnosis, &evidence);
		else
			tell_lines(&out, &diagnosis, &evidence);
		outcome->is_unseen |= out.is_short;
		terminal_write(&out);
	}
	textbuf_fini(&out);
	diagnosis_fini(&diagnosis);
	evidence_fini(&evidence);
}

/* One look: the log where there is one, else the device. */
static int look(struct evidence *evidence, const char *ifname)
{
	evidence_init(evidence, ifname);
	gather_log(evidence);
	return evidence->has_log ? 0 : interface_read(ifname, &evidence->system.device);
}

static enum status watch(const char *ifname, uint64_t seconds)
{
	struct evidence before, after;
	struct instant start = clock_now();
	int error = look(&before, ifname);

	for (uint64_t passed = 0; !error && passed < seconds;) {
		struct textbuf out = {0};

		nanosleep(&(struct timespec){.tv_sec = 1}, NULL);
		passed = instant_age(clock_now(), start) / NS_PER_S;
		error = look(&after, ifname);
		if (!error && after.has_log)
			logwatch_tell(&out, &before.log, &after.log, passed);
		else if (!error)
			logwatch_tell_peers(
				&out, &before.system.device, &after.system.device, passed);
		terminal_write(&out);
		fflush(stdout);
		textbuf_fini(&out);
		evidence_fini(&before);
		before = after;
	}
	evidence_fini(&before);
	if (error)
		fault_system(ifname, error);
	return error ? STATUS_UNSEEN : STATUS_FINE;
}

static enum status run_all(const struct wishes *wishes, const struct ctl_names *names)
{
	struct outcome outcome = {0};
	json_t *documents = json_array();
	struct textbuf out = {0};

	for (size_t i = 0; i < names->count; i++)
		examine(names->list[i], wishes, &outcome, documents);
	if (wishes->is_json)
		json_print(&out,
			json_pack("{s:s,s:o}", "schema", JSON_SCHEMA, "interfaces", documents));
	else
		json_decref(documents);
	terminal_write(&out);
	textbuf_fini(&out);
	return status_of(&outcome);
}

/* The interfaces to look at: the one that is named, or all that there are. */
static enum status run_named(const char *ifname, const struct wishes *wishes)
{
	char name[IFNAME_LEN_MAX + 1] = "";
	struct ctl_names names = {.list = &name, .count = 1};
	enum status status = STATUS_UNSEEN;
	int error;

	if (ifname && (strlen(ifname) > IFNAME_LEN_MAX || !*ifname || strchr(ifname, '/'))) {
		fault_say("no interface can be called `%s'", ifname);
		return STATUS_UNSEEN;
	}
	if (ifname) {
		memcpy(name, ifname, strlen(ifname));
		return wishes->is_watch ? watch(name, wishes->seconds) : run_all(wishes, &names);
	}
	error = ctl_list(&names);
	if (error)
		fault_system("interfaces", error);
	else if (!names.count) {
		fault_say("there is no WireGuard interface");
		fault_hint("Name the one that should be there: culvert doctor wg0");
	} else if (wishes->is_watch) {
		status = watch(names.list[0], wishes->seconds);
	} else {
		status = run_all(wishes, &names);
	}
	ctl_names_fini(&names);
	return status;
}

static enum status run(struct invocation *call)
{
	struct wishes wishes = {.seconds = WATCH_DEFAULT_SECONDS};
	const struct flag flags[] = {
		{.name = "--json", .is_set = &wishes.is_json},
		{.name = "--report", .is_set = &wishes.is_report},
		{.name = "--watch", .is_set = &wishes.is_watch},
		{.name = "--no-packets", .is_set = &wishes.is_silent},
		{.name = "--seconds",
			.number = &wishes.seconds,
			.min = 1,
			.max = WATCH_MAX_SECONDS},
	};

	if (!flags_take(call, flags, sizeof(flags) / sizeof(flags[0])) ||
		!flags_count_words(call, 0, 1))
		return STATUS_USAGE;
	return run_named(call->words[1], &wishes);
}

const struct subcommand doctor_subcommand = {
	.name = "doctor",
	.summary = "Finds out why a tunnel does not work, and what mends it",
	.usage = "doctor [INTERFACE] [--json | --report] [--no-packets]\n"
		 "doctor [INTERFACE] --watch [--seconds N]",
	.help = "Options:\n"
		"  --json         for scripts; the document is described in culvert(8)\n"
		"  --report       for a forum: without keys, names, and addresses of the internet\n"
		"  --no-packets   send nothing: no pings through the tunnel, no datagram to "
		"silent\n"
		"                 endpoints, no questions for their names\n"
		"  --watch        print what arrives and is refused, as it happens\n"
		"  --seconds N    how long to watch (60)\n"
		"\n"
		"A line a finding: its level, a code, what was seen, and a command that mends it.\n"
		"Exit code: 0 nothing wrong, 1 warnings, 2 broken, 3 it could not look.\n"
		"docs/doctor.md explains every code.\n"
		"\n"
		"Examples:\n"
		"  culvert doctor wg0\n"
		"  culvert doctor wg0 --report >report.txt\n"
		"  culvert doctor wg0 --json | jq -r '.interfaces[].findings[].code'\n",
	.run = run,
};
