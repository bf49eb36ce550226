/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "reader/auditcsv.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "reader/encoding.h"
#include "test.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

#define HEADER                                                           \
	"Machine Name,Policy Target,Subcategory,Subcategory GUID,Inclusion " \
	"Setting,Exclusion "                                                 \
	"Setting,Setting Value\r\n"
#define LOGON                                                                 \
	",System,Audit Logon,{0cce9215-69ae-11d9-bed3-505054503030},Success and " \
	"Failure,,3\r\n"
#define OPTION ",,Option:CrashOnAuditFail,,Disabled,,0\r\n"
#define OURS(setting)                                                                \
	",System,Audit IPsec Quick Mode,{0CCE9219-69AE-11D9-BED3-505054503030}," setting \
	"\r\n"
#define OURS_LOWER(setting)                                                          \
	",System,Audit IPsec Quick Mode,{0cce9219-69ae-11d9-bed3-505054503030}," setting \
	"\r\n"

#define REFUSED QM_AUDITCSV_ZERO_REFUSED
#define ZERO_NONE QM_AUDITCSV_ZERO_NONE
#define ZERO_UNCHANGED QM_AUDITCSV_ZERO_UNCHANGED

/** A file, what 0 means, and what is asked for: NULL for an error. */
static const struct {
	const char *text;
	enum qm_auditcsv_zero zero;
	const char *state;
	bool unchanged;
	/** what is told, "" for nothing, or of the error */
	const char *words;
	unsigned line;
} wishes[] = {
	{ HEADER LOGON OURS_LOWER("Success,,1"), REFUSED, "success", false, "", 0 },
	{ HEADER OURS("Failure,,2") LOGON, REFUSED, "failure", false, "", 0 },
	{ HEADER OURS("Success and Failure,,3"), REFUSED, "success-and-failure", false, "",
	  0 },
	{ HEADER OURS("No Auditing,,4"), REFUSED, "no-auditing", false, "", 0 },
	{ HEADER OURS("Not Specified,,0"), REFUSED, "not-configured", true, "no change", 2 },
	{ HEADER OURS(",,0"), REFUSED, "not-configured", true, "no change", 2 },
	/* the trap */
	{ HEADER LOGON OURS("No Auditing,,0"), REFUSED, NULL, false, "--zero=none", 3 },
	{ HEADER OURS("No Auditing,,0"), ZERO_NONE, "no-auditing", false, "No Auditing", 2 },
	{ HEADER OURS("No Auditing,,0"), ZERO_UNCHANGED, "not-configured", true, "unchanged",
	  2 },
	/* the value counts, and that is told where the text says otherwise */
	{ HEADER OURS("No Auditing,,3"), REFUSED, "success-and-failure", false,
	  "the value counts", 2 },
	{ HEADER OURS("Success,,0"), ZERO_NONE, "not-configured", true, "the value counts",
	  2 },
	{ HEADER OURS("Erfolg,,1"), REFUSED, "success", false, "the value counts", 2 },
	/* a report of auditpol /get /r has no value */
	{ "Machine Name,Policy Target,Subcategory,Subcategory GUID,Inclusion "
	  "Setting,Exclusion "
	  "Setting\r\n\r\nPC,System,IPsec Quick Mode,{0CCE9219-69AE-11D9-BED3-505054503030},"
	  "No Auditing,\r\n",
	  REFUSED, "no-auditing", false, "", 0 },
	{ HEADER OURS("Failure"), REFUSED, "failure", false, "", 0 },
	{ HEADER OURS("Erfolg"), REFUSED, NULL, false, "'Erfolg'", 2 },
	/* quotes, a GUID without braces, no policy target, LF */
	{ HEADER "\"PC \"\"1\"\"\",\"System\",x,\"{0CCE9219-69AE-11D9-BED3-505054503030}\","
			 "\"Success\",\"\",\"1\"\n",
	  REFUSED, "success", false, "", 0 },
	{ HEADER ",,x,0cce9219-69ae-11d9-bed3-505054503030,Failure,,2", REFUSED, "failure",
	  false, "", 0 },
	{ HEADER "\"a\r\nb\",,x,y,z,,1\r\n" OURS("No Auditing,,0"), REFUSED, NULL, false,
	  "--zero", 4 },
	/* a user's row is not ours, a row twice is */
	{ HEADER ",S-1-5-21-7,x,{0CCE9219-69AE-11D9-BED3-505054503030},,Failure,2\r\n" OURS(
		  "Success,,1") OURS("Success,,1"),
	  REFUSED, "success", false, "", 0 },
	{ HEADER OURS("Success,,1") OURS("Failure,,2"), REFUSED, NULL, false, "line 2", 3 },
	/* what is no audit.csv */
	{ HEADER LOGON OPTION, REFUSED, NULL, false, "has no row", 0 },
	{ HEADER OURS("Success,,5"), REFUSED, NULL, false, "'5' is not one of", 2 },
	{ HEADER OURS("Success,,-1"), REFUSED, NULL, false, "'-1' is not one of", 2 },
	{ HEADER "\"abc\r\n", REFUSED, NULL, false, "has no end", 2 },
	{ HEADER "\"abc\"d,e\r\n", REFUSED, NULL, false, "behind a quoted cell", 2 },
	{ "", REFUSED, NULL, false, "no column", 1 },
	{ "a,b\n", REFUSED, NULL, false, "no column", 1 },
	{ OURS("Success,,1"), REFUSED, NULL, false, "no column", 1 },
};

