/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Table: one line for each event.
 */
#include "render.h"

#define EVENT_WIDTH 14

static struct qm_span known(const struct qm_view *view, enum qm_key key)
{
	return qm_line_known(view->line, key);
}

/** Appends a word before a value of the record, if there is one. */
static void put_field(struct qm_out *out, const struct qm_view *view, const char *before,
					  enum qm_key key)
{
	struct qm_span value = known(view, key);

	if (value.len) {
		qm_out_string(out, before);
		if (view->line->plain) {
			qm_out_put(out, value);
		} else {
			char buf[1024];
			struct qm_arena arena = { buf, sizeof(buf), 0 };

			qm_out_put(out, qm_value_clean(&arena, value));
		}
	}
}

static void put_value(struct qm_out *out, const struct qm_view *view, const char *before,
					  const char *name)
{
	for (unsigned i = 0; i < view->event->n_fields; i++) {
		if (!strcmp(view->event->fields[i].name, name)) {
			if (*view->values[i].shown.s != '-') {
				qm_out_string(out, before);
				qm_out_put(out, view->values[i].shown);
			}
			return;
		}
	}
}

static void put_spi(struct qm_out *out, const struct qm_view *view, const char *before,
					enum qm_key key)
{
	const struct qm_span value = known(view, key);
	const char *paren = value.len ? memchr(value.s, '(', value.len) : NULL;

	if (qm_span_spi(value) && paren) {
		const size_t skip = (size_t)(paren - value.s) + 1;

		qm_out_string(out, before);
		qm_out_put(out, (struct qm_span){ paren + 1, value.len - skip - 1 });
	}
}

static void put_selectors(struct qm_out *out, const struct qm_view *view)
{
	if (known(view, QM_KEY_LOCAL_TS).len || known(view, QM_KEY_REMOTE_TS).len) {
		put_field(out, view, " ", QM_KEY_LOCAL_TS);
		QM_OUT(out, " ==");
		put_field(out, view, " ", QM_KEY_REMOTE_TS);
	}
}

static void put_established(struct qm_out *out, const struct qm_view *view)
{
	put_field(out, view, "", QM_KEY_SATYPE);
	put_field(out, view, " ", QM_KEY_SAMODE);
	put_value(out, view, " ", "CipherType");
	if (qm_span_is(known(view, QM_KEY_SATYPE), "ipsec-ah")) {
		put_value(out, view, " ", "AhAuthType");
	} else {
		put_value(out, view, " ", "EspAuthType");
	}
	put_selectors(out, view);
	put_spi(out, view, " in ", QM_KEY_IN_SPI);
	put_spi(out, view, " out ", QM_KEY_OUT_SPI);
	put_field(out, view, " replaces ", QM_KEY_OLD_CHILD_SA);
	put_field(out, view, " user ", QM_KEY_ACCT);
}

static void put_ended(struct qm_out *out, const struct qm_view *view)
{
	put_field(out, view, "", QM_KEY_REASON);
	put_field(out, view, " by ", QM_KEY_ENDED_BY);
	put_field(out, view, " after ", QM_KEY_DURATION);
	put_field(out, view, " s, bytes in ", QM_KEY_BYTES_IN);
	put_field(out, view, " out ", QM_KEY_BYTES_OUT);
	put_spi(out, view, " in ", QM_KEY_IN_SPI);
	put_spi(out, view, " out ", QM_KEY_OUT_SPI);
}

static void put_failed(struct qm_out *out, const struct qm_view *view)
{
	put_field(out, view, "", QM_KEY_REASON);
	put_field(out, view, " at ", QM_KEY_FAILURE_POINT);
	put_field(out, view, " notify ", QM_KEY_NOTIFY);
	put_field(out, view, " in ", QM_KEY_EXCHANGE);
	put_selectors(out, view);
	put_field(out, view, " count ", QM_KEY_COUNT);
}

static void put_invalid(struct qm_out *out, const struct qm_view *view)
{
	put_field(out, view, "", QM_KEY_REASON);
	put_field(out, view, " in ", QM_KEY_EXCHANGE);
	put_field(out, view, " authenticated ", QM_KEY_AUTHENTICATED);
	put_field(out, view, " count ", QM_KEY_COUNT);
}

