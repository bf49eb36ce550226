/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The one table of events: what every format, and the documentation, is made from.
 */
#ifndef QM_SCHEMA_H
#define QM_SCHEMA_H

#include "codes.h"
#include "keys.h"

/** Most fields of an event. */
#define QM_SCHEMA_FIELDS_MAX 26

#define QM_PROVIDER_WINDOWS "Microsoft-Windows-Security-Auditing"
#define QM_PROVIDER_WINDOWS_GUID "{54849625-5478-4994-a5ba-3e3b0328c30d}"
/** Of events that Windows does not have. */
#define QM_PROVIDER_OWN "qm-audit"

#define QM_KEYWORDS_SUCCESS "0x8020000000000000"
#define QM_KEYWORDS_FAILURE "0x8010000000000000"

/** Windows' types of values. */
enum qm_type {
	QM_TYPE_STRING,
	QM_TYPE_UINT32,
	QM_TYPE_UINT64,
	QM_TYPE_SID,
	QM_TYPE_HEXINT64,
	QM_TYPE_GUID,
	QM_TYPE_MAX,
};

struct qm_view;

/** A field of an event. */
struct qm_schema_field {
	/** Windows' name in the data */
	const char *name;
	/** Windows' label in the message */
	const char *label;
	enum qm_type type;
	/** sets a view's value; see convert.h */
	void (*convert)(struct qm_view *view, const struct qm_schema_field *field,
					unsigned i);
	/** the record's field that it comes from, QM_KEY_OTHER for none */
	enum qm_key key;
	/** codes, if there are any */
	const struct qm_word *words;
	/** a fixed value, or NULL */
	const char *fixed;
	/** what else there is to say about where it comes from, or NULL */
	const char *note;
};

struct qm_schema_event {
	/** 0 for a record that is none of the others */
	unsigned id;
	unsigned version;
	unsigned task;
	const char *task_name;
	/** one of our own, which Windows does not have */
	bool own;
	/** what op= says, NULL for any */
	const char *op;
	/** a word for it */
	const char *name;
	/** the class that its records have, for the documentation */
	const char *outcome;
	/** the Elastic Common Schema's event.action, .category and .type */
	const char *action;
	const char *category;
	const char *ecs_type;
	/** Windows' text, with %1 for the first field */
	const char *message;
	const struct qm_schema_field *fields;
	unsigned n_fields;
};

/** All events; the last is for records that are none of the others. */
extern const struct qm_schema_event qm_schema[];
extern const unsigned qm_schema_count;

/** The event that a record is, by its event-id=, or op=. Never NULL. */
const struct qm_schema_event *qm_schema_find(struct qm_span id, struct qm_span op);

/** Name of a type as Windows' manifest has it: "UnicodeString". */
const char *qm_type_name(enum qm_type type);

#endif
