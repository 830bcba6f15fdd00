/* culvert top: a live view. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "clock.h"
#include "fault.h"
#include "flags.h"
#include "rawterm.h"
#include "signals.h"
#include "topview.h"

enum { SECONDS_MAX = 3600, KEYS_MAX = 64 };

struct top {
	const char *interface;
	uint64_t seconds;
	struct rawterm term;
	struct topview view;
	struct sample before;
	int signals;
	int error;
};

/* As programs that print boxes guess it. */
static bool has_utf8(void)
{
	static const char *const names[] = {"LC_ALL", "LC_CTYPE", "LANG"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const char *value = getenv(names[i]);

		if (value && value[0])
			return strcasestr(value, "utf-8") || strcasestr(value, "utf8");
	}
	return false;
}

static int64_t now_seconds(void)
{
	return (int64_t)clock_wall().sec;
}

static void draw(const struct top *top)
{
	struct textbuf screen = {0};
	size_t columns, lines;

	rawterm_size(&columns, &lines);
	topview_draw(&screen, &top->view, columns, lines, now_seconds());
	if (!textbuf_status(&screen)) {
		fwrite(screen.text, 1, screen.len, stdout);
		fflush(stdout);
	}
	textbuf_fini(&screen);
}

/* A look more; the one before is let go. */
static void look(struct top *top)
{
	struct sample after;

	top->error = sample_take(&after, top->interface);
	if (!top->error && !topview_update(&top->view, &top->before, &after, now_seconds()))
		top->error = -ENOMEM;
	sample_fini(&top->before);
	top->before = after;
}

/* Keys until the next look is due. An arrow is an escape sequence: ESC [ A. */
static void press_all(struct topview *view, const char *keys, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (keys[i] == '\x1b' && i + 2 < count && keys[i + 1] == '[') {
			topview_press(view, keys[i + 2] == 'A'   ? 'k'
					    : keys[i + 2] == 'B' ? 'j'
								 : ' ');
			i += 2;
		} else {
			topview_press(view, keys[i]);
		}
	}
}

static void wait(struct top *top)
{
	struct instant deadline = instant_after(clock_now(), top->seconds * NS_PER_S);
	struct instant now;

	while (!top->view.is_over && !instant_reached(now = clock_now(), deadline)) {
		char keys[KEYS_MAX];
		bool is_gone;
		size_t count = rawterm_read(top->signals, (deadline.ns - now.ns) / NS_PER_MS + 1,
			keys, sizeof(keys), &is_gone);

		press_all(&top->view, keys, count);
		if (is_gone || signals_read(top->signals) || ferror(stdout))
			top->view.is_over = true;
		else if (count)
			draw(top);
	}
}

static void watch(struct top *top)
{
	for (look(top); !top->error && !top->view.is_over; look(top)) {
		draw(top);
		wait(top);
	}
}

static enum status run(struct invocation *call)
{
	struct top top = {.seconds = 1};
	const struct flag flags[] = {
		{.name = "--seconds", .number = &top.seconds, .min = 1, .max = SECONDS_MAX}};

	if (!flags_take(call, flags, 1) || !flags_count_words(call, 0, 1))
		return STATUS_USAGE;
	top.interface = call->words[1];
	top.error = sample_take(&top.before, top.interface);
	top.signals = top.error ? -1 : signals_open();
	if (!top.error && top.signals < 0)
		top.error = top.signals;
	topview_init(&top.view, has_utf8());
	if (!top.error)
		top.error = rawterm_init(&top.term);
	if (!top.error)
		watch(&top);
	rawterm_fini(&top.term);
	sample_fini(&top.before);
	topview_fini(&top.view);
	if (top.signals >= 0)
		close(top.signals);
	if (!top.error)
		return STATUS_FINE;
	if (top.error == -ENOTTY) {
		fault_say("top wants a terminal");
		fault_hint("`culvert status' prints the same once; --json for scripts.");
	} else {
		fault_system(top.interface ? top.interface : "interfaces", top.error);
	}
	return STATUS_FAILED;
}

const struct subcommand top_subcommand = {
	.name = "top",
	.summary = "Shows peers and their rates live",
	.usage = "top [INTERFACE] [--seconds N]",
	.help = "Options:\n"
		"  --seconds N  between two looks, 1 without it\n"
		"\n"
		"Keys:\n"
		"  r n h t      sort by rate, name, handshake, total; once more: the other way "
		"round\n"
		"  / TEXT       only peers and interfaces with TEXT in their names; Esc: all "
		"again\n"
		"  j k, arrows  scroll\n"
		"  q            quit\n"
		"\n"
		"The bars are the rate both ways of the last twenty looks, each peer by its own "
		"highest.\n"
		"\n"
		"Examples:\n"
		"  culvert top\n"
		"  culvert top wg0 --seconds 5\n",
	.run = run,
};
