/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Formats: how events are printed.
 */
#ifndef QM_RENDER_H
#define QM_RENDER_H

#include "out.h"
#include "view.h"

/** How a format is to look. */
struct qm_style {
	/** XML with lines and indentation */
	bool pretty;
	/** escape sequences for a terminal */
	bool color;
	/** columns of the table */
	bool with_node;
	unsigned node_width;
	unsigned peer_width;
	unsigned name_width;
};

struct qm_format {
	const char *name;
	/**
	 * Makes what all events share, before anything is printed, by one thread; or
	 * NULL. May be called again. @return 0 or -ENOMEM
	 */
	int (*prepare)(void);
	/** before the first event, or NULL */
	void (*begin)(struct qm_out *out, const struct qm_style *style);
	void (*event)(struct qm_out *out, const struct qm_view *view,
				  const struct qm_style *style);
	/** it shows what records have beyond events */
	bool extras;
};

/** All formats, ended by one without a name. The first is the default. */
extern const struct qm_format qm_formats[];

/** A format by its name, or NULL. */
const struct qm_format *qm_format_find(const char *name);

void qm_render_text(struct qm_out *out, const struct qm_view *view,
					const struct qm_style *style);
void qm_render_table_begin(struct qm_out *out, const struct qm_style *style);
void qm_render_table(struct qm_out *out, const struct qm_view *view,
					 const struct qm_style *style);
void qm_render_xml(struct qm_out *out, const struct qm_view *view,
				   const struct qm_style *style);
int qm_render_json_prepare(void);
void qm_render_json(struct qm_out *out, const struct qm_view *view,
					const struct qm_style *style);
int qm_render_csv_prepare(void);
void qm_render_csv_begin(struct qm_out *out, const struct qm_style *style);
void qm_render_csv(struct qm_out *out, const struct qm_view *view,
				   const struct qm_style *style);

/**
 * Appends a message with the view's values in place of %1 and so on.
 *
 * @param message	the event's message, or one made from it
 * @param put		how a value is written
 */
void qm_render_message(struct qm_out *out, const struct qm_view *view,
					   struct qm_span message,
					   void (*put)(struct qm_out *out, struct qm_span text));

/** Windows' word for the class. */
struct qm_span qm_render_keyword(const struct qm_view *view);

#endif
