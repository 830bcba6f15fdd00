/*
 * Small files of our own beside the journals: in place as a whole or not at all. One that a kill
 * has left unfinished has a known name, and goes with the file.
 */
#ifndef CULVERT_QUICK_RUNFILE_H
#define CULVERT_QUICK_RUNFILE_H

/* Puts text in the place of what the file held. 0 or -errno. */
int runfile_keep(const char *path, const char *text);

/* Removes it; none to remove is fine. */
void runfile_forget(const char *path);

#endif
