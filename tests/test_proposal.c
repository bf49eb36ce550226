/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is told of a proposal, on real ones of the strongSwan that it is built for.
 */
#include "../plugin/qm_audit_facts.h"
#include "../plugin/qm_audit_compat.h"

#include <stdio.h>
#include <string.h>

#include "swan_kit.h"
#include "test.h"

/** The key exchanges of a proposal with the first one, and others, up to 0. */
static const char *exchanges(uint16_t first, const uint16_t *more)
{
	static char buf[QM_ALG_MAX];
	proposal_t *proposal = proposal_create(PROTO_ESP, 0);
	u_int type = QM_AUDIT_FIRST_MORE_KE;

	proposal->add_algorithm(proposal, ENCRYPTION_ALGORITHM, ENCR_AES_CBC, 128);
	if (first) {
		proposal->add_algorithm(proposal, KEY_EXCHANGE_METHOD, first, 0);
	}
	for (; *more; more++) {
		proposal->add_algorithm(proposal, type++, *more, 0);
	}
	memset(buf, 'x', sizeof(buf));
	qm_audit_facts_key_exchanges(proposal, buf);
	proposal->destroy(proposal);
	return buf;
}

static void test_one(void)
{
	CU_ASSERT_FATAL(swan_init("charon", ""));
	QM_STR(exchanges(0, (uint16_t[]){ 0 }), "none");
	QM_STR(exchanges(CURVE_25519, (uint16_t[]){ 0 }), "CURVE_25519");
	/* one that has no name */
	QM_STR(exchanges(60000, (uint16_t[]){ 0 }), "60000");
	swan_deinit();
}

#if QM_AUDIT_STRONGSWAN >= 60000
static void test_several(void)
{
	CU_ASSERT_FATAL(swan_init("charon", ""));
	QM_STR(exchanges(CURVE_25519, (uint16_t[]){ ML_KEM_768, 0 }),
		   "CURVE_25519+ML_KEM_768");
	QM_STR(exchanges(CURVE_25519, (uint16_t[]){ ECP_256_BIT, 0 }), "CURVE_25519+ECP_256");
	QM_STR(exchanges(ECP_256_BIT, (uint16_t[]){ 60000, 60001, 60002, 0 }),
		   "ECP_256+60000+60001+60002");
	/* no name is cut */
	QM_STR(exchanges(CURVE_25519, (uint16_t[]){ ML_KEM_768, ML_KEM_1024, ML_KEM_512, 0 }),
		   "CURVE_25519+ML_KEM_768+2");
	QM_STR(exchanges(MODP_2048_BIT, (uint16_t[]){ ML_KEM_768, ML_KEM_1024, 60000, 60001,
												  60002, 60003, 60004, 0 }),
		   "MODP_2048+ML_KEM_768+6");
	swan_deinit();
}
#endif

CU_TestInfo proposal_tests[] = {
	{ "one key exchange", test_one },
#if QM_AUDIT_STRONGSWAN >= 60000
	{ "several key exchanges", test_several },
#endif
	CU_TEST_INFO_NULL,
};
