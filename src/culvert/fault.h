/* Complaints: to stderr, after "culvert: ", and a hint at what to do in a line of its own. */
#ifndef CULVERT_CULVERT_FAULT_H
#define CULVERT_CULVERT_FAULT_H

void fault_say(const char *format, ...) __attribute__((format(printf, 1, 2)));
void fault_hint(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* "WHAT: what the errno means", and a hint where one helps: rights, no such interface, ... */
void fault_system(const char *what, int error);

#endif
