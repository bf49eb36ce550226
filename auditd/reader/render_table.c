/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Table: one line for each event.
 */
#include "render.h"

#include <inttypes.h>

#define EVENT_WIDTH 14

static struct qm_span known(const struct qm_view *view, enum qm_key key)
{
	return qm_line_known(view->line, key);
}

/** The details of an event, as they are put together. */
struct details {
	struct qm_out *out;
	const struct qm_view *view;
	/** there is something already */
	bool any;
};

/** Appends a word, if it is one, and a value, if there is one. */
static void put(struct details *d, const char *word, struct qm_span value)
{
	if (!value.len || qm_span_is(value, "-")) {
		return;
	}
	qm_out_string(d->out, d->any ? " " : "");
	if (*word) {
		qm_out_string(d->out, word);
		qm_out_char(d->out, ' ');
	}
	qm_out_put(d->out, value);
	d->any = true;
}

/** The same for a field of the record. */
static void put_field(struct details *d, const char *word, enum qm_key key)
{
	char buf[8192];
	struct qm_arena arena = { buf, sizeof(buf), 0 };
	const struct qm_span value = known(d->view, key);

	if (value.len) {
		put(d, word, qm_value_decode(&arena, key, d->view->line->plain, value));
	}
}

/** And for a field of the event. */
static struct qm_span value_of(const struct qm_view *view, const char *name)
{
	for (unsigned i = 0; i < view->event->n_fields; i++) {
		if (!strcmp(view->event->fields[i].name, name)) {
			return view->values[i].shown;
		}
	}
	return (struct qm_span){ 0 };
}

static void put_spi(struct details *d, const char *word, enum qm_key key)
{
	const uint32_t spi = qm_span_spi(known(d->view, key));
	char buf[16];
	struct qm_arena arena = { buf, sizeof(buf), 0 };

	if (spi) {
		put(d, word, qm_arena_print(&arena, "0x%" PRIx32, spi));
	}
}

static void put_selectors(struct details *d)
{
	put_field(d, "", QM_KEY_LOCAL_TS);
	put_field(d, "==", QM_KEY_REMOTE_TS);
}

static void put_kind(struct details *d)
{
	const struct qm_span satype = known(d->view, QM_KEY_SATYPE);

	if (qm_span_is(satype, "ipsec-esp")) {
		put(d, "", QM_SPAN("ESP"));
	} else if (qm_span_is(satype, "ipsec-ah")) {
		put(d, "", QM_SPAN("AH"));
	}
	put_field(d, "", QM_KEY_SAMODE);
}

static void put_established(struct details *d)
{
	const struct qm_span cipher = value_of(d->view, "CipherType");
	const struct qm_span esp = value_of(d->view, "EspAuthType");

	put_kind(d);
	put(d, "", cipher);
	put(d, "", qm_span_same(esp, cipher) ? (struct qm_span){ 0 } : esp);
	put(d, "", value_of(d->view, "AhAuthType"));
	put_selectors(d);
	put_spi(d, "in", QM_KEY_IN_SPI);
	put_spi(d, "out", QM_KEY_OUT_SPI);
	put_field(d, "replaces", QM_KEY_OLD_CHILD_SA);
	put_field(d, "user", QM_KEY_ACCT);
}

static void put_ended(struct details *d)
{
	put_field(d, "", QM_KEY_REASON);
	put_field(d, "by", QM_KEY_ENDED_BY);
	put_field(d, "seconds", QM_KEY_DURATION);
	put_field(d, "bytes-in", QM_KEY_BYTES_IN);
	put_field(d, "bytes-out", QM_KEY_BYTES_OUT);
	put_spi(d, "in", QM_KEY_IN_SPI);
	put_spi(d, "out", QM_KEY_OUT_SPI);
}

static void put_failed(struct details *d)
{
	put_field(d, "", QM_KEY_REASON);
	put_field(d, "at", QM_KEY_FAILURE_POINT);
	put_field(d, "notify", QM_KEY_NOTIFY);
	put_field(d, "in", QM_KEY_EXCHANGE);
	put_selectors(d);
	put_field(d, "count", QM_KEY_COUNT);
}

static void put_invalid(struct details *d)
{
	put_field(d, "", QM_KEY_REASON);
	put_field(d, "in", QM_KEY_EXCHANGE);
	put_field(d, "authenticated", QM_KEY_AUTHENTICATED);
	put_field(d, "count", QM_KEY_COUNT);
}

static void put_policy(struct details *d)
{
	put_field(d, "from", QM_KEY_OLD_POLICY);
	put_field(d, "to", QM_KEY_NEW_POLICY);
}

static void put_all(struct details *d)
{
	for (unsigned i = 0; i < d->view->event->n_fields; i++) {
		put(d, d->view->event->fields[i].label, d->view->values[i].shown);
	}
}

static void put_details(struct qm_out *out, const struct qm_view *view)
{
	struct details d = { .out = out, .view = view };

	switch (view->event->id) {
	case 5451:
		put_established(&d);
		break;
	case 5452:
		put_ended(&d);
		break;
	case 4654:
		put_failed(&d);
		break;
	case 4977:
		put_invalid(&d);
		break;
	case 4719:
		put_policy(&d);
		break;
	default:
		put_all(&d);
	}
}

static void put_name(struct qm_out *out, const struct qm_view *view,
					 const struct qm_style *style)
{
	char buf[8192];
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
	char buf[1024];
	struct qm_arena arena = { buf, sizeof(buf), 0 };
	struct qm_span peer = known(view, QM_KEY_RADDR);

	if (!peer.s) {
		peer = known(view, QM_KEY_SRC_ADDR);
	}
	peer = qm_selector_address(
		qm_value_decode(&arena, QM_KEY_RADDR, view->line->plain, peer));
	qm_out_padded(out, peer.len ? peer : QM_SPAN("-"), style->peer_width);
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
	const char *color = style->color ? color_of(view) : "";

	qm_out_local(out, view->time_ms);
	QM_OUT(out, "  ");
	if (style->with_node) {
		qm_out_padded(out, view->computer, style->node_width);
		QM_OUT(out, "  ");
	}
	qm_out_string(out, color);
	qm_out_string(out, view->event->id < 1000 ? "   " : "");
	qm_out_number(out, view->event->id);
	QM_OUT(out, "  ");
	qm_out_padded(out, qm_span_of(view->event->name), EVENT_WIDTH);
	qm_out_string(out, *color ? "\033[0m  " : "  ");
	put_peer(out, view, style);
	QM_OUT(out, "  ");
	put_name(out, view, style);
	QM_OUT(out, "  ");
	put_details(out, view);
	qm_out_char(out, '\n');
}
