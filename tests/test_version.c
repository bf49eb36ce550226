/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "../plugin/qm_audit_version.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "swan_kit.h"
#include "test.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/** A string with the NULs in it, without the one at its end. */
#define IMAGE(text) text, sizeof(text) - 1

static const struct {
	char *image;
	size_t len;
	char *want;
	bool found;
	const char *other;
} cases[] = {
	/* as in the daemons of 5.9.8 and 6.1.0 */
	{ IMAGE("charon\0" "5.9.8\0" "charon-"), "5.9.8", true, "" },
	{ IMAGE("(strongSwan 5.9.8, %s %s, %s)"), "5.9.8", true, "" },
	{ IMAGE("(strongSwan 5.9.8)\0"), "5.9.8", true, "" },
	{ IMAGE("strongSwan 5.9.8\n"), "5.9.8", true, "" },
	{ IMAGE("strongSwan 5.9.8 "), "5.9.8", true, "" },
	/* edges of the image */
	{ IMAGE("5.9.8"), "5.9.8", true, "" },
	{ IMAGE("5.9.8\0"), "5.9.8", true, "" },
	{ IMAGE("\0" "5.9.8"), "5.9.8", true, "" },
	{ IMAGE("strongSwan 5.9.8"), "5.9.8", true, "" },
	{ IMAGE("trongSwan 5.9.8"), "5.9.8", false, "" },
	{ IMAGE(""), "5.9.8", false, "" },
	{ IMAGE("5"), "5.9.8", false, "" },
	{ IMAGE("5."), "5.9.8", false, "" },
	{ IMAGE("5.9"), "5.9.8", false, "" },
	{ IMAGE("5.9."), "5.9.8", false, "" },
	/* others */
	{ IMAGE("\0" "5.9.9\0"), "5.9.8", false, "5.9.9" },
	{ IMAGE("\0" "5.9.80\0"), "5.9.8", false, "5.9.80" },
	{ IMAGE("\0" "15.9.8\0"), "5.9.8", false, "15.9.8" },
	{ IMAGE("\0" "5.9.8\0"), "5.9.80", false, "5.9.8" },
	{ IMAGE("\0" "5.9.8\0" "5.9.9\0"), "5.9.9", true, "5.9.8" },
	{ IMAGE("\0" "6.0.1\0" "6.0.2\0"), "5.9.8", false, "6.0.1" },
	{ IMAGE("(strongSwan 6.1.0, %s"), "5.9.8", false, "6.1.0" },
	/* suffixes */
	{ IMAGE("\0" "6.0.0rc1\0"), "6.0.0rc1", true, "" },
	{ IMAGE("\0" "6.0.0rc1\0"), "6.0.0", false, "6.0.0rc1" },
	{ IMAGE("\0" "6.0.0\0"), "6.0.0rc1", false, "6.0.0" },
	{ IMAGE("strongSwan 5.9.12dr2,"), "5.9.12dr2", true, "" },
	{ IMAGE("\0" "5.9.8abcdefgh\0"), "5.9.8", false, "5.9.8abcdefgh" },
	{ IMAGE("\0" "5.9.8abcdefghi\0"), "5.9.8", false, "" },
	/* what is no version */
	{ IMAGE("\0" "127.0.0.1\0" "0.0.0.0\0" "255.255.255.255\0"), "0.0.1", false, "" },
	{ IMAGE("\0" "0.0.0.0/0\0" "10.0.0.0/8\0"), "0.0.0", false, "" },
	{ IMAGE("GLIBC_2.2.5\0" "GLIBC_2.34\0" "LIBSYSTEMD_209\0"), "2.2.5", false, "" },
	{ IMAGE("OpenSSL 3.0.15 3 Sep 2024\0"), "3.0.15", false, "" },
	{ IMAGE("\0" "OpenSSL 1.1.1w  11 Sep 2023\0"), "1.1.1w", false, "" },
	{ IMAGE("GCC: (Debian 12.2.0-14) 12.2.0\0"), "12.2.0", false, "" },
	{ IMAGE("\0" "1.2.840.113549.1.1.1\0"), "1.2.840", false, "" },
	{ IMAGE("\0" "5.9.8.1\0"), "5.9.8", false, "" },
	{ IMAGE("\0" "5.9.8-1\0"), "5.9.8", false, "" },
	{ IMAGE("strongSwan 5.9.8-1"), "5.9.8", false, "" },
	{ IMAGE("strongSwan 5.9.8.1"), "5.9.8", false, "" },
	{ IMAGE("\0" "5.9.8 \0"), "5.9.8", false, "" },
	{ IMAGE("strongswan 5.9.8,"), "5.9.8", false, "" },
	{ IMAGE("StrongSwan  5.9.8,"), "5.9.8", false, "" },
	{ IMAGE("\0" "1234.5.6\0" "1.2345.6\0" "1.2.3456\0"), "1.2.3", false, "" },
	{ IMAGE("\0" ".5.9.8\0" "5..9.8\0" "v5.9.8\0"), "5.9.8", false, "" },
};

