/* Which version this is, and of which sources it was built. */
#ifndef CULVERT_BASE_VERSION_H
#define CULVERT_BASE_VERSION_H

/* "0.1.0" */
extern const char version_text[];

/* The commit as git names it ("v0.1.0-12-g1a2b3c4"), or what a package calls itself; "unknown". */
extern const char version_build[];

#endif
