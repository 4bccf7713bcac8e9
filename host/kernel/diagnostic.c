/* SPDX-License-Identifier: Apache-2.0 */
/* Lines of a build. */
#include "host/kernel/diagnostic.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#define PLACE_MAX 100000000 /* of lines and columns */

const char *diagnostic_kind_name(enum diagnostic_kind kind)
{
	static const char *const names[] = {"warning", "error", "stop"};

	return names[kind];
}

/* ---- what the words say ---- */

static const struct {
	const char *words;
	enum diagnostic_kind kind;
} markers[] = {
	{"fatal error: ", DIAGNOSTIC_ERROR}, {"error: ", DIAGNOSTIC_ERROR},
	{"Error: ", DIAGNOSTIC_ERROR},	     {"warning: ", DIAGNOSTIC_WARNING},
	{"Warning: ", DIAGNOSTIC_WARNING},
};

/* What has a place without such a word, and is an error all the same. */
static const char *const placed_errors[] = {"undefined reference to ", "multiple definition of ",
					    "syntax error", "unknown statement", "can't open file"};

static void set_text(struct diagnostic *ret, enum diagnostic_kind kind, const char *text)
{
	size_t used = 0;

	ret->kind = kind;
	for (; *text && used + 1 < sizeof ret->text; text++)
		ret->text[used++] =
			(char)((unsigned char)*text < ' ' || *text == 0x7f ? ' ' : *text);
	while (used > 0 && ret->text[used - 1] == ' ')
		used--;
	ret->text[used] = '\0';
}

static bool take_words(const char *text, bool has_place, struct diagnostic *ret)
{
	for (size_t i = 0; i < ARRAY_LEN(markers); i++)
		if (has_prefix(text, markers[i].words)) {
			set_text(ret, markers[i].kind, text + strlen(markers[i].words));
			return ret->text[0] != '\0';
		}
	for (size_t i = 0; has_place && i < ARRAY_LEN(placed_errors); i++)
		if (strstr(text, placed_errors[i])) {
			set_text(ret, DIAGNOSTIC_ERROR, text);
			return true;
		}
	return false;
}

/* ---- FILE:LINE:COLUMN: ---- */

/* Of ":12" the number; moves behind it. */
static bool take_number(const char **at, unsigned *ret)
{
	const char *digits = *at + 1;
	unsigned number = 0;

	if (**at != ':' || !isdigit((unsigned char)*digits))
		return false;
	for (; isdigit((unsigned char)*digits) && number < PLACE_MAX; digits++)
		number = 10 * number + (unsigned)(*digits - '0');
	if (*digits != ':')
		return false;
	*at = digits;
	*ret = number;
	return true;
}

static void set_file(struct diagnostic *ret, const char *name, size_t length, const char *tree)
{
	size_t prefix = strlen(tree);

	if (prefix > 0 && length > prefix + 1 && strncmp(name, tree, prefix) == 0 &&
	    name[prefix] == '/') {
		name += prefix + 1;
		length -= prefix + 1;
	}
	while (length > 3 && strncmp(name, "../", 3) == 0) {
		name += 3;
		length -= 3;
	}
	size_t used = 0;
	for (; used < length && used + 1 < sizeof ret->file; used++)
		ret->file[used] = (char)((unsigned char)name[used] < ' ' ? '?' : name[used]);
	ret->file[used] = '\0';
}

static bool take_placed(const char *line, const char *tree, struct diagnostic *ret)
{
	if (line[0] == ':')
		return false;
	for (const char *colon = line; (colon = strchr(colon, ':')); colon++) {
		const char *at = colon;
		size_t length = (size_t)(colon - line);

		if (length == 0 || !take_number(&at, &ret->line))
			continue;
		if (!take_number(&at, &ret->column))
			ret->column = 0;
		at++;
		if (take_words(at + strspn(at, " "), true, ret)) {
			set_file(ret, line, length, tree);
			return true;
		}
		ret->line = ret->column = 0;
	}
	return false;
}

/* ---- who has no place ---- */

/* "make[2]: *** [scripts/Makefile.build:250: kernel/fork.o] Error 1" */
static bool take_make(const char *line, struct diagnostic *ret)
{
	const char *stars = strstr(line, ": *** ");

	if (!stars || !has_prefix(line, "make"))
		return false;
	set_text(ret, DIAGNOSTIC_STOP, stars + strlen(": *** "));
	return true;
}

static bool take_modpost(const char *line, struct diagnostic *ret)
{
	if (has_prefix(line, "ERROR: "))
		set_text(ret, DIAGNOSTIC_ERROR, line + strlen("ERROR: "));
	else if (has_prefix(line, "WARNING: "))
		set_text(ret, DIAGNOSTIC_WARNING, line + strlen("WARNING: "));
	else
		return false;
	return true;
}

/* "ld: vmlinux.o: in function `x': undefined reference to `y'" */
static bool take_linker(const char *line, struct diagnostic *ret)
{
	const char *colon = strstr(line, ": "), *space = strchr(line, ' ');
	bool is_linker = colon && space == colon + 1 && colon - line >= 2 &&
			 (strncmp(colon - 2, "ld", 2) == 0 || strncmp(colon - 2, "as", 2) == 0);

	return is_linker && (take_words(colon + 2, true, ret) || take_placed(colon + 2, "", ret));
}

