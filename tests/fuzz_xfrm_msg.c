/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fuzz target: bytes are what a recv() gave, and whatever is read in them must be
 * within the bounds that xfrm_msg.h promises.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "fuzz.h"
#include "xfrm_msg.h"

static void insist(bool good, const char *wrong)
{
	if (!good) {
		fprintf(stderr, "fuzz_xfrm_msg: %s\n", wrong);
		abort();
	}
}

/** Of an IPv4 address nothing but itself is taken. */
static void check_addr(const uint8_t addr[16], uint8_t family)
{
	static const uint8_t zero[12];

	insist(family != AF_INET || !memcmp(addr + 4, zero, sizeof(zero)),
		   "an IPv4 address has more than 4 bytes");
}

static void check_id(const struct qm_xfrm_id *id)
{
	insist(!id->family || id->family == AF_INET || id->family == AF_INET6,
		   "a family that is not IP");
	insist(!id->zero[0] && !id->zero[1], "an id with something in its padding");
	check_addr(id->dst, id->family);
}

static void check_alg(const struct qm_xfrm_alg *alg, bool has, size_t size)
{
	const char *end = memchr(alg->name, '\0', sizeof(alg->name));

	insist(end != NULL, "a name without an end");
	insist(has || (!*alg->name && !alg->key_bits && !alg->icv_bits),
		   "an algorithm that is not there");
	insist(alg->key_bits / 8 <= size, "a key longer than all there is");
	for (; end < alg->name + sizeof(alg->name); end++) {
		insist(!*end, "bytes behind the end of a name");
	}
}

static void check_sa(const struct qm_xfrm_sa *sa, size_t size)
{
	check_id(&sa->id);
	check_addr(sa->src, sa->id.family);
	check_addr(sa->sel.src, sa->sel.family);
	check_addr(sa->sel.dst, sa->sel.family);
	check_alg(&sa->aead, sa->has & QM_XFRM_HAS_AEAD, size);
	check_alg(&sa->auth, sa->has & QM_XFRM_HAS_AUTH, size);
	check_alg(&sa->crypt, sa->has & QM_XFRM_HAS_CRYPT, size);
	check_alg(&sa->comp, sa->has & QM_XFRM_HAS_COMP, size);
	insist(sa->has & QM_XFRM_HAS_ENCAP || !sa->encap.type, "UDP that is not there");
	insist(sa->has & QM_XFRM_HAS_MARK || !(sa->id.mark | sa->id.mask),
		   "a mark that is not there");
	insist(sa->has & QM_XFRM_HAS_IF_ID || !sa->id.if_id,
		   "an interface id that is not there");
}

static void check_policy(const struct qm_xfrm_policy *policy)
{
	insist(policy->tmpls <= QM_XFRM_DEPTH_MAX, "too many templates");
	check_addr(policy->sel.src, policy->sel.family);
	check_addr(policy->sel.dst, policy->sel.family);
	for (unsigned i = 0; i < policy->tmpls; i++) {
		check_addr(policy->tmpl[i].dst, policy->tmpl[i].family);
	}
}

static void check(const struct qm_xfrm_msg *msg, size_t size)
{
	insist((unsigned)msg->kind < QM_XFRM_KIND_MAX, "no kind of message");
	insist(msg->error <= 0, "an error that is none");
	switch (msg->kind) {
	case QM_XFRM_NEW_SA:
	case QM_XFRM_UPD_SA:
	case QM_XFRM_EXPIRE:
		insist(msg->sa.has & QM_XFRM_HAS_INFO, "an SA without its structure");
		check_sa(&msg->sa, size);
		break;
	case QM_XFRM_DEL_SA:
	case QM_XFRM_NEW_AE:
		check_sa(&msg->sa, size);
		break;
	case QM_XFRM_NEW_POLICY:
	case QM_XFRM_UPD_POLICY:
	case QM_XFRM_DEL_POLICY:
	case QM_XFRM_POL_EXPIRE:
		check_policy(&msg->policy);
		break;
	case QM_XFRM_MAPPING:
		check_id(&msg->mapping.id);
		break;
	case QM_XFRM_MOVE_SA:
		check_id(&msg->moved.id);
		break;
	case QM_XFRM_MIGRATE:
		insist(msg->migrate.count <= QM_XFRM_DEPTH_MAX, "too many moves");
		break;
	default:
		break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* of just that size, so that a sanitizer sees a byte too many */
	void *buf = malloc(size ? size : 1);
	const struct qm_xfrm_msg *msg;
	struct qm_xfrm_walk walk;
	int r, before;

	insist(buf != NULL, "no memory");
	if (size) {
		memcpy(buf, data, size);
	}
	qm_xfrm_walk_init(&walk, buf, size);
	do {
		before = walk.left;
		r = qm_xfrm_walk_next(&walk, &msg);
		insist(!r || walk.left < before, "the walk stands still");
		if (r > 0) {
			check(msg, size);
		}
	} while (r);
	insist(!size || !memcmp(buf, data, size), "what is read was written to");
	free(buf);
	return 0;
}
