/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * qm-audit policy: the audit policy, in the manner of Windows' auditpol.
 */
#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "apply.h"
#include "cmd.h"
#include "encoding.h"
#include "file.h"
#include "policy_args.h"

#define EXIT_DONE 0
#define EXIT_NOT_APPLIED 1
#define EXIT_ERROR 2

/** How long charon may take to read its settings. */
#define APPLY_SECONDS 30

/** A file that is not an audit.csv in any encoding. */
#define CSV_RAW_MAX (2 * QM_AUDITCSV_SIZE_MAX)

/** The states, for list. */
static const struct {
	struct qm_policy policy;
	const char *success;
	const char *failure;
	const char *writes;
} states[] = {
	{ { QM_TRI_UNKNOWN, QM_TRI_UNKNOWN }, "not set", "not set", "nothing" },
	{ { QM_TRI_NO, QM_TRI_NO }, "no", "no", "nothing" },
	{ { QM_TRI_YES, QM_TRI_NO }, "yes", "no", "5451, 5452, 4977" },
	{ { QM_TRI_NO, QM_TRI_YES }, "no", "yes", "4654" },
	{ { QM_TRI_YES, QM_TRI_YES }, "yes", "yes", "5451, 5452, 4977, 4654" },
};

static void tell(const char *format, ...) __attribute__((format(printf, 1, 2)));

static void tell(const char *format, ...)
{
	va_list args;

	fflush(stdout);
	fputs("qm-audit policy: ", stderr);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
}

/** Says what is wrong with a file. */
static void tell_complaint(const char *file, const struct qm_complaint *why)
{
	if (!strcmp(file, "-")) {
		file = "standard input";
	}
	if (why->line) {
		tell("%s:%u: %s", file, why->line, why->text);
	} else {
		tell("%s: %s", file, why->text);
	}
}

static int fail(const char *file, const struct qm_complaint *why)
{
	tell_complaint(file, why);
	return EXIT_ERROR;
}

/** Ends a command that printed something. */
static int printed(void)
{
	if (fflush(stdout) || ferror(stdout)) {
		tell("standard output cannot be written: %s", strerror(errno));
		return EXIT_ERROR;
	}
	return EXIT_DONE;
}

/** Says what of the settings does not mean what one may think. */
static void warn(const char *file, const struct qm_snippet *snippet)
{
	for (int key = 0; key < QM_SNIPPET_KEYS; key++) {
		const struct qm_snippet_setting *last =
			qm_snippet_last(snippet, (enum qm_snippet_key)key);

		if (last && last->has_value && last->means == QM_TRI_UNKNOWN) {
			struct qm_complaint why;

			qm_complain(&why, 0, last->line,
						"%s = '%s' is not yes or no and counts as not "
						"set",
						qm_snippet_key_names[key], last->text);
			tell_complaint(file, &why);
		}
	}
	if (snippet->elsewhere) {
		tell("%s:%u: the section takes over settings from elsewhere, which are not "
			 "looked at and may set the policy as well",
			 file, snippet->elsewhere);
	}
}

/** Reads the settings, when nothing is to be changed. */
static int read_settings(const struct qm_policy_args *args, struct qm_policy *ret)
{
	struct qm_snippet snippet;
	struct qm_complaint why;
	char *text = NULL;
	size_t size;
	int error = qm_file_read(args->file, QM_SNIPPET_SIZE_MAX, &text, &size, &why);

	if (!error) {
		error = qm_snippet_scan(text, size, &snippet, &why);
	}
	free(text);
	if (error < 0) {
		return fail(args->file, &why);
	}
	warn(args->file, &snippet);
	*ret = qm_snippet_policy(&snippet);
	return EXIT_DONE;
}

static void print_report(const char *setting)
{
	char host[HOST_NAME_MAX + 1] = "";

	if (gethostname(host, sizeof(host) - 1) < 0) {
		host[0] = '\0';
	}
	printf("Machine Name,Policy Target,Subcategory,Subcategory GUID,Inclusion Setting,"
		   "Exclusion Setting\n"
		   "%s,System," QM_SUBCATEGORY "," QM_SUBCATEGORY_GUID ",%s,\n",
		   host, setting);
}

static int do_get(const struct qm_policy_args *args)
{
	struct qm_policy policy;
	int status = read_settings(args, &policy);

	if (status != EXIT_DONE) {
		return status;
	}
	if (args->csv) {
		print_report(qm_auditcsv_inclusion(policy));
	} else {
		printf("System audit policy\n%-42s%s\n%s\n  %-40s%s\n", "Category/Subcategory",
			   "Setting", QM_CATEGORY, QM_SUBCATEGORY, qm_policy_title(policy));
	}
	return printed();
}

