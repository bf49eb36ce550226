/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "peek.h"

/** Value of the last field of a text that ends with it, if that has the name. */
static struct qm_span take_last(struct qm_span *text, struct qm_span name)
{
	const char *const end = text->s + text->len;
	const char *blank = memrchr(text->s, ' ', text->len);
	struct qm_span field;

	if (!blank) {
		return (struct qm_span){ 0 };
	}
	field = (struct qm_span){ blank + 1, (size_t)(end - blank - 1) };
	if (!qm_span_starts(field, name)) {
		return (struct qm_span){ 0 };
	}
	text->len = (size_t)(blank - text->s);
	return qm_span_after(field, name.len);
}

/** The instance, which all of our records have near their beginning. */
static bool peek_instance(struct qm_span body, uint64_t *ret)
{
	const struct qm_span label = QM_SPAN(" instance=");
	const char *at = memmem(body.s, body.len, label.s, label.len), *end;

	if (!at) {
		return false;
	}
	at += label.len;
	end = memchr(at, ' ', (size_t)(body.s + body.len - at));
	return end && !qm_span_number((struct qm_span){ at, (size_t)(end - at) }, ret);
}

bool qm_line_peek(struct qm_span text, struct qm_peek *ret)
{
	const struct qm_span begin = QM_SPAN("type=CRYPTO_IPSEC_SA msg=audit(");
	const struct qm_span label = QM_SPAN(" msg='op=");
	const char *const end = text.s + text.len;
	const char *message, *quote = memrchr(text.s, '\'', text.len);
	struct qm_span body;
	uint64_t instance, seq, serial, ms;

	if (!qm_span_starts(text, begin) || !quote || text.len > QM_LINE_LEN_MAX) {
		return false;
	}
	if (!qm_line_stamp(qm_span_after(text, begin.len), &serial, &ms)) {
		return false;
	}
	message = memmem(text.s, text.len, label.s, label.len);
	if (!message || message > quote ||
		(quote + 1 < end && quote[1] != QM_LINE_ENRICHED)) {
		return false;
	}
	message += label.len - 3;
	ret->body =
		(struct qm_span){ message, (size_t)(qm_line_tail(message, quote) - message) };
	body = ret->body;
	if (qm_span_number(take_last(&body, QM_SPAN("rec-seq=")), &seq) < 0) {
		return false;
	}
	ret->time_ms = qm_span_time(take_last(&body, QM_SPAN("when=")));
	if (!ret->time_ms || !peek_instance(body, &instance)) {
		return false;
	}
	ret->instance = (uint32_t)instance;
	ret->seq = (uint32_t)seq;
	return true;
}
