/* up, reload, plan: three uses of the planner's stages. */
#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "clock.h"
#include "endpoints.h"
#include "journal.h"
#include "plan.h"
#include "remember.h"
#include "run.h"
#include "say.h"
#include "snapshot.h"
#include "verbs.h"

/* Finds and reads the file, complaining of what is wrong. 0 or the exit status. */
static int open_config(struct config *config, const char *argument)
{
	int error;

	if (!config_find(config, argument))
		return 1;
	error = config_load(config);
	if (config->errors.count)
		config_print_errors(config);
	return error ? 1 : 0;
}

static struct wanted wanted_of(const struct config *config)
{
	return (struct wanted){.options = &config->options,
		.device = &config->settings.device,
		.has_names = endpoints_has_names(config)};
}

/* Takes back what stands in the journal and what is seen; never stops half-way. */
static int take_down(struct run *run, const struct options *options)
{
	struct step_list plan = {0};
	struct state state;
	int status = 1, error = snapshot_take(&run->rtnl, run->ifname, &state);

	if (error) {
		say_error("%s", strerror(-error));
	} else {
		plan_down(&plan, options, &state);
		run->keeps_journal = false;
		status = run_all_steps(run, &plan);
	}
	step_list_fini(&plan);
	state_fini(&state);
	if (!status) {
		remember_remove(run->ifname);
		journal_remove(run->ifname);
	}
	return status;
}

/* Without it a reload would only trust the file more than it should. */
static void remember(const struct run *run)
{
	int error = run->keeps_journal ? remember_write(run->ifname, &run->config->settings) : 0;

	if (error)
		say_line("Warning: " QUICK_DIRECTORY ": %s", strerror(-error));
}

/* One stage: look where it matters, plan, do. */
static int run_stage(struct run *run, enum plan_stage stage)
{
	struct wanted wanted = wanted_of(run->config);
	struct step_list plan = {0};
	struct state state;
	int status = 1, error = 0;

	if (plan_needs_state(stage))
		error = snapshot_take(&run->rtnl, run->ifname, &state);
	else
		state_init(&state, run->ifname);
	if (error) {
		say_error("%s", strerror(-error));
	} else {
		plan_stage(&plan, stage, PLAN_UP, &wanted, &state);
		status = run_steps(run, &plan);
	}
	step_list_fini(&plan);
	state_fini(&state);
	return status;
}

/* What a wg-quick that was killed has left behind goes first. */
static int prepare_up(struct run *run)
{
	struct step_list left = {0};
	int error;

	if (if_nametoindex(run->ifname)) {
		say_error("`%s' already exists", run->ifname);
		return 1;
	}
	error = journal_read(run->ifname, &left);
	step_list_fini(&left);
	if (!error && take_down(run, &run->config->options) != 0)
		return 1;
	error = run->lock < 0 ? 0 : journal_begin(run->ifname);
	if (error)
		say_error("%s: %s", QUICK_DIRECTORY, strerror(-error));
	return error ? 1 : 0;
}

static int bring_up(struct run *run)
{
	int status = prepare_up(run);

	if (status)
		return status;
	run->keeps_journal = run->lock >= 0;
	for (int stage = 0; stage < STAGE_COUNT && !status; stage++) {
		status = run_stage(run, (enum plan_stage)stage);
		if (!status && stage == STAGE_DEVICE)
			remember(run);
	}
	if (status)
		take_down(run, &run->config->options);
	return status;
}

static int with_run(struct config *config, int (*act)(struct run *run))
{
	struct run run;
	int status = 1, error = run_open(&run, config->ifname, config);

	if (error) {
		say_error("%s", strerror(-error));
		run_close(&run);
		return status;
	}
	error = run_lock(&run);
	if (error == -EROFS) {
		say_line("Warning: " QUICK_DIRECTORY " cannot be written, so there is no journal");
		error = 0;
	}
	if (error)
		say_error(QUICK_DIRECTORY ": %s", strerror(-error));
	else
		status = act(&run);
	run_close(&run);
	return status;
}

int verb_up(int argc, char **argv)
{
	struct config config;
	int status = open_config(&config, argv[0]);

	(void)argc;
	if (!status && if_nametoindex(config.ifname)) {
		say_error("`%s' already exists", config.ifname);
		status = 1;
	}
	if (!status && !endpoints_resolve(&config, true))
		status = 1;
	if (!status)
		status = with_run(&config, bring_up);
	config_fini(&config);
	return status;
}