static int do_list(const struct qm_policy_args *args)
{
	if (args->guid) {
		printf("%-42s%s\n%-42s%s\n  %-40s%s\n\n", "Category/Subcategory", "GUID",
			   QM_CATEGORY, QM_CATEGORY_GUID, QM_SUBCATEGORY, QM_SUBCATEGORY_GUID);
	}
	printf("%-22s%-10s%-10s%s\n", "Setting", "success", "failure", "Writes");
	for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++) {
		printf("%-22s%-10s%-10s%s\n", qm_policy_title(states[i].policy),
			   states[i].success, states[i].failure, states[i].writes);
	}
	printf("\nWith invalid_packet_class = failure 4977 goes with 4654.\n");
	return printed();
}

/** Has charon read the settings and says how that went. */
static int apply(const struct qm_policy_args *args)
{
	char output[QM_APPLY_OUTPUT_MAX];

	switch (qm_apply(args->uri, APPLY_SECONDS, output)) {
	case QM_APPLIED:
		return EXIT_DONE;
	case QM_APPLIED_NO_PLUGIN:
		tell("charon runs without the plugin qm-audit, so nothing is written: see that "
			 "the settings have 'load = yes', look into charon's log, and restart it");
		return EXIT_NOT_APPLIED;
	case QM_NOT_RUNNING:
		tell(
			"charon is not running, or without vici; the change waits for its next start "
			"(%s)",
			output);
		return EXIT_NOT_APPLIED;
	case QM_NO_SWANCTL:
		tell("there is no swanctl to tell charon: install it (strongswan-swanctl), send "
			 "charon a SIGHUP, or restart it; until then the change waits");
		return EXIT_NOT_APPLIED;
	case QM_APPLY_LATE:
		tell("charon did not answer within %d seconds; the change waits for "
			 "'swanctl --reload-settings' or its next start",
			 APPLY_SECONDS);
		return EXIT_NOT_APPLIED;
	default:
		tell("charon has not taken the change; set that right, then run "
			 "'swanctl --reload-settings':\n%s",
			 output);
		return EXIT_NOT_APPLIED;
	}
}

/** Says what was and is, and has charon take it. */
static int conclude(const struct qm_policy_args *args, struct qm_policy before,
					struct qm_policy now)
{
	int status = EXIT_DONE;

	if (!args->quiet) {
		printf("before: %s\nnow:    %s\n", qm_policy_title(before), qm_policy_title(now));
		status = printed();
	}
	if (!args->no_apply) {
		int applied = apply(args);

		status = status == EXIT_DONE ? applied : status;
	}
	return status;
}

/** Changes the text of an opened file, and replaces it where that makes it another. */
static int edit_file(const struct qm_policy_args *args, struct qm_file *file,
					 struct qm_snippet_edit edit, struct qm_policy *before,
					 struct qm_policy *now, struct qm_complaint *why)
{
	struct qm_snippet snippet;
	size_t size, new_size = 0;
	const char *text = qm_file_data(file, &size);
	char *new = NULL;
	int error = qm_snippet_scan(text, size, &snippet, why);

	if (!error) {
		*before = qm_snippet_policy(&snippet);
		error = qm_snippet_change(text, size, edit, &new, &new_size, why);
	}
	if (!error) {
		error = qm_snippet_scan(new, new_size, &snippet, why);
	}
	if (!error) {
		warn(args->file, &snippet);
		*now = qm_snippet_policy(&snippet);
		if (new_size != size || memcmp(new, text, size)) {
			error = qm_file_replace(file, new, new_size, why);
		}
	}
	free(new);
	return error;
}

/** Changes the settings. */
static int change(const struct qm_policy_args *args, struct qm_snippet_edit edit)
{
	struct qm_policy before, now;
	struct qm_complaint why;
	struct qm_file *file = NULL;
	int error = qm_file_open(args->file, false, QM_SNIPPET_SIZE_MAX, &file, &why);

	if (!error) {
		error = edit_file(args, file, edit, &before, &now, &why);
	}
	file = qm_file_close(file);
	return error < 0 ? fail(args->file, &why) : conclude(args, before, now);
}

static int do_clear(const struct qm_policy_args *args)
{
	return change(args, (struct qm_snippet_edit){
							.actions = { QM_SNIPPET_REMOVE, QM_SNIPPET_REMOVE } });
}

