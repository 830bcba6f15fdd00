/* termios and a few escape sequences that every terminal of today knows. */
#include "rawterm.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* The second screen, without the cursor; and back. */
#define ENTER "\x1b[?1049h\x1b[?25l"
#define LEAVE "\x1b[?25h\x1b[?1049l"

enum { COLUMNS_DEFAULT = 80, LINES_DEFAULT = 24 };

static void tell(const char *sequence)
{
	ssize_t put = write(STDOUT_FILENO, sequence, strlen(sequence));

	(void)put; /* a terminal that is gone wants nothing */
}

int rawterm_init(struct rawterm *term)
{
	struct termios raw;

	*term = (struct rawterm){0};
	if (isatty(STDOUT_FILENO) != 1 || tcgetattr(STDIN_FILENO, &term->before) < 0)
		return -ENOTTY;
	raw = term->before;
	raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
	/* Stopped, it would leave the terminal as it is. */
	raw.c_cc[VSUSP] = _POSIX_VDISABLE;
	raw.c_cc[VMIN] = 0;
	raw.c_cc[VTIME] = 0;
	if (tcsetattr(STDIN_FILENO, TCSAFLUSH, &raw) < 0)
		return -errno;
	term->is_on = true;
	tell(ENTER);
	return 0;
}

void rawterm_fini(struct rawterm *term)
{
	if (!term->is_on)
		return;
	tell(LEAVE);
	tcsetattr(STDIN_FILENO, TCSAFLUSH, &term->before);
	term->is_on = false;
}

void rawterm_size(size_t *columns, size_t *lines)
{
	struct winsize size = {0};

	*columns = COLUMNS_DEFAULT;
	*lines = LINES_DEFAULT;
	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) < 0 || !size.ws_col || !size.ws_row)
		return;
	*columns = size.ws_col;
	*lines = size.ws_row;
}

size_t rawterm_read(int other_fd, uint64_t timeout_ms, char *keys, size_t len, bool *is_gone)
{
	struct pollfd wait[] = {
		{.fd = STDIN_FILENO, .events = POLLIN}, {.fd = other_fd, .events = POLLIN}};
	ssize_t got;

	*is_gone = false;
	if (poll(wait, 2, (int)timeout_ms) <= 0 || !wait[0].revents)
		return 0;
	got = read(STDIN_FILENO, keys, len);
	*is_gone = got == 0 || (got < 0 && errno != EINTR && errno != EAGAIN);
	return got > 0 ? (size_t)got : 0;
}
