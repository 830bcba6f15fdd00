/* wg-quick: one table of verbs. Without root's rights it calls itself again by sudo. */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <linux/limits.h>
#include "say.h"
#include "verbs.h"

static const struct {
	const char *word;
	quick_verb *act;
	int most_arguments;
	bool needs_root;
} verbs[] = {
	{"up", verb_up, 1, true},
	{"down", verb_down, 1, true},
	{"save", verb_save, 1, true},
	{"strip", verb_strip, 1, true},
	{"reload", verb_reload, 1, true},
	{"plan", verb_plan, 1, true},
	{"check", verb_check, 2, false},
};

static const char usage_text[] =
	"Usage: wg-quick { up | down | save | strip } { CONFIG_FILE | INTERFACE }\n"
	"       wg-quick { reload | plan } { CONFIG_FILE | INTERFACE }\n"
	"       wg-quick check CONFIG_FILE [OTHER_END_CONFIG_FILE]\n"
	"\n"
	"  up      make the interface and everything that its file asks for\n"
	"  down    take it all back\n"
	"  save    write the state of the running interface into its file\n"
	"  strip   print the file without the lines that only wg-quick reads\n"
	"  reload  bring a running interface to its file, sessions undisturbed\n"
	"  plan    print what up or reload would do, and do nothing\n"
	"  check   tell what is wrong in a file, or between the two ends of a tunnel\n"
	"\n"
	"INTERFACE stands for /etc/wireguard/INTERFACE.conf; a CONFIG_FILE is called\n"
	"INTERFACE.conf wherever it lies. Lines of [Interface] read by wg-quick alone:\n"
	"Address, DNS, MTU, Table, PreUp, PostUp, PreDown, PostDown, SaveConfig.\n"
	"See wg-quick(8).\n";

/* Programs beside this one are found before others of their names. */
static void put_own_directory_first(void)
{
	char self[PATH_MAX], *path;
	const char *old = getenv("PATH");
	ssize_t len = readlink("/proc/self/exe", self, sizeof(self) - 1);
	char *slash;

	if (len <= 0)
		return;
	self[len] = 0;
	slash = strrchr(self, '/');
	if (!slash || slash == self)
		return;
	*slash = 0;
	if (asprintf(&path, "%s:%s", self, old ? old : "/usr/sbin:/usr/bin:/sbin:/bin") < 0)
		return;
	setenv("PATH", path, 1);
	free(path);
}

/* Returns only when that fails. */
static int become_root(int argc, char **argv)
{
	char self[PATH_MAX];
	const char **sudo = calloc((size_t)argc + 6, sizeof(*sudo));
	ssize_t len = readlink("/proc/self/exe", self, sizeof(self) - 1);
	int count = 0;

	if (!sudo || len <= 0)
		return 1;
	self[len] = 0;
	sudo[count++] = "sudo";
	sudo[count++] = "-p";
	sudo[count++] = "wg-quick must be run as root. Password of %u, please: ";
	sudo[count++] = "--";
	sudo[count++] = self;
	for (int i = 1; i < argc; i++)
		sudo[count++] = argv[i];
	execvp("sudo", (char *const *)(uintptr_t)sudo);
	say_error("must be run as root, and sudo: %s", strerror(errno));
	free(sudo);
	return 1;
}

static bool asks_for_help(const char *word)
{
	return strcmp(word, "-h") == 0 || strcmp(word, "--help") == 0 || strcmp(word, "help") == 0;
}

int main(int argc, char **argv)
{
	if (argc == 2 && asks_for_help(argv[1])) {
		fputs(usage_text, stderr);
		return 0;
	}
	/* A line a write: what our hooks and programs say at the same time stands between lines. */
	setvbuf(stderr, NULL, _IOLBF, BUFSIZ);
	put_own_directory_first();
	setenv("LC_ALL", "C", 1);
	for (size_t i = 0; argc >= 3 && i < sizeof(verbs) / sizeof(verbs[0]); i++) {
		if (strcmp(argv[1], verbs[i].word) != 0 || argc - 2 > verbs[i].most_arguments)
			continue;
		if (verbs[i].needs_root && geteuid() != 0)
			return become_root(argc, argv);
		return verbs[i].act(argc - 2, argv + 2);
	}
	fputs(usage_text, stderr);
	return 1;
}