/* 0 or -errno. */
static int keep_working_endpoints(struct config *config, const struct state *state)
{
	struct remembered remembered;
	int error = remember_read(config->ifname, &remembered);

	if (!error)
		remember_keep_working(&remembered, &config->settings, &state->device, clock_wall());
	remember_fini(&remembered);
	return error == -ENOENT ? 0 : error;
}

static int reload(struct run *run)
{
	struct state state;
	int status = 0, error = snapshot_take(&run->rtnl, run->ifname, &state);
	struct wanted wanted = wanted_of(run->config);
	struct step_list plan = {0};

	if (!error && state.has_device)
		error = keep_working_endpoints(run->config, &state);
	if (error || !state.has_device) {
		say_error(error ? "%s" : "`%s' is not a WireGuard interface",
			error ? strerror(-error) : run->ifname);
		status = 1;
	} else {
		snapshot_measure_paths(
			&run->rtnl, &run->config->settings.device, state.device.fwmark, &state);
		run->keeps_journal = run->lock >= 0;
		status = plan_reload(&plan, &wanted, &state) ? run_steps(run, &plan) : 1;
		if (!status)
			remember(run);
	}
	step_list_fini(&plan);
	state_fini(&state);
	return status;
}

/* Does it with the named configuration, whose endpoints may be unknown yet; the exit status. */
static int with_config(const char *name, int (*work)(struct config *config))
{
	struct config config;
	int status = open_config(&config, name);

	if (!status && !endpoints_resolve(&config, false))
		status = 1;
	if (!status)
		status = work(&config);
	config_fini(&config);
	return status;
}

static int reload_running(struct config *config)
{
	return with_run(config, reload);
}

int verb_reload(int argc, char **argv)
{
	(void)argc;
	return with_config(argv[0], reload_running);
}

static void print_plan(const struct step_list *plan, const char *ifname)
{
	struct textbuf out;

	textbuf_init(&out);
	for (size_t i = 0; i < plan->count; i++) {
		if (plan->steps[i].is_silent)
			continue;
		textbuf_add(&out, plan->steps[i].kind == STEP_WARN ? "# " : "");
		step_print_whole(&out, &plan->steps[i], ifname);
		textbuf_add(&out, "\n");
	}
	if (textbuf_status(&out) == 0 && out.text)
		fputs(out.text, stdout);
	textbuf_fini(&out);
}

/* All stages of up, each planned on what the one before would have made. */
static bool foretell_up(struct step_list *plan, const struct wanted *wanted, struct state *state)
{
	for (int stage = 0; stage < STAGE_COUNT; stage++) {
		size_t from = plan->count;

		plan_stage(plan, (enum plan_stage)stage, PLAN_UP, wanted, state);
		for (size_t i = from; i < plan->count; i++)
			if (!state_apply(state, &plan->steps[i]))
				return false;
	}
	return !plan->is_short;
}

/* The plan of `up', or of `reload' where the interface is there. 0 or -errno. */
static int plan_whole(
	struct config *config, struct rtnl *rtnl, struct step_list *plan, struct state *state)
{
	struct wanted wanted = wanted_of(config);
	int error = snapshot_take(rtnl, config->ifname, state);

	if (!error && state_link(state) && !state->has_device)
		error = -ENOTSUP;
	if (!error && state->has_device)
		error = keep_working_endpoints(config, state);
	if (error)
		return error;
	snapshot_measure_paths(rtnl, &config->settings.device, state->device.fwmark, state);
	return (state->has_device ? plan_reload : foretell_up)(plan, &wanted, state) ? 0 : -ENOMEM;
}

static int show_plan(struct config *config)
{
	struct step_list plan = {0};
	struct state state;
	struct rtnl rtnl;
	int error = rtnl_open(&rtnl);

	if (!error) {
		error = plan_whole(config, &rtnl, &plan, &state);
		if (!error)
			print_plan(&plan, config->ifname);
		step_list_fini(&plan);
		state_fini(&state);
		rtnl_close(&rtnl);
	}
	if (error == -ENOTSUP)
		say_error("`%s' is not a WireGuard interface", config->ifname);
	else if (error)
		say_error("%s", strerror(-error));
	return error ? 1 : 0;
}

int verb_plan(int argc, char **argv)
{
	(void)argc;
	return with_config(argv[0], show_plan);
}
