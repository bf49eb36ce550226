/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A record as a Windows event: what all formats print.
 */
#ifndef QM_VIEW_H
#define QM_VIEW_H

#include "line.h"
#include "schema.h"
#include "selector.h"
#include "value.h"

/** Bytes for the texts of an event: those of the longest line, all escaped. */
#define QM_VIEW_ARENA_SIZE (8 * QM_LINE_LEN_MAX)

/** Who the events are said to be from; what is NULL is as it comes. */
struct qm_origin_names {
	const char *provider;
	const char *computer;
	/** this host's name, for records without a node */
	const char *host;
};

struct qm_value {
	/** as the event's data has it, "-" when it is missing */
	struct qm_span data;
	/** the same with codes resolved */
	struct qm_span shown;
};

/** A field of the record that no field of the event tells in full. */
struct qm_extra {
	/** QM_KEY_OTHER for one that this version does not know, or makes itself */
	enum qm_key key;
	struct qm_span name;
	struct qm_span value;
	/** a number that the view made; of others the key tells */
	bool number;
};

struct qm_view {
	const struct qm_schema_event *event;
	const struct qm_line *line;
	uint64_t time_ms;
	uint64_t record_id;
	uint64_t pid;
	bool success;
	struct qm_span provider;
	/** .s is NULL for none */
	struct qm_span provider_guid;
	struct qm_span computer;
	struct qm_value values[QM_SCHEMA_FIELDS_MAX];
	struct qm_extra extras[QM_LINE_FIELDS_MAX + 8];
	unsigned n_extras;

	/* of the conversion */
	bool told[QM_KEY_MAX];
	struct qm_selector local;
	struct qm_selector remote;
	struct qm_arena arena;
};

/** @return a view to be filled again and again, or NULL without memory */
struct qm_view *qm_view_new(void);

/** @return NULL */
struct qm_view *qm_view_free(struct qm_view *view);

/**
 * Makes an event of a record. The view is valid as long as the line, and until it
 * is filled again.
 *
 * @param extras	with what the record has beyond the event
 */
void qm_view_fill(struct qm_view *view, const struct qm_line *line,
				  const struct qm_origin_names *names, bool extras);

/** Sets a value that has no code, "-" for an empty one. */
void qm_view_set(struct qm_view *view, unsigned i, struct qm_span data);

/** What a field says, decoded; an empty span for one that is missing or "?". */
struct qm_span qm_view_text(struct qm_view *view, enum qm_key key);

#endif
