/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What reading a log by libauparse costs at least: only lines with our records are fed
 * to it, and every field is asked for its name and value.
 *
 * usage: auparse FILE
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <auparse.h>

static unsigned long records, fields;

static void on_event(auparse_state_t *au, auparse_cb_event_t type, void *data)
{
	(void)data;
	if (type != AUPARSE_CB_EVENT_READY || auparse_first_record(au) <= 0) {
		return;
	}
	records++;
	auparse_first_field(au);
	do {
		fields += auparse_get_field_name(au) && auparse_get_field_str(au);
	} while (auparse_next_field(au) > 0);
}

int main(int argc, char *argv[])
{
	static const char ours[] = "type=CRYPTO_IPSEC_SA ";
	FILE *file = argc == 2 ? fopen(argv[1], "r") : NULL;
	auparse_state_t *au = auparse_init(AUSOURCE_FEED, NULL);
	char *line = NULL;
	size_t size = 0;
	ssize_t len;

	if (!file || !au) {
		perror(argc == 2 ? argv[1] : "auparse FILE");
		return 1;
	}
	auparse_add_callback(au, on_event, NULL, NULL);
	while ((len = getline(&line, &size, file)) > 0) {
		if (!strncmp(line, ours, sizeof(ours) - 1)) {
			auparse_feed(au, line, (size_t)len);
		}
	}
	auparse_flush_feed(au);
	printf("%lu records, %lu fields\n", records, fields);
	auparse_destroy(au);
	free(line);
	fclose(file);
	return 0;
}
