"""Where ours and stock wg (1.0.20210914) differ on purpose: pattern of the case, what differs, why.

A case that stands here and does not differ in exactly that way fails, so this table cannot rot.
"""

import fnmatch

STDERR = "first line of stderr"
ALL = "exit code, stdout, state, first line of stderr"

ADDED = "the usage names what is new"
HIDDEN = "a private or preshared key that is almost right is not repeated where a log may keep it"
EACH_LINE = "each line starts with the interface, not only the first; stock forgot it for endpoints"
NO_WRAP = "a port above 65535 is an error, stock takes it modulo 65536"
DAMAGED = "a zero byte means a damaged file; stock reads the rest of the line, or the file, as empty"
DIRECTORY = "a directory is no configuration; stock reads it as an empty one and removes every peer"
PLUS_MINUS = "+ and - before an allowed IP, as in newer versions of the stock tool"
SYNC = "as newer versions: a preshared key or keepalive that the file does not mention ends; and the port stays"

# pattern of the case's name; the parts that differ; the reason.
DIFFERENCES = [
    ("show endpoints of two", "stdout", EACH_LINE),
    ("show endpoints of nothing", "stdout", EACH_LINE),
    ("wg show interfaces dump on two", STDERR, ADDED),
    ("wg show t0 dump x on two", STDERR, ADDED),
    ("wg set on two", STDERR, ADDED),
    ("wg set t0 on two", STDERR, ADDED),
    ("wg set --help on two", STDERR, ADDED),
    ("set t0 * key-not-canonical", STDERR, HIDDEN),
    ("set t0 * key-bad", STDERR, HIDDEN),
    ("* of short private key", STDERR, HIDDEN),
    ("* of long private key", STDERR, HIDDEN),
    ("* of private key not canonical", STDERR, HIDDEN),
    ("* of bad preshared key", STDERR, HIDDEN),
    ("setconf of port too large", ALL, NO_WRAP),
    ("addconf of port too large", ALL, NO_WRAP),
    ("syncconf of port too large", ALL, NO_WRAP),
    ("* of endpoint port too large", ALL, NO_WRAP),
    ("* of zero byte", ALL, DAMAGED),
    ("[!a]* of file of zero bytes", ALL, DAMAGED),
    ("addconf of file of zero bytes", "exit code, first line of stderr", DAMAGED),
    ("wg setconf t0 . on two", "exit code, state, first line of stderr", DIRECTORY),
    ("* of UTF-16", STDERR, DAMAGED),
    ("set t0 * allowed-ips [+]*", ALL, PLUS_MINUS),
    ("syncconf on a full device of peers only", "stdout, state", SYNC),
    ("syncconf on a full device of preshared key", "stdout, state", SYNC),
    ("syncconf on a full device of empty", "stdout, state", SYNC),
]


def reason_for(name, parts):
    """Why the parts differ in this case, or None when they should not."""
    for pattern, expected, reason in DIFFERENCES:
        if fnmatch.fnmatchcase(name, pattern) and set(parts) == set(expected.split(", ")):
            return reason
    return None


def is_expected(name):
    return any(fnmatch.fnmatchcase(name, pattern) for pattern, _, _ in DIFFERENCES)
