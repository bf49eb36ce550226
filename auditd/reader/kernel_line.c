/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel_line.h"

#include <arpa/inet.h>
#include <errno.h>

/** Drops "node=NAME ". */
static struct qm_span skip_node(struct qm_span text, struct qm_span *node)
{
	const struct qm_span label = QM_SPAN("node=");
	const char *blank = NULL;

	*node = (struct qm_span){ 0 };
	if (qm_span_starts(text, label)) {
		blank = memchr(text.s, ' ', text.len);
		if (!blank) {
			return (struct qm_span){ 0 };
		}
		*node = qm_span_after((struct qm_span){ text.s, (size_t)(blank - text.s) },
							  label.len);
		text = qm_span_after(text, (size_t)(blank - text.s) + 1);
	}
	return text;
}

/** What follows a beginning, .s is NULL where it is another one. */
static struct qm_span behind(struct qm_span text, struct qm_span beginning)
{
	return qm_span_starts(text, beginning) ? qm_span_after(text, beginning.len)
										   : (struct qm_span){ 0 };
}

static struct qm_span skip_type(struct qm_span text, enum qm_kernel_op *ret)
{
	struct qm_span rest = behind(text, QM_SPAN("type=MAC_IPSEC_EVENT msg=audit("));

	*ret = QM_KERNEL_OTHER;
	if (!rest.s) {
		*ret = QM_KERNEL_CALL;
		rest = behind(text, QM_SPAN("type=SYSCALL msg=audit("));
	}
	return rest;
}

bool qm_kernel_line_is_call(struct qm_span text)
{
	struct qm_span node;

	return behind(skip_node(text, &node), QM_SPAN("type=SYSCALL ")).s;
}

/** Reads "1795557240.394:27): ". @return what follows, .s is NULL for another form */
static struct qm_span take_stamp(struct qm_span text, uint64_t *ms, uint64_t *serial)
{
	const char *colon = text.len ? memchr(text.s, ':', text.len) : NULL;
	const char *close = colon ? memchr(text.s, ')', text.len) : NULL;

	if (!close || close < colon ||
		qm_span_number((struct qm_span){ colon + 1, (size_t)(close - colon - 1) },
					   serial)) {
		return (struct qm_span){ 0 };
	}
	*ms = qm_span_time((struct qm_span){ text.s, (size_t)(colon - text.s) });
	text = qm_span_after(text, (size_t)(close - text.s));
	return *ms ? behind(text, QM_SPAN("): ")) : (struct qm_span){ 0 };
}

static enum qm_kernel_op op_of(struct qm_span text)
{
	if (qm_span_starts(text, QM_SPAN("op=SAD-add "))) {
		return QM_KERNEL_ADD;
	}
	return qm_span_starts(text, QM_SPAN("op=SAD-delete ")) ? QM_KERNEL_DELETE
														   : QM_KERNEL_OTHER;
}

bool qm_kernel_line_is_wanted(struct qm_kernel_recent *recent, struct qm_span text)
{
	const size_t size = sizeof(recent->serials) / sizeof(recent->serials[0]);
	enum qm_kernel_op op;
	struct qm_span node, rest = skip_type(skip_node(text, &node), &op);
	uint64_t ms, serial;

	if (!rest.s) {
		return false;
	}
	rest = take_stamp(rest, &ms, &serial);
	if (!rest.s) {
		return false;
	}
	if (op != QM_KERNEL_CALL) {
		if (op_of(rest) == QM_KERNEL_OTHER) {
			return false;
		}
		recent->serials[recent->next++ % size] = serial;
		return true;
	}
	for (size_t i = 0; i < size; i++) {
		if (recent->serials[i] == serial) {
			return true;
		}
	}
	return false;
}

/** The value of a field, without quotes; empty where it is not there. */
static struct qm_span value_of(struct qm_span text, struct qm_span label)
{
	for (size_t at = 0; at + label.len <= text.len; at++) {
		if (!memcmp(text.s + at, label.s, label.len)) {
			size_t end = at += label.len;

			while (end < text.len && text.s[end] != ' ' && text.s[end] != '\035') {
				end++;
			}
			if (end - at >= 2 && text.s[at] == '"' && text.s[end - 1] == '"') {
				at++;
				end--;
			}
			return (struct qm_span){ text.s + at, end - at };
		}
	}
	return (struct qm_span){ 0 };
}

int qm_kernel_address(struct qm_span text, struct in6_addr *ret)
{
	char address[INET6_ADDRSTRLEN];

	if (!text.len || text.len >= sizeof(address)) {
		return -EINVAL;
	}
	memcpy(address, text.s, text.len);
	address[text.len] = '\0';
	if (inet_pton(AF_INET6, address, ret) == 1) {
		return 0;
	}
	*ret = (struct in6_addr){ .s6_addr = { [10] = 0xff, [11] = 0xff } };
	return inet_pton(AF_INET, address, &ret->s6_addr[12]) == 1 ? 0 : -EINVAL;
}

static int take_sa(struct qm_span text, struct qm_kernel_line *line)
{
	line->spi = qm_span_spi(value_of(text, QM_SPAN(" spi=")));
	line->done = qm_span_is(value_of(text, QM_SPAN(" res=")), "1");
	if (!line->spi || qm_kernel_address(value_of(text, QM_SPAN(" src=")), &line->src) ||
		qm_kernel_address(value_of(text, QM_SPAN(" dst=")), &line->dst)) {
		return -EBADMSG;
	}
	return 0;
}

int qm_kernel_line_parse(struct qm_span text, struct qm_kernel_line *ret)
{
	struct qm_span rest;
	uint64_t pid;

	*ret = (struct qm_kernel_line){ 0 };
	rest = skip_type(skip_node(text, &ret->node), &ret->op);
	if (!rest.s) {
		return -EBADMSG;
	}
	rest = take_stamp(rest, &ret->stamp_ms, &ret->serial);
	if (!rest.s) {
		return -EBADMSG;
	}
	if (ret->op != QM_KERNEL_CALL) {
		ret->op = op_of(rest);
		return ret->op == QM_KERNEL_OTHER ? -EBADMSG : take_sa(rest, ret);
	}
	if (qm_span_number(value_of(rest, QM_SPAN(" pid=")), &pid) || pid > UINT32_MAX) {
		return -EBADMSG;
	}
	ret->pid = (uint32_t)pid;
	ret->exe = value_of(rest, QM_SPAN(" exe="));
	return 0;
}