static void test_find(void)
{
	for (size_t i = 0; i < COUNT(cases); i++) {
		char other[QM_AUDIT_VERSION_MAX] = "untouched";
		bool found;
		/* of just this size, so that reading beyond it shows */
		chunk_t image = chunk_clone(chunk_create((u_char *)cases[i].image,
												 cases[i].len));

		found = qm_audit_version_find(image, cases[i].want, other);
		chunk_free(&image);
		if (found != cases[i].found || !streq(other, cases[i].other)) {
			printf("# case %zu, %s in \"%s\"\n", i, cases[i].want, cases[i].image);
		}
		QM_INT(found, cases[i].found);
		QM_STR(other, cases[i].other);
	}
}

/** In the middle of a lot of other things, at any offset. */
static void test_find_in_noise(void)
{
	static const char version[] = "\0" "5.9.8";
	char other[QM_AUDIT_VERSION_MAX];
	chunk_t image = chunk_alloc(100000);
	size_t i, at;

	for (i = 0; i < image.len; i++) {
		image.ptr[i] = (u_char)"x.0 1\n9.-"[rand() % 9];
	}
	CU_ASSERT_FALSE(qm_audit_version_find(image, "5.9.8", other));
	for (at = 0; at < image.len - sizeof(version); at += 997) {
		u_char saved[sizeof(version)];

		memcpy(saved, image.ptr + at, sizeof(version));
		memcpy(image.ptr + at, version, sizeof(version));
		CU_ASSERT(qm_audit_version_find(image, "5.9.8", other));
		memcpy(image.ptr + at, saved, sizeof(version));
	}
	chunk_free(&image);
}

/**
 * The daemon is this program, which has the version's text; it becomes one with
 * mediation by loading a libcharon that has it.
 */
static void test_check(void)
{
	const char *without = "qm-audit: not loaded: built for a strongSwan with mediation "
						  "(--enable-mediation), but this one was built without it";
	bool good;

	swan_capture();
	good = qm_audit_version_check();
#ifdef ME
	CU_ASSERT_FALSE(good);
	QM_STR(swan_log(0), without);
	QM_INT(swan_logs(), 1);
#else
	CU_ASSERT(good);
	(void)without;
#endif
	swan_release();
	if (!dlopen(LIBCHARON, RTLD_NOW | RTLD_GLOBAL)) {
		qm_test_skip("libcharon cannot be loaded: apt-get install strongswan-libcharon");
		return;
	}
	swan_capture();
	CU_ASSERT(qm_audit_version_check());
	QM_INT(swan_logs(), 0);
	swan_release();
}

CU_TestInfo version_tests[] = {
	{ "tells versions from other texts", test_find },
	{ "finds one in a large binary", test_find_in_noise },
	{ "compares mediation", test_check },
	CU_TEST_INFO_NULL,
};
