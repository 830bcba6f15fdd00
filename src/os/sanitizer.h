/*
 * Whether this build checks addresses or threads: a sanitizer opens files and makes system calls of
 * its own when it reports, so such a build confines itself less.
 */
#ifndef CULVERT_OS_SANITIZER_H
#define CULVERT_OS_SANITIZER_H

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define HAS_SANITIZER 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define HAS_SANITIZER 1
#endif
#endif
#ifndef HAS_SANITIZER
#define HAS_SANITIZER 0
#endif

#endif