/** Reads what an audit.csv asks for. */
static int read_wish(const struct qm_policy_args *args, struct qm_auditcsv_wish *ret,
					 struct qm_complaint *why)
{
	struct qm_auditcsv_row row;
	enum qm_encoding encoding;
	char *raw = NULL, *text = NULL;
	size_t raw_size, size;
	int error = qm_file_read(args->csv_file, CSV_RAW_MAX, &raw, &raw_size, why);

	if (!error) {
		error = qm_decode(raw, raw_size, &text, &size, &encoding, why);
	}
	if (!error) {
		error = qm_auditcsv_find(text, size, &row, why);
	}
	if (!error) {
		error = qm_auditcsv_read(&row, args->zero, ret, why);
	}
	free(text);
	free(raw);
	return error;
}

static enum qm_snippet_action action_for(enum qm_tristate tri)
{
	return tri == QM_TRI_YES ? QM_SNIPPET_YES : QM_SNIPPET_NO;
}

static int do_import(const struct qm_policy_args *args)
{
	struct qm_auditcsv_wish wish;
	struct qm_complaint why;
	struct qm_policy policy;

	if (read_wish(args, &wish, &why) < 0) {
		return fail(args->csv_file, &why);
	}
	if (wish.note.text[0]) {
		tell_complaint(args->csv_file, &wish.note);
	}
	if (wish.unchanged) {
		int status = read_settings(args, &policy);

		if (status == EXIT_DONE && !args->quiet) {
			printf("before: %s\nnow:    %s\n", qm_policy_title(policy),
				   qm_policy_title(policy));
			status = printed();
		}
		return status;
	}
	return change(
		args, (struct qm_snippet_edit){ .actions = { action_for(wish.policy.success),
													 action_for(wish.policy.failure) } });
}

static int export_to_output(struct qm_policy policy)
{
	struct qm_complaint why;
	char *text;
	size_t size;

	if (qm_auditcsv_write("", 0, policy, &text, &size, &why) < 0) {
		return fail("standard output", &why);
	}
	fwrite(text, 1, size, stdout);
	free(text);
	return printed();
}

/** Writes the policy into an opened audit.csv, in the encoding that it has. */
static int export_to_file(struct qm_file *file, struct qm_policy policy,
						  struct qm_complaint *why)
{
	size_t raw_size, size, new_size, out_size;
	const char *raw = qm_file_data(file, &raw_size);
	char *text = NULL, *new = NULL, *out = NULL;
	enum qm_encoding encoding;
	int error = qm_decode(raw, raw_size, &text, &size, &encoding, why);

	if (!error) {
		error = qm_auditcsv_write(text, size, policy, &new, &new_size, why);
	}
	if (!error) {
		error = qm_encode(new, new_size, encoding, &out, &out_size);
		if (error < 0) {
			qm_complain(why, error, 0, "cannot be encoded: %s", strerror(-error));
		}
	}
	if (!error && (out_size != raw_size || memcmp(out, raw, raw_size))) {
		error = qm_file_replace(file, out, out_size, why);
	}
	free(out);
	free(new);
	free(text);
	return error;
}

static int do_export(const struct qm_policy_args *args)
{
	struct qm_policy policy;
	struct qm_complaint why;
	struct qm_file *file = NULL;
	int error, status = read_settings(args, &policy);

	if (status != EXIT_DONE) {
		return status;
	}
	if (!strcmp(args->csv_file, "-")) {
		return export_to_output(policy);
	}
	error = qm_file_open(args->csv_file, true, CSV_RAW_MAX, &file, &why);
	if (!error) {
		error = export_to_file(file, policy, &why);
	}
	file = qm_file_close(file);
	if (error < 0) {
		return fail(args->csv_file, &why);
	}
	if (!args->quiet) {
		printf("%s: %s\n", args->csv_file, qm_policy_title(policy));
	}
	return printed();
}

int qm_cmd_policy(int argc, char **argv)
{
	struct qm_policy_args args;
	int status = qm_policy_args_parse(argc, argv, &args);

	if (status >= 0) {
		return status;
	}
	switch (args.action) {
	case QM_POLICY_GET:
		return do_get(&args);
	case QM_POLICY_SET:
		return change(&args, args.edit);
	case QM_POLICY_CLEAR:
		return do_clear(&args);
	case QM_POLICY_LIST:
		return do_list(&args);
	case QM_POLICY_IMPORT:
		return do_import(&args);
	default:
		return do_export(&args);
	}
}
