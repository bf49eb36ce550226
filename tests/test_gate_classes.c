/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "gate.h"

#include "gate_kit.h"
#include "test.h"

/** What came before is a message of another IKE_SA, or another message. */
static void test_another_acquitted(void)
{
	const struct qm_invalid invalid = gate_kit_packet(7);
	struct gate_kit kit;

	gate_kit_init(&kit, 0, 0, 1000);
	qm_gate_suspect(kit.gate, 1, &invalid, gate_kit_time(0));
	qm_gate_acquit(kit.gate, 1, invalid.ike_sa + 1, invalid.packet.msgid);
	QM_INT(kit.pushed, 1);
	qm_gate_suspect(kit.gate, 1, &invalid, gate_kit_time(0));
	qm_gate_acquit(kit.gate, 1, invalid.ike_sa, invalid.packet.msgid + 1);
	QM_INT(kit.pushed, 2);
	QM_INT(gate_kit_take(&kit, 1, true), 0);
	gate_kit_free(&kit);
}

/** A thread that goes on is not at what it read any more. */
static void test_forgotten(void)
{
	const struct qm_invalid invalid = gate_kit_packet(7);
	struct gate_kit kit;

	gate_kit_init(&kit, 0, 0, 1000);
	qm_gate_read(kit.gate, 1, &invalid, gate_kit_time(0));
	qm_gate_forget(kit.gate, 2);
	qm_gate_forget(kit.gate, 1);
	qm_gate_reject(kit.gate, 1, invalid.ike_sa, gate_kit_time(1));
	qm_gate_suspect(kit.gate, 1, &invalid, gate_kit_time(0));
	qm_gate_forget(kit.gate, 1);
	QM_INT(kit.pushed, 1);
	QM_INT(gate_kit_take(&kit, 1, true), 0);
	gate_kit_free(&kit);
}

/** One class of packets, however many, leaves the others their records. */
static void test_classes(void)
{
	struct qm_invalid stray = gate_kit_packet(1), peer = gate_kit_packet(1);
	struct qm_invalid packet = gate_kit_packet(1);
	struct gate_kit kit;

	gate_kit_init(&kit, 2, 2, 1000);
	stray.ike_sa = 0;
	stray.authenticated = QM_TRI_NO;
	packet.authenticated = QM_TRI_NO;
	peer.authenticated = QM_TRI_YES;
	for (unsigned i = 0; i < 100; i++) {
		qm_gate_invalid(kit.gate, &stray, gate_kit_time(0));
	}
	QM_INT(kit.pushed, 2);
	for (unsigned i = 0; i < 100; i++) {
		qm_gate_invalid(kit.gate, &packet, gate_kit_time(0));
	}
	QM_INT(kit.pushed, 4);
	qm_gate_invalid(kit.gate, &peer, gate_kit_time(0));
	QM_INT(kit.pushed, 5);
	CU_ASSERT_TRUE(qm_gate_admit_failure(kit.gate, &peer.remote, gate_kit_time(0)));
	CU_ASSERT_FALSE(qm_gate_admit_stray(kit.gate, &peer.remote, QM_FAULT_BAD_HEADER,
										gate_kit_time(0)));
	gate_kit_take(&kit, 60000, true);
	QM_INT(kit.counts[QM_LIMIT_PACKET], 99 + 98);
	gate_kit_free(&kit);
}

/** A second answer that never came does not come back with another. */
static void test_second_answers_expire(void)
{
	const uint64_t again = 400000;
	struct gate_kit kit;

	gate_kit_init(&kit, 0, 0, 1000);
	qm_gate_resent(kit.gate, 7, gate_kit_time(0));
	qm_gate_resent(kit.gate, 7, gate_kit_time(again));
	CU_ASSERT_TRUE(qm_gate_is_second_answer(kit.gate, 7, gate_kit_time(again)));
	CU_ASSERT_FALSE(qm_gate_is_second_answer(kit.gate, 7, gate_kit_time(again)));
	gate_kit_free(&kit);
}

CU_TestInfo gate_classes_tests[] = {
	{ "a suspect is not another's retransmission", test_another_acquitted },
	{ "a thread goes on", test_forgotten },
	{ "classes do not hide each other", test_classes },
	{ "second answers expire", test_second_answers_expire },
	CU_TEST_INFO_NULL,
};
