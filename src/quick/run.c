/* Running plans: echo, journal, perform, report. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>
#include "journal.h"
#include "run.h"
#include "say.h"
#include "signals.h"

#define LOCK_FILE QUICK_DIRECTORY "/lock"

enum { EXIT_SIGNAL_BASE = 128 };

int run_open(struct run *run, const char *ifname, struct config *config)
{
	*run = (struct run){.ifname = ifname, .config = config, .signals = -1, .lock = -1};
	run->signals = signals_open();
	if (run->signals < 0)
		return run->signals;
	return rtnl_open(&run->rtnl);
}

void run_close(struct run *run)
{
	run_unlock(run);
	rtnl_close(&run->rtnl);
	if (run->signals >= 0)
		close(run->signals);
	run->signals = -1;
}

int run_lock(struct run *run)
{
	int error = journal_make_directory();

	if (error)
		return error;
	run->lock = open(LOCK_FILE, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (run->lock < 0)
		return -errno;
	while (flock(run->lock, LOCK_EX) < 0)
		if (errno != EINTR)
			return -errno;
	return 0;
}

void run_unlock(struct run *run)
{
	if (run->lock >= 0)
		close(run->lock);
	run->lock = -1;
}

/* Steps that must be taken back some day; what goes with the link needs no line. */
static bool needs_journal(const struct step *step)
{
	struct step inverse;

	if (!step_invert(step, &inverse))
		return false;
	step_fini(&inverse);
	return true;
}

/* Says which step it was; programs and as_ip() have said why. Gives the exit status. */
static int report(const struct run *run, const struct step *step, int result)
{
	struct textbuf out;

	textbuf_init(&out);
	step_print(&out, step, run->ifname);
	if (textbuf_status(&out) == 0 && out.text && result > 0)
		say_error("`%s' failed with exit status %d", out.text, result);
	else if (textbuf_status(&out) == 0 && out.text)
		say_error("`%s' failed: %s", out.text, strerror(-result));
	textbuf_fini(&out);
	return result > 0 ? result : 1;
}

/* What is made is journaled before, what is taken back after: a kill in between is harmless. */
static int run_step(struct run *run, const struct step *step)
{
	bool is_journaled = run->keeps_journal && needs_journal(step);
	int result = 0;

	say_step(step, run->ifname);
	if (is_journaled && !step_is_undoing(step))
		result = journal_append(run->ifname, step);
	if (!result)
		result = perform_step(run, step);
	if (!result && is_journaled && step_is_undoing(step))
		result = journal_append(run->ifname, step);
	return result ? report(run, step, result) : 0;
}

static bool is_hook(const struct step *step)
{
	return step->kind == STEP_HOOK;
}

int run_steps(struct run *run, const struct step_list *plan)
{
	int status = 0, number;

	if (plan->is_short) {
		say_error("%s", strerror(ENOMEM));
		return 1;
	}
	for (size_t i = 0; i < plan->count && !status; i++) {
		bool unlocks = is_hook(&plan->steps[i]) && run->lock >= 0;

		number = signals_read(run->signals);
		if (number > 0) {
			say_error("Interrupted by %s", strsignal(number));
			return EXIT_SIGNAL_BASE + number;
		}
		if (unlocks)
			run_unlock(run);
		status = run_step(run, &plan->steps[i]);
		if (unlocks && run_lock(run) < 0 && !status)
			status = 1;
	}
	number = status ? 0 : signals_read(run->signals);
	if (number > 0)
		status = EXIT_SIGNAL_BASE + number;
	return status;
}

int run_all_steps(struct run *run, const struct step_list *plan)
{
	int first = plan->is_short;

	for (size_t i = 0; i < plan->count; i++) {
		int status = run_step(run, &plan->steps[i]);

		if (!first)
			first = status;
	}
	return first;
}
