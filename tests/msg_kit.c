/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "msg_kit.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "test.h"

struct qm_xfrm_msg msg_read(struct craft *craft)
{
	struct qm_xfrm_msg copy = { .kind = QM_XFRM_KIND_MAX };
	const struct qm_xfrm_msg *msg = &copy;
	struct qm_xfrm_walk walk;

	qm_xfrm_walk_init(&walk, craft->bytes, craft->len);
	QM_INT(qm_xfrm_walk_next(&walk, &msg), 1);
	copy = *msg;
	QM_INT(qm_xfrm_walk_next(&walk, &msg), 0);
	return copy;
}

int msg_read_exact(const void *bytes, size_t len, struct qm_xfrm_msg *ret)
{
	void *exact = malloc(len ? len : 1);
	const struct qm_xfrm_msg *msg = ret;
	struct qm_xfrm_walk walk;
	int r;

	CU_ASSERT_PTR_NOT_NULL_FATAL(exact);
	memcpy(exact, bytes, len);
	qm_xfrm_walk_init(&walk, exact, len);
	r = qm_xfrm_walk_next(&walk, &msg);
	if (r == 1) {
		*ret = *msg;
	} else {
		CU_ASSERT(msg == ret);
	}
	free(exact);
	return r;
}

void msg_expect_addr(const uint8_t addr[16], const char *text)
{
	char shown[INET6_ADDRSTRLEN] = "";
	const uint8_t zero[12] = { 0 };
	const bool v6 = strchr(text, ':');

	inet_ntop(v6 ? AF_INET6 : AF_INET, addr, shown, sizeof(shown));
	QM_STR(shown, text);
	CU_ASSERT(v6 || !memcmp(addr + 4, zero, sizeof(zero)));
}
