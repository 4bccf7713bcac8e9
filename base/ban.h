/* SPDX-License-Identifier: Apache-2.0 */
/* Functions that must not be used anywhere: included before every source file by the build. */
#ifndef ASSAY_BASE_BAN_H
#define ASSAY_BASE_BAN_H

/* The real prototypes have to be seen before the names are taken away. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define BANNED(name) assay_banned_##name

#define strcpy(a, b)	 BANNED(strcpy)	 /* no bound: struct text */
#define strcat(a, b)	 BANNED(strcat)	 /* no bound: struct text */
#define strncpy(a, b, n) BANNED(strncpy) /* may leave no terminator: struct text, memcpy */
#define strncat(a, b, n) BANNED(strncat) /* counts the wrong thing: struct text */
#define strtok(a, b)	 BANNED(strtok)	 /* hidden state: strsep */
#define gets(a)		 BANNED(gets)
#define atoi(a)		 BANNED(atoi) /* no errors: number_parse */
#define atol(a)		 BANNED(atol)
#define strtol(a, b, c)	 BANNED(strtol) /* errors are easy to miss: number_parse */
#define strtoul(a, b, c) BANNED(strtoul)
#define localtime(a)	 BANNED(localtime) /* shared state: localtime_r */
#define gmtime(a)	 BANNED(gmtime)	   /* shared state: gmtime_r */
#define strerror(a)	 BANNED(strerror)  /* shared state: %m, err_set */
#define system(a)	 BANNED(system)	   /* child_run */
#undef sprintf
#undef vsprintf
#define sprintf(...)  BANNED(sprintf) /* no bound: snprintf, struct text */
#define vsprintf(...) BANNED(vsprintf)

#ifndef ASSAY_GUEST
/* The host is threaded: a fork() copies locks that nobody will release, setenv() races getenv(). */
#define fork()		BANNED(fork)   /* child_spawn */
#define setenv(a, b, c) BANNED(setenv) /* struct child_spec.env */
#endif

#endif