static int read_wish(const char *text, enum qm_auditcsv_zero zero,
					 struct qm_auditcsv_wish *wish, struct qm_complaint *why)
{
	struct qm_auditcsv_row row;
	int error = qm_auditcsv_find(text, strlen(text), &row, why);

	return error < 0 ? error : qm_auditcsv_read(&row, zero, wish, why);
}

static void check_words(const struct qm_complaint *said, const char *words, unsigned line)
{
	QM_INT(said->line, line);
	if (!*words || !strstr(said->text, words)) {
		QM_STR(said->text, words);
	}
}

static void test_wishes(void)
{
	for (size_t i = 0; i < COUNT(wishes); i++) {
		struct qm_auditcsv_wish wish = { 0 };
		struct qm_complaint why = { 0 };
		int ret = read_wish(wishes[i].text, wishes[i].zero, &wish, &why);

		if (!wishes[i].state) {
			CU_ASSERT(ret < 0);
			check_words(&why, wishes[i].words, wishes[i].line);
			continue;
		}
		QM_OK(ret);
		QM_STR(qm_policy_name(wish.policy), wishes[i].state);
		QM_INT(wish.unchanged, wishes[i].unchanged);
		check_words(&wish.note, wishes[i].words, wishes[i].line);
	}
}

/** A file before, the policy, and the file after. */
static const struct {
	const char *before;
	struct qm_policy policy;
	const char *after;
} writings[] = {
	{ "", { QM_TRI_YES, QM_TRI_NO }, HEADER OURS("Success,,1") },
	{ HEADER LOGON OURS_LOWER("Success,,1") OPTION,
	  { QM_TRI_YES, QM_TRI_YES },
	  HEADER LOGON OURS_LOWER("Success and Failure,,3") OPTION },
	{ HEADER LOGON OPTION,
	  { QM_TRI_NO, QM_TRI_YES },
	  HEADER LOGON OURS("Failure,,2") OPTION },
	{ HEADER OURS("No Auditing,,0"),
	  { QM_TRI_NO, QM_TRI_UNKNOWN },
	  HEADER OURS("No Auditing,,4") },
	{ HEADER OURS("Success,,1"),
	  { QM_TRI_UNKNOWN, QM_TRI_UNKNOWN },
	  HEADER OURS("Not Specified,,0") },
	/* nothing else of the row, and of others, changes */
	{ HEADER "\"P\",system,\"q\"\"m\",\"{0cce9219-69AE-11D9-BED3-505054503030}\","
			 "\"Success\",\"e\", 1 ,more\r\n",
	  { QM_TRI_NO, QM_TRI_YES },
	  HEADER "\"P\",system,\"q\"\"m\",\"{0cce9219-69AE-11D9-BED3-505054503030}\","
			 "Failure,\"e\",2,more\r\n" },
	{ HEADER "\n\nPC,System,x,{0CCE9219-69AE-11D9-BED3-505054503030}\nlast",
	  { QM_TRI_YES, QM_TRI_NO },
	  HEADER "\n\nPC,System,x,{0CCE9219-69AE-11D9-BED3-505054503030},Success,,1\nlast" },
	/* columns in another order, LF, no end of the last line */
	{ "Setting Value,Subcategory GUID,Inclusion Setting,Policy Target",
	  { QM_TRI_YES, QM_TRI_NO },
	  "Setting Value,Subcategory GUID,Inclusion Setting,Policy Target\r\n"
	  "1,{0CCE9219-69AE-11D9-BED3-505054503030},Success,System\r\n" },
	{ "Setting Value,Subcategory GUID,Inclusion Setting\n",
	  { QM_TRI_YES, QM_TRI_NO },
	  "Setting Value,Subcategory GUID,Inclusion Setting\n"
	  "1,{0CCE9219-69AE-11D9-BED3-505054503030},Success\n" },
};

