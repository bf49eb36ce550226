/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kernel is asked for one SA.
 */
#include "xfrm_query.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>

#include "test.h"
#include "xfrm_kit.h"

static const struct craft_sa larval = {
	.src = "192.0.2.1", .dst = "192.0.2.2", .spi = 0x1000, .larval = true,
};

static struct qm_xfrm_id id_of(uint8_t last, uint32_t spi)
{
	return (struct qm_xfrm_id){
		.dst = { 192, 0, 2, last }, .spi = spi, .family = AF_INET, .proto = IPPROTO_ESP,
	};
}

static void test_query(void)
{
	struct qm_xfrm_socket sock;
	struct qm_xfrm_id id = id_of(2, 0x1000), other;
	struct qm_xfrm_sa sa = { .reqid = 77 };

	if (!xfrm_enter()) {
		return;
	}
	QM_OK_FATAL(qm_xfrm_socket_open(&sock));
	QM_FAILS(qm_xfrm_query_sa(&sock, &id, &sa), -ESRCH);
	QM_INT(sa.reqid, 77);
	QM_OK_FATAL(xfrm_alloc_spi(&larval, 0));
	QM_OK(qm_xfrm_query_sa(&sock, &id, &sa));
	QM_INT(sa.id.spi, 0x1000);
	CU_ASSERT(!memcmp(sa.id.dst, id.dst, 16));
	CU_ASSERT(sa.has & QM_XFRM_HAS_COUNTERS);
	QM_INT(sa.counters.bytes, 0);
	other = id_of(2, 0x1001);
	QM_FAILS(qm_xfrm_query_sa(&sock, &other, &sa), -ESRCH);
	other = id_of(3, 0x1000);
	QM_FAILS(qm_xfrm_query_sa(&sock, &other, &sa), -ESRCH);
	other = id;
	other.proto = IPPROTO_AH;
	QM_FAILS(qm_xfrm_query_sa(&sock, &other, &sa), -ESRCH);
	/* still good after all that was not there */
	QM_OK(qm_xfrm_query_sa(&sock, &id, &sa));
	qm_xfrm_socket_close(&sock);
}

CU_TestInfo xfrm_query_tests[] = {
	{ "an SA", test_query },
	CU_TEST_INFO_NULL,
};
