/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Functions that nothing here may call, each with what to use in its place.
 * The build includes this file before every source; a call does not compile.
 */
#ifndef QM_BANNED_H
#define QM_BANNED_H

#include <stdarg.h>
#include <stddef.h>
#include <time.h>

#if defined(__has_attribute)
#if __has_attribute(unavailable)
#define QM_BANNED(instead) __attribute__((unavailable("use " instead)))
#endif
#endif
#ifndef QM_BANNED
#define QM_BANNED(instead) __attribute__((error("use " instead)))
#endif

char *strcpy(char *dst, const char *src) QM_BANNED("snprintf() or memcpy()");
char *strcat(char *dst, const char *src) QM_BANNED("snprintf()");
char *strncpy(char *dst, const char *src, size_t n) QM_BANNED("snprintf() or memcpy()");
char *strncat(char *dst, const char *src, size_t n) QM_BANNED("snprintf()");
int sprintf(char *buf, const char *fmt, ...) QM_BANNED("snprintf()");
int vsprintf(char *buf, const char *fmt, va_list args) QM_BANNED("vsnprintf()");
char *strtok(char *s, const char *delimiters) QM_BANNED("strtok_r()");
int atoi(const char *s) QM_BANNED("strtol()");
long atol(const char *s) QM_BANNED("strtol()");
long long atoll(const char *s) QM_BANNED("strtoll()");
double atof(const char *s) QM_BANNED("strtod()");
struct tm *gmtime(const time_t *t) QM_BANNED("gmtime_r()");
struct tm *localtime(const time_t *t) QM_BANNED("localtime_r()");
char *ctime(const time_t *t) QM_BANNED("strftime()");
char *ctime_r(const time_t *t, char *buf) QM_BANNED("strftime()");
char *asctime(const struct tm *tm) QM_BANNED("strftime()");
char *asctime_r(const struct tm *tm, char *buf) QM_BANNED("strftime()");
char *tmpnam(char *s) QM_BANNED("mkstemp()");
char *mktemp(char *template) QM_BANNED("mkstemp()");

#undef QM_BANNED

#endif