static void put_extras(struct qm_out *out, const struct qm_view *view)
{
	for (unsigned i = 0; i < view->event->n_fields; i++) {
		if (*view->values[i].shown.s != '-') {
			qm_out_string(out, i ? " " : "");
			qm_out_string(out, view->event->fields[i].label);
			qm_out_char(out, ' ');
			qm_out_put(out, view->values[i].shown);
		}
	}
}

static void put_details(struct qm_out *out, const struct qm_view *view)
{
	switch (view->event->id) {
	case 5451:
		put_established(out, view);
		break;
	case 5452:
		put_ended(out, view);
		break;
	case 4654:
		put_failed(out, view);
		break;
	case 4977:
		put_invalid(out, view);
		break;
	case 4719:
		put_value(out, view, "", "AuditPolicyChanges");
		put_field(out, view, ": ", QM_KEY_NEW_POLICY);
		break;
	default:
		put_extras(out, view);
	}
}

static void put_name(struct qm_out *out, const struct qm_view *view,
					 const struct qm_style *style)
{
	char buf[4096];
	struct qm_arena arena = { buf, sizeof(buf), 0 };
	struct qm_span conn = known(view, QM_KEY_CONN_NAME);
	struct qm_span child = known(view, QM_KEY_CHILD_NAME), both;

	conn = qm_value_decode(&arena, QM_KEY_CONN_NAME, view->line->plain, conn);
	child = qm_value_decode(&arena, QM_KEY_CHILD_NAME, view->line->plain, child);
	both = conn;
	if (child.len) {
		both = qm_arena_join(&arena, conn, conn.len ? QM_SPAN("/") : QM_SPAN(""));
		both = qm_arena_join(&arena, both, child);
	}
	qm_out_padded(out, both.len ? both : QM_SPAN("-"), style->name_width);
}

static void put_peer(struct qm_out *out, const struct qm_view *view,
					 const struct qm_style *style)
{
	struct qm_span peer = known(view, QM_KEY_RADDR);

	if (view->event->id == 4 && view->event->own) {
		peer = known(view, QM_KEY_SRC_ADDR);
	}
	qm_out_padded(out, peer.len && view->line->plain ? peer : QM_SPAN("-"),
				  style->peer_width);
}

static const char *color_of(const struct qm_view *view)
{
	if (!view->success) {
		return "\033[31m";
	}
	switch (view->event->id) {
	case 5451:
		return "\033[32m";
	case 4977:
	case 4:
		return "\033[33m";
	default:
		return "";
	}
}

void qm_render_table_begin(struct qm_out *out, const struct qm_style *style)
{
	qm_out_padded(out, QM_SPAN("TIME"), 25);
	if (style->with_node) {
		qm_out_padded(out, QM_SPAN("COMPUTER"), style->node_width + 2);
	}
	QM_OUT(out, "  ID  ");
	qm_out_padded(out, QM_SPAN("EVENT"), EVENT_WIDTH + 2);
	qm_out_padded(out, QM_SPAN("PEER"), style->peer_width + 2);
	qm_out_padded(out, QM_SPAN("CONNECTION"), style->name_width + 2);
	QM_OUT(out, "DETAILS\n");
}

void qm_render_table(struct qm_out *out, const struct qm_view *view,
					 const struct qm_style *style)
{
	qm_out_local(out, view->time_ms);
	QM_OUT(out, "  ");
	if (style->with_node) {
		qm_out_padded(out, view->computer, style->node_width);
		QM_OUT(out, "  ");
	}
	qm_out_string(out, style->color ? color_of(view) : "");
	qm_out_string(out, view->event->id < 1000 ? "   " : "");
	qm_out_number(out, view->event->id);
	QM_OUT(out, "  ");
	qm_out_padded(out, qm_span_of(view->event->name), EVENT_WIDTH);
	qm_out_string(out, style->color ? "\033[0m  " : "  ");
	put_peer(out, view, style);
	QM_OUT(out, "  ");
	put_name(out, view, style);
	QM_OUT(out, "  ");
	put_details(out, view);
	qm_out_char(out, '\n');
}