static void test_writings(void)
{
	for (size_t i = 0; i < COUNT(writings); i++) {
		struct qm_complaint why;
		char *text = NULL, *terminated;
		size_t size = 0;

		QM_OK_FATAL(qm_auditcsv_write(writings[i].before, strlen(writings[i].before),
									  writings[i].policy, &text, &size, &why));
		terminated = strndup(text, size);
		QM_STR(terminated, writings[i].after);
		free(terminated);
		free(text);
	}
}

/** A report has no column for the value, so a policy cannot be written into it. */
static void test_report(void)
{
	static const char report[] = "Subcategory GUID,Inclusion Setting\r\n";
	struct qm_complaint why;
	char *text;
	size_t size;

	QM_FAILS(qm_auditcsv_write(report, strlen(report),
							   (struct qm_policy){ QM_TRI_YES, QM_TRI_YES }, &text, &size,
							   &why),
			 -EINVAL);
}

/** What is exported is imported as the same policy. */
static void test_round_trip(void)
{
	static const struct qm_policy policies[] = { { QM_TRI_YES, QM_TRI_NO },
												 { QM_TRI_NO, QM_TRI_YES },
												 { QM_TRI_YES, QM_TRI_YES },
												 { QM_TRI_NO, QM_TRI_NO } };

	for (size_t i = 0; i < COUNT(policies); i++) {
		struct qm_auditcsv_row row;
		struct qm_auditcsv_wish wish = { .unchanged = true };
		struct qm_complaint why;
		char *text;
		size_t size;

		QM_OK_FATAL(qm_auditcsv_write("", 0, policies[i], &text, &size, &why));
		QM_OK(qm_auditcsv_find(text, size, &row, &why));
		QM_OK(qm_auditcsv_read(&row, REFUSED, &wish, &why));
		QM_INT(wish.unchanged, false);
		QM_STR(wish.note.text, "");
		QM_STR(qm_policy_name(wish.policy), qm_policy_name(policies[i]));
		free(text);
	}
}

/** Bytes, their text, NULL for an error. */
static const struct {
	const char *data;
	size_t size;
	const char *text;
} encodings[] = {
	{ "a\xfc", 2, "a\xfc" },
	{ "\xef\xbb\xbf"
	  "a\xc3\xbc",
	  6, "a\xc3\xbc" },
	{ "\xff\xfe"
	  "a\0\xfc\0\x3d\xd8\x00\xde",
	  10, "a\xc3\xbc\xf0\x9f\x98\x80" },
	{ "\xfe\xff"
	  "\0a\0\xfc",
	  6, "a\xc3\xbc" },
	{ "\xff\xfe", 2, "" },
	{ "", 0, "" },
	{ "\xff\xfe"
	  "a\0b",
	  5, NULL },
	{ "\xff\xfe"
	  "a\0\x3d\xd8",
	  6, NULL },
	{ "\xff\xfe"
	  "\0\0",
	  4, NULL },
	{ "a\0b\0", 4, NULL },
};

static void test_encodings(void)
{
	for (size_t i = 0; i < COUNT(encodings); i++) {
		struct qm_complaint why = { 0 };
		enum qm_encoding encoding;
		char *text = NULL, *data = NULL;
		size_t size = 0, data_size = 0;
		int ret = qm_decode(encodings[i].data, encodings[i].size, &text, &size, &encoding,
							&why);

		if (!encodings[i].text) {
			QM_FAILS(ret, -EILSEQ);
			CU_ASSERT(why.text[0]);
			continue;
		}
		QM_OK_FATAL(ret);
		QM_INT(size, strlen(encodings[i].text));
		CU_ASSERT(!memcmp(text, encodings[i].text, size));
		QM_OK_FATAL(qm_encode(text, size, encoding, &data, &data_size));
		QM_INT(data_size, encodings[i].size);
		CU_ASSERT(!memcmp(data, encodings[i].data, data_size));
		free(text);
		free(data);
	}
}

CU_TestInfo auditcsv_tests[] = {
	{ "rows ask for a policy, or not", test_wishes },
	{ "a policy is written, and nothing else changes", test_writings },
	{ "a report is not written into", test_report },
	{ "what is exported is imported the same", test_round_trip },
	{ "encodings are recognized and kept", test_encodings },
	CU_TEST_INFO_NULL,
};