bool diagnostic_take(const char *line, const char *tree, struct diagnostic *ret)
{
	CLEAN_FREE char *copy = xasprintf("%.*s", DIAGNOSTIC_LINE_MAX, line);
	struct diagnostic found = {.kind = DIAGNOSTIC_WARNING};

	copy[strcspn(copy, "\r\n")] = '\0';
	if (!take_make(copy, &found) && !take_modpost(copy, &found) && !take_linker(copy, &found) &&
	    !take_placed(copy, tree, &found) && !take_words(copy, false, &found))
		return false;
	*ret = found;
	return true;
}

void diagnostic_add(const struct diagnostic *diagnostic, struct text *out)
{
	if (diagnostic->file[0])
		text_addf(out, "%s:%u:", diagnostic->file, diagnostic->line);
	if (diagnostic->file[0] && diagnostic->column > 0)
		text_addf(out, "%u:", diagnostic->column);
	text_addf(out, "%s%s: %s", diagnostic->file[0] ? " " : "",
		  diagnostic->kind == DIAGNOSTIC_STOP ? "make"
						      : diagnostic_kind_name(diagnostic->kind),
		  diagnostic->text);
}

/* ---- what the host lacks ---- */

static const struct {
	const char *word, *lack;
} programs[] = {
	{"gcc", "gcc (package gcc)"},
	{"cc", "a compiler (package gcc)"},
	{"clang", "clang (package clang)"},
	{"ld.lld", "ld.lld (package lld)"},
	{"ld", "ld (package binutils)"},
	{"as", "as (package binutils)"},
	{"ar", "ar (package binutils)"},
	{"objcopy", "objcopy (package binutils)"},
	{"flex", "flex (package flex)"},
	{"bison", "bison (package bison)"},
	{"bc", "bc (package bc)"},
	{"perl", "perl (package perl-base)"},
	{"pahole", "pahole (package dwarves)"},
	{"cpio", "cpio (package cpio)"},
	{"xz", "xz (package xz-utils)"},
	{"zstd", "zstd (package zstd)"},
	{"lz4", "lz4 (package lz4)"},
	{"lzop", "lzop (package lzop)"},
	{"gzip", "gzip (package gzip)"},
	{"python3", "python3 (package python3)"},
	{"depmod", "depmod (package kmod)"},
};

static const struct {
	const char *words, *lack;
} headers[] = {
	{"gelf.h: No such file", "gelf.h (package libelf-dev)"},
	{"libelf.h: No such file", "libelf.h (package libelf-dev)"},
	{"cannot find -lelf", "libelf (package libelf-dev)"},
	{"fatal error: openssl/", "the headers of OpenSSL (package libssl-dev)"},
	{"cannot find -lcrypto", "libcrypto (package libssl-dev)"},
	{"gmp.h: No such file", "gmp.h (package libgmp-dev)"},
	{"mpc.h: No such file", "mpc.h (package libmpc-dev)"},
	{"gcc-plugin.h: No such file", "gcc's plugin headers (package gcc-12-plugin-dev)"},
	{"No space left on device",
	 "room on the disk of the cache (ASSAY_CACHE can put it elsewhere)"},
	{"Cannot allocate memory", "memory (try fewer --build-jobs)"},
	{"Killed signal terminated program", "memory (try fewer --build-jobs)"},
};

static const char *const endings[] = {": not found", ": command not found",
				      ": No such file or directory"};

/* "/bin/sh: 1: flex: not found", "make[1]: gcc: No such file or directory": the word before the ending. */
static const char *lack_of_program(const char *line, size_t length)
{
	size_t begin = length;

	while (begin > 0 && line[begin - 1] != ' ' && line[begin - 1] != '/')
		begin--;
	for (size_t i = 0; i < ARRAY_LEN(programs); i++)
		if (strlen(programs[i].word) == length - begin &&
		    strncmp(programs[i].word, line + begin, length - begin) == 0)
			return programs[i].lack;
	return NULL;
}

const char *diagnostic_lack(const char *line)
{
	size_t length = strcspn(line, "\r\n");
	const char *rest[] = {"make",  "/bin/sh",    "sh:",	"/bin/bash",
			      "bash:", "./scripts/", "scripts/"};

	for (size_t i = 0; i < ARRAY_LEN(headers); i++) {
		const char *found = strstr(line, headers[i].words);
		if (found && found < line + length)
			return headers[i].lack;
	}
	for (size_t i = 0; i < ARRAY_LEN(rest); i++)
		for (size_t k = 0; has_prefix(line, rest[i]) && k < ARRAY_LEN(endings); k++) {
			size_t ending = strlen(endings[k]);
			if (length > ending &&
			    strncmp(line + length - ending, endings[k], ending) == 0)
				return lack_of_program(line, length - ending);
		}
	return NULL;
}
