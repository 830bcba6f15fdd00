/* down, save, strip: what ends a tunnel or reads it back. */
#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include "journal.h"
#include "plan.h"
#include "remember.h"
#include "run.h"
#include "save.h"
#include "say.h"
#include "snapshot.h"
#include "verbs.h"

enum {
	LATE_LINK_TRIES = 50,
	LATE_LINK_WAIT_MS = 20,
};

/* Reads the file for what it says to wg-quick; errors in the rest do not keep a tunnel up. */
static int open_config(struct config *config, const char *argument)
{
	if (!config_find(config, argument))
		return 1;
	if (config_load(config) && config->errors.count)
		config_print_errors(config);
	return 0;
}

/*
 * A wg-quick killed while it started a daemon may leave one that has not made its interface yet:
 * a journal that ends with that step, and no interface.
 */
static void wait_for_late_link(const struct run *run)
{
	struct step_list journal = {0};
	bool is_late = journal_read(run->ifname, &journal) == 0 && journal.count &&
		       journal.steps[journal.count - 1].kind == STEP_LINK_ADD;

	step_list_fini(&journal);
	for (int i = 0; is_late && i < LATE_LINK_TRIES && !if_nametoindex(run->ifname); i++)
		nanosleep(&(struct timespec){.tv_nsec = LATE_LINK_WAIT_MS * 1000000L}, NULL);
}

/* So that a `down` which is killed can be done again, even when the device is gone by then. */
static int journal_inverses(struct run *run, const struct step_list *plan)
{
	int error = journal_begin(run->ifname);

	for (size_t i = plan->count; i-- > 0 && !error;) {
		struct step done;

		if (!step_invert(&plan->steps[i], &done))
			continue;
		error = journal_append(run->ifname, &done);
		step_fini(&done);
	}
	return error;
}

static int run_down_steps(struct run *run, const struct state *state)
{
	struct step_list plan = {0};
	int status = 0, error = 0;

	plan_down(&plan, &run->config->options, state);
	if (!state->has_journal && run->lock >= 0)
		error = journal_inverses(run, &plan);
	if (error)
		say_error("%s: %s", QUICK_DIRECTORY, strerror(-error));
	status = run_all_steps(run, &plan);
	step_list_fini(&plan);
	if (!status) {
		remember_remove(run->ifname);
		journal_remove(run->ifname);
	}
	return status;
}

static int run_hooks(struct run *run, enum hook hook)
{
	struct step_list plan = {0};
	int status;

	plan_hooks(&plan, &run->config->options, hook, run->ifname);
	status = run_steps(run, &plan);
	step_list_fini(&plan);
	return status;
}

static int save_before_down(struct run *run)
{
	struct step_list plan = {0};
	int status;

	if (!run->config->options.save_config)
		return 0;
	step_list_add(&plan, &(struct step){.kind = STEP_SAVE});
	status = run_steps(run, &plan);
	step_list_fini(&plan);
	return status;
}

/* Looks again after the hooks: they may have changed everything. */
static int take_down(struct run *run)
{
	struct state state;
	int status = 1, error = snapshot_take(&run->rtnl, run->ifname, &state);

	if (error)
		say_error("%s", strerror(-error));
	else
		status = run_down_steps(run, &state);
	state_fini(&state);
	return status;
}

static int bring_down(struct run *run)
{
	struct state state;
	int status = 0, error;
	bool has_device, has_journal;

	wait_for_late_link(run);
	error = snapshot_take(&run->rtnl, run->ifname, &state);
	has_device = state.has_device;
	has_journal = state.has_journal;
	state_fini(&state);
	if (error) {
		say_error("%s", strerror(-error));
		return 1;
	}
	if (!has_device && !has_journal) {
		say_error("`%s' is not a WireGuard interface", run->ifname);
		return 1;
	}
	if (has_device)
		status = run_hooks(run, HOOK_PRE_DOWN);
	if (!status && has_device)
		status = save_before_down(run);
	if (!status)
		status = take_down(run);
	return status ? status : run_hooks(run, HOOK_POST_DOWN);
}

int verb_down(int argc, char **argv)
{
	struct config config;
	struct run run;
	int status = open_config(&config, argv[0]), error;

	(void)argc;
	if (!status) {
		error = run_open(&run, config.ifname, &config);
		if (!error)
			error = run_lock(&run);
		if (error == -EROFS)
			error = 0; /* then there is no journal either, and the system must tell */
		if (error)
			say_error(QUICK_DIRECTORY ": %s", strerror(-error));
		status = error ? 1 : bring_down(&run);
		run_close(&run);
	}
	config_fini(&config);
	return status;
}

static int save(struct config *config)
{
	struct state state;
	struct rtnl rtnl;
	bool has_device = false;
	int error = rtnl_open(&rtnl);

	if (!error) {
		error = snapshot_take(&rtnl, config->ifname, &state);
		has_device = state.has_device;
		state_fini(&state);
		rtnl_close(&rtnl);
	}
	if (!error && !has_device) {
		say_error("`%s' is not a WireGuard interface", config->ifname);
		return 1;
	}
	say_command("wg showconf %s", config->ifname);
	if (!error)
		error = save_running(config);
	if (error)
		say_error("`%s': %s", config->path, strerror(-error));
	return error ? 1 : 0;
}

/* What the file says from now on is what runs; only where something is remembered at all. */
static void remember_saved(const char *argument)
{
	struct remembered old = {0};
	struct config saved;

	if (config_find(&saved, argument) && remember_read(saved.ifname, &old) == 0 &&
		(config_read(&saved) < 0 || remember_write(saved.ifname, &saved.settings) < 0))
		remember_remove(saved.ifname);
	remember_fini(&old);
	config_fini(&saved);
}

int verb_save(int argc, char **argv)
{
	struct config config;
	int status = open_config(&config, argv[0]);

	(void)argc;
	if (!status)
		status = save(&config);
	if (!status)
		remember_saved(argv[0]);
	config_fini(&config);
	return status;
}

/* Without the spaces around it, as a shell reads a line. */
static void print_trimmed(struct span line)
{
	while (line.len && (line.at[0] == ' ' || line.at[0] == '\t'))
		line = span_from(line, 1);
	while (line.len && (line.at[line.len - 1] == ' ' || line.at[line.len - 1] == '\t'))
		line.len--;
	fwrite(line.at, 1, line.len, stdout);
	putchar('\n');
}

/* The file without wg-quick's own lines, as wg(8) reads it; comments stay. */
int verb_strip(int argc, char **argv)
{
	struct config config;
	int status = 1;

	(void)argc;
	if (config_find(&config, argv[0]) && (config_load(&config) != -ENOMEM)) {
		status = 0;
		for (size_t i = 0; i < config.doc.count; i++) {
			const struct conf_line *line = &config.doc.lines[i];

			if (line->kind == CONF_PAIR && line->section == CONF_INTERFACE &&
				line->key >= CONF_ADDRESS && line->key < CONF_KEY_COUNT)
				continue;
			print_trimmed((struct span){line->text, line->len});
		}
		/* The stock tool ends so; who compares the two sees no difference. */
		putchar('\n');
	}
	config_fini(&config);
	return fflush(stdout) == 0 ? status : 1;
}
