/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "when.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/** How long ago "recent" is, in seconds. */
#define RECENT 600

static void to_midnight(struct tm *tm)
{
	tm->tm_hour = tm->tm_min = tm->tm_sec = 0;
}

static void to_yesterday(struct tm *tm)
{
	to_midnight(tm);
	tm->tm_mday--;
}

static void to_hour(struct tm *tm)
{
	tm->tm_min = tm->tm_sec = 0;
}

static void to_week(struct tm *tm)
{
	to_midnight(tm);
	tm->tm_mday -= tm->tm_wday;
}

static void to_week_ago(struct tm *tm)
{
	to_midnight(tm);
	tm->tm_mday -= 7;
}

static void to_month(struct tm *tm)
{
	to_midnight(tm);
	tm->tm_mday = 1;
}

static void to_year(struct tm *tm)
{
	to_month(tm);
	tm->tm_mon = 0;
}

static void to_recent(struct tm *tm)
{
	tm->tm_sec -= RECENT;
}

static void to_now(struct tm *tm)
{
	(void)tm;
}

static void to_boot(struct tm *tm)
{
	struct timespec up;

	clock_gettime(CLOCK_BOOTTIME, &up);
	tm->tm_sec -= (int)up.tv_sec;
}

static const struct {
	const char *word;
	void (*set)(struct tm *tm);
} words[] = {
	{ "now", to_now },        { "recent", to_recent },     { "this-hour", to_hour },
	{ "boot", to_boot },      { "today", to_midnight },    { "yesterday", to_yesterday },
	{ "this-week", to_week }, { "week-ago", to_week_ago }, { "this-month", to_month },
	{ "this-year", to_year },
};

static bool in_range(const struct tm *tm)
{
	return tm->tm_mon >= 0 && tm->tm_mon < 12 && tm->tm_mday >= 1 && tm->tm_mday <= 31 &&
		   tm->tm_year >= 70 && tm->tm_year <= 8099 && tm->tm_hour >= 0 &&
		   tm->tm_hour < 24 && tm->tm_min >= 0 && tm->tm_min < 60 && tm->tm_sec >= 0 &&
		   tm->tm_sec <= 60;
}

/** Reads a date. @return what follows it, NULL if there is none */
static const char *take_date(const char *s, struct tm *tm)
{
	int year, month, day, n = 0;

	if (sscanf(s, "%2d/%2d/%4d%n", &month, &day, &year, &n) == 3 && n) {
		year += year < 70 ? 2000 : year < 100 ? 1900 : 0;
	} else if (sscanf(s, "%4d-%2d-%2d%n", &year, &month, &day, &n) != 3 || !n) {
		return NULL;
	}
	tm->tm_year = year - 1900;
	tm->tm_mon = month - 1;
	tm->tm_mday = day;
	return s + n;
}

/** Reads 10:00, 10:00:00 or 10:00:00.152. @return what follows it, or NULL */
static const char *take_time(const char *s, struct tm *tm, bool end, unsigned *ret_ms)
{
	int n = 0, digits = 0;

	if (!isdigit((unsigned char)*s) ||
		sscanf(s, "%2d:%2d%n", &tm->tm_hour, &tm->tm_min, &n) != 2) {
		return NULL;
	}
	s += n;
	tm->tm_sec = end ? 59 : 0;
	*ret_ms = end ? 999 : 0;
	if (*s != ':') {
		return s;
	}
	if (!isdigit((unsigned char)s[1]) || sscanf(s + 1, "%2d%n", &tm->tm_sec, &n) != 1) {
		return NULL;
	}
	s += 1 + n;
	if (*s != '.' || !isdigit((unsigned char)s[1])) {
		return s;
	}
	for (*ret_ms = 0, s++; isdigit((unsigned char)*s); s++, digits++) {
		if (digits < 3) {
			*ret_ms = *ret_ms * 10 + (unsigned)(*s - '0');
		}
	}
	for (; digits < 3; digits++) {
		*ret_ms *= 10;
	}
	return s;
}

/** Reads Z or +01:00. @return false for anything else */
static bool take_zone(const char *s, int *ret_offset)
{
	int hours, minutes, n = 0;

	*ret_offset = 0;
	if (!strcmp(s, "Z")) {
		return true;
	}
	if ((*s != '+' && *s != '-') || !isdigit((unsigned char)s[1]) ||
		sscanf(s + 1, "%2d:%2d%n", &hours, &minutes, &n) != 2 || s[1 + n]) {
		return false;
	}
	*ret_offset = (hours * 3600 + minutes * 60) * (*s == '-' ? -1 : 1);
	return true;
}

static int finish(struct tm *tm, const char *zone, unsigned ms, uint64_t *ret)
{
	int offset = 0;
	time_t seconds;

	tm->tm_isdst = -1;
	if (*zone && !take_zone(zone, &offset)) {
		return -EINVAL;
	}
	seconds = *zone ? timegm(tm) - offset : mktime(tm);
	if (seconds < 0) {
		return -EINVAL;
	}
	*ret = (uint64_t)seconds * 1000 + ms;
	return 0;
}

static int parse_epoch(const char *s, bool end, uint64_t *ret)
{
	unsigned long long seconds;
	char *rest;

	errno = 0;
	seconds = strtoull(s, &rest, 10);
	if (!isdigit((unsigned char)*s) || errno || *rest ||
		seconds > UINT64_MAX / 1000 - 1) {
		return -EINVAL;
	}
	*ret = seconds * 1000 + (end ? 999 : 0);
	return 0;
}

int qm_when_parse(const char *text, bool end, time_t now, uint64_t *ret)
{
	const char *rest;
	unsigned ms = end ? 999 : 0;
	struct tm tm;

	localtime_r(&now, &tm);
	if (*text == '@') {
		return parse_epoch(text + 1, end, ret);
	}
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (!strcmp(text, words[i].word)) {
			words[i].set(&tm);
			return finish(&tm, "", ms, ret);
		}
	}
	rest = take_date(text, &tm);
	if (!rest) {
		rest = take_time(text, &tm, end, &ms);
	} else if (!*rest) {
		tm.tm_hour = end ? 23 : 0;
		tm.tm_min = tm.tm_sec = end ? 59 : 0;
	} else {
		rest = *rest == ' ' || *rest == 'T' ? take_time(rest + 1, &tm, end, &ms) : NULL;
	}
	return rest && in_range(&tm) ? finish(&tm, rest, ms, ret) : -EINVAL;
}

bool qm_when_is_time(const char *text)
{
	struct tm tm;
	unsigned ms;
	const char *rest = take_time(text, &tm, false, &ms);

	return rest && !*rest;
}
