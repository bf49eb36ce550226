/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "qm_audit_version.h"

#include <ctype.h>
#include <dlfcn.h>
#include <errno.h>

#define DAEMON_IMAGE "/proc/self/exe"

/**
 * The group of what is logged before versions have been compared: the first
 * one, as versions number the later ones differently, and 5.9.8 does not log
 * what 6.1 calls DBG_LIB
 */
#define ANY_VERSION DBG_DMN

/** The longest suffix of a version, as in 6.0.0dr12 */
#define SUFFIX_MAX 8

/**
 * Length of a version at a position: three numbers with dots, and perhaps a
 * short suffix; 0 if there is none
 */
static size_t match_version(chunk_t text)
{
	size_t i = 0, part, start;

	for (part = 0; part < 3; part++)
	{
		if (part && (i >= text.len || text.ptr[i++] != '.'))
		{
			return 0;
		}
		start = i;
		while (i < text.len && isdigit(text.ptr[i]))
		{
			i++;
		}
		if (i == start || i - start > 3)
		{
			return 0;
		}
	}
	start = i;
	while (i < text.len && i - start < SUFFIX_MAX && isalnum(text.ptr[i]))
	{
		i++;
	}
	return i;
}

/**
 * Whether a position follows the project's name
 */
static bool follows_name(chunk_t image, size_t pos)
{
	char name[] = "strongSwan ";
	size_t len = strlen(name);

	return pos >= len && memeq(image.ptr + pos - len, name, len);
}

/**
 * Length of the version at a position, 0 if there is none. It is a string of
 * its own or follows the project's name; the versions of other libraries that
 * may be in a binary are named after these.
 */
static size_t match_text(chunk_t image, size_t pos)
{
	bool start = !pos || !image.ptr[pos - 1];
	u_char next = '\0';
	size_t len;

	if (!isdigit(image.ptr[pos]) || (!start && !follows_name(image, pos)))
	{
		return 0;
	}
	len = match_version(chunk_skip(image, pos));
	if (pos + len < image.len)
	{
		next = image.ptr[pos + len];
	}
	if (start ? next : isalnum(next) || next == '.' || next == '-')
	{
		return 0;
	}
	return len;
}

/*
 * Described in header
 */
bool qm_audit_version_find(chunk_t image, char *want,
						   char other[QM_AUDIT_VERSION_MAX])
{
	bool found = FALSE;
	size_t pos, len;

	*other = '\0';
	for (pos = 0; pos < image.len && !found; pos++)
	{
		len = match_text(image, pos);
		if (len && len == strlen(want) && memeq(image.ptr + pos, want, len))
		{
			found = TRUE;
		}
		else if (len && !*other)
		{
			snprintf(other, QM_AUDIT_VERSION_MAX, "%.*s", (int)len,
					 (char*)image.ptr + pos);
		}
	}
	return found;
}

/**
 * Check the text of the daemon's executable
 */
static bool check_image()
{
	char other[QM_AUDIT_VERSION_MAX];
	chunk_t *image;
	bool found;

	image = chunk_map(DAEMON_IMAGE, FALSE);
	if (!image)
	{
		DBG1(ANY_VERSION, "qm-audit: not loaded: unable to read " DAEMON_IMAGE
			 " to check that it is strongSwan " VERSION ": %s",
			 strerror(errno));
		return FALSE;
	}
	found = qm_audit_version_find(*image, VERSION, other);
	chunk_unmap(image);
	if (!found)
	{
		DBG1(ANY_VERSION, "qm-audit: not loaded: built for strongSwan " VERSION
			 ", but this daemon is %s%s; install the qm-audit built for it",
			 *other ? "strongSwan " : "another version", other);
	}
	return found;
}

/**
 * Check the one build option of a version that moves methods within objects
 */
static bool check_mediation()
{
	bool mediation = dlsym(RTLD_DEFAULT, "mediation_manager_create") != NULL;
#ifdef ME
	bool built = TRUE;
#else
	bool built = FALSE;
#endif

	if (mediation != built)
	{
		DBG1(ANY_VERSION, "qm-audit: not loaded: built for a strongSwan %s "
			 "mediation (--%s-mediation), but this one was built %s it",
			 built ? "with" : "without", built ? "enable" : "disable",
			 mediation ? "with" : "without");
	}
	return mediation == built;
}

/*
 * Described in header
 */
bool qm_audit_version_check()
{
	return check_image() && check_mediation();
}
