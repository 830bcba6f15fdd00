/*
 * Three kinds of file beside the journals: `resolv.conf` is what was there before the first tunnel
 * (`resolv.conf.none`: there was none), IF.dns what a tunnel wants, `resolv.conf.written` what we
 * have written last. Each is written before it is needed, so a kill leaves nothing unknown.
 */
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "journal.h"
#include "resolvfile.h"
#include "runfile.h"
#include "say.h"
#include "smallfile.h"
#include "wholefile.h"

#define RESOLV_CONF "/etc/resolv.conf"
#define BEFORE      QUICK_DIRECTORY "/resolv.conf"
#define NONE_BEFORE QUICK_DIRECTORY "/resolv.conf.none"
#define WRITTEN     QUICK_DIRECTORY "/resolv.conf.written"
#define SUFFIX      ".dns"

struct text {
	char *bytes;
	size_t len;
};

static int read_text(const char *path, struct text *text)
{
	*text = (struct text){0};
	return wholefile_read(path, &text->bytes, &text->len);
}

static void free_text(struct text *text)
{
	wholefile_free(text->bytes, text->len);
	*text = (struct text){0};
}

/* The same, or only its beginning: what a kill in the middle of writing leaves. */
static bool is_start_of(const char *path, const char *whole)
{
	struct text a, b;
	bool is_start = read_text(path, &a) == 0;

	is_start = read_text(whole, &b) == 0 && is_start && a.len <= b.len &&
		   memcmp(a.bytes, b.bytes, a.len) == 0;
	free_text(&a);
	free_text(&b);
	return is_start;
}

/* Puts text into resolv.conf; where it cannot be exchanged (a bind mount) it is overwritten. */
static int write_resolv_conf(const char *bytes, size_t len)
{
	struct stat st;
	mode_t mode = stat(RESOLV_CONF, &st) == 0 ? st.st_mode & 0777 : 0644;
	int error = wholefile_write(RESOLV_CONF, bytes, len, mode);

	return error ? smallfile_write(RESOLV_CONF, bytes, mode) : 0;
}

static int keep_original(void)
{
	struct text text;
	int error;

	if (access(BEFORE, F_OK) == 0 || access(NONE_BEFORE, F_OK) == 0)
		return 0;
	error = read_text(RESOLV_CONF, &text);
	if (error == -ENOENT)
		return runfile_keep(NONE_BEFORE, "");
	if (!error)
		error = runfile_keep(BEFORE, text.bytes);
	free_text(&text);
	return error;
}

static void wish_path(char path[PATH_MAX], const char *ifname)
{
	snprintf(path, PATH_MAX, QUICK_DIRECTORY "/%s" SUFFIX, ifname);
}

static int write_wish(const char *ifname, const char *lines)
{
	struct textbuf out;
	int error;

	textbuf_init(&out);
	textbuf_addf(&out, "# wg-quick: %s\n%s", ifname, lines);
	error = textbuf_status(&out);
	if (!error)
		error = runfile_keep(WRITTEN, out.text);
	if (!error)
		error = write_resolv_conf(out.text, out.len);
	textbuf_fini(&out);
	return error;
}

int resolvfile_set(const char *ifname, const char *lines)
{
	char path[PATH_MAX];
	int error = journal_make_directory();

	if (!error)
		error = keep_original();
	wish_path(path, ifname);
	if (!error)
		error = runfile_keep(path, lines);
	if (error) {
		say_error("What resolv.conf was cannot be kept in " QUICK_DIRECTORY ": %s",
			strerror(-error));
		return error;
	}
	return write_wish(ifname, lines);
}

/* The tunnel that was last to say which servers it wants; false: none is left. */
static bool find_newest_wish(char ifname[NAME_MAX + 1])
{
	DIR *directory = opendir(QUICK_DIRECTORY);
	struct timespec newest = {0};
	struct dirent *entry;
	bool found = false;

	while (directory && (entry = readdir(directory)) != NULL) {
		size_t len = strlen(entry->d_name), tail = sizeof(SUFFIX) - 1;
		struct stat st;

		if (len <= tail || strcmp(entry->d_name + len - tail, SUFFIX) != 0 ||
			fstatat(dirfd(directory), entry->d_name, &st, 0) < 0)
			continue;
		if (found && (st.st_mtim.tv_sec < newest.tv_sec ||
				     (st.st_mtim.tv_sec == newest.tv_sec &&
					     st.st_mtim.tv_nsec < newest.tv_nsec)))
			continue;
		newest = st.st_mtim;
		snprintf(ifname, NAME_MAX + 1, "%.*s", (int)(len - tail), entry->d_name);
		found = true;
	}
	if (directory)
		closedir(directory);
	return found;
}

static int restore_original(void)
{
	struct text text;
	int error = 0;

	if (access(NONE_BEFORE, F_OK) == 0)
		return unlink(RESOLV_CONF) < 0 && errno != ENOENT ? -errno : 0;
	error = read_text(BEFORE, &text);
	if (!error)
		error = write_resolv_conf(text.bytes, text.len);
	free_text(&text);
	return error == -ENOENT ? 0 : error;
}

/* Ours to restore: as we wrote it, or never written at all. */
static bool is_untouched(void)
{
	return access(WRITTEN, F_OK) < 0 || is_start_of(RESOLV_CONF, WRITTEN) ||
	       is_start_of(RESOLV_CONF, BEFORE) || access(RESOLV_CONF, F_OK) < 0;
}

static int write_wish_of(const char *ifname)
{
	char path[PATH_MAX];
	struct text text;
	int error;

	wish_path(path, ifname);
	error = read_text(path, &text);
	if (!error)
		error = write_wish(ifname, text.bytes);
	free_text(&text);
	return error;
}

int resolvfile_unset(const char *ifname)
{
	char path[PATH_MAX], other[NAME_MAX + 1];
	int error = 0;

	wish_path(path, ifname);
	runfile_forget(path);
	if (find_newest_wish(other))
		return is_untouched() ? write_wish_of(other) : 0;
	if (is_untouched())
		error = restore_original();
	else
		say_error("%s was changed by somebody else, and is left as it is", RESOLV_CONF);
	if (error)
		return error;
	runfile_forget(WRITTEN);
	runfile_forget(BEFORE);
	runfile_forget(NONE_BEFORE);
	return 0;
}
