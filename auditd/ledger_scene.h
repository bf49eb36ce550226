/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the ledger's parts work on. Private to the ledger.
 */
#ifndef QM_LEDGER_SCENE_H
#define QM_LEDGER_SCENE_H

#include "ledger.h"
#include "ledger_table.h"

struct qm_scene {
	struct qm_table *table;
	qm_ledger_emit_t emit;
	void *user;
	/** charon is stopping */
	bool shutdown;
	/** number and time of the input that is being taken */
	uint64_t number;
	struct qm_time now;
};

#endif
