/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a scope owns is released when it is left. Declare with a CLEAN_ word, hand over with a STEAL_ word.
 *
 *	CLEAN_FD int fd = open(path, O_RDONLY | O_CLOEXEC);
 *	CLEAN_FREE char *name = xstrdup("x");
 *	...
 *	vm->fd = STEAL_FD(fd);
 *
 * A cleanup function for a type T that has T_free() is made with DEFINE_CLEANUP(T); it is used as
 * CLEANUP(T) struct T *x = NULL. All cleanups keep errno.
 */
#ifndef ASSAY_BASE_SCOPE_H
#define ASSAY_BASE_SCOPE_H

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#define PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))
#define NONNULL(...)	  __attribute__((nonnull(__VA_ARGS__)))
#define MUST_CHECK	  __attribute__((warn_unused_result))
#define UNUSED		  __attribute__((unused))
#define ARRAY_LEN(a)	  (sizeof(a) / sizeof((a)[0]))

static inline void scope_close(const int *fd)
{
	if (*fd >= 0) {
		int saved = errno;
		close(*fd);
		errno = saved;
	}
}

static inline void scope_free(void *pointer)
{
	int saved = errno;
	free(*(void **)pointer);
	errno = saved;
}

#define CLEAN_FD   __attribute__((cleanup(scope_close)))
#define CLEAN_FREE __attribute__((cleanup(scope_free)))

/* For struct T with void T_free(struct T *) that takes NULL. */
#define DEFINE_CLEANUP(T)                                                                          \
	static inline void T##_scope_free(struct T **object)                                       \
	{                                                                                          \
		int saved = errno;                                                                 \
		T##_free(*object);                                                                 \
		errno = saved;                                                                     \
	}                                                                                          \
	struct T
#define CLEANUP(T) __attribute__((cleanup(T##_scope_free)))

/* For embedded struct T with void T_done(struct T *). */
#define DEFINE_CLEAN_DONE(T)                                                                       \
	static inline void T##_scope_done(struct T *object)                                        \
	{                                                                                          \
		int saved = errno;                                                                 \
		T##_done(object);                                                                  \
		errno = saved;                                                                     \
	}                                                                                          \
	struct T
#define CLEAN_DONE(T) __attribute__((cleanup(T##_scope_done)))

#define STEAL_PTR(pointer)                                                                         \
	({                                                                                         \
		__typeof__(pointer) stolen_ = (pointer);                                           \
		(pointer) = NULL;                                                                  \
		stolen_;                                                                           \
	})
#define STEAL_FD(fd)                                                                               \
	({                                                                                         \
		int stolen_ = (fd);                                                                \
		(fd) = -1;                                                                         \
		stolen_;                                                                           \
	})

#endif
