/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which CHILD_SAs are refused while no record can be kept, on IKE_SAs and CHILD_SAs
 * that only answer what may be asked.
 */
#include "../plugin/qm_audit_refusal.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <daemon.h>

#include "listener_kit.h"
#include "swan_kit.h"
#include "test.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/** Whether the recorder can keep records. */
static bool keeps;

bool qm_recorder_keeps(const struct qm_recorder *recorder)
{
	(void)recorder;
	return keeps;
}

struct fake_child {
	child_sa_t public;
	uint32_t reqid;
	char *name;
};

METHOD(child_sa_t, get_reqid, uint32_t, struct fake_child *this)
{
	return this->reqid;
}

METHOD(child_sa_t, get_child_name, char *, struct fake_child *this)
{
	return this->name;
}

static struct fake_child make_child(uint32_t reqid, char *name)
{
	return (struct fake_child){
		.public = { .get_reqid = _get_reqid, .get_name = _get_child_name },
		.reqid = reqid,
		.name = name,
	};
}

/** An IKE_SA with one CHILD_SA, or none. */
struct fake_ike {
	ike_sa_t public;
	struct fake_child *child;
};

METHOD(ike_sa_t, get_ike_id, uint32_t, struct fake_ike *this)
{
	(void)this;
	return 17;
}

METHOD(ike_sa_t, create_child_sa_enumerator, enumerator_t *, struct fake_ike *this)
{
	return this->child ? enumerator_create_single(this->child, NULL) :
						 enumerator_create_empty();
}

static linked_list_t *make_selectors(void)
{
	return linked_list_create_with_items(
		traffic_selector_create_dynamic(0, 0, 65535),
		traffic_selector_create_dynamic(6, 80, 80), NULL);
}

/** @return selectors that are left of two on each side, or -1 if they differ */
static int narrow(struct fake_child *existing, struct fake_child *child,
				  narrow_hook_t type)
{
	struct fake_ike ike = {
		.public = {
			.get_unique_id = _get_ike_id,
			.create_child_sa_enumerator = _create_child_sa_enumerator,
		},
		.child = existing,
	};
	linked_list_t *local = make_selectors(), *remote = make_selectors();
	int left;

	listener_kit_reset();
	qm_audit_refusal_narrow(NULL, &ike.public, &child->public, type, local, remote);
	left = local->get_count(local);
	left = left == remote->get_count(remote) ? left : -1;
	local->destroy_offset(local, offsetof(traffic_selector_t, destroy));
	remote->destroy_offset(remote, offsetof(traffic_selector_t, destroy));
	return left;
}

static const struct {
	narrow_hook_t type;
	bool refuses;
} hooks[] = {
	{ NARROW_INITIATOR_PRE_NOAUTH, false },
	{ NARROW_INITIATOR_PRE_AUTH, false },
	{ NARROW_RESPONDER, true },
	{ NARROW_RESPONDER_POST, false },
	{ NARROW_INITIATOR_POST_NOAUTH, true },
	{ NARROW_INITIATOR_POST_AUTH, true },
};

static void test_hooks(void)
{
	struct fake_child child = make_child(0, "net");

	CU_ASSERT_FATAL(swan_init("charon", ""));
	keeps = false;
	for (size_t i = 0; i < COUNT(hooks); i++) {
		QM_INT(narrow(NULL, &child, hooks[i].type), hooks[i].refuses ? 0 : 2);
		QM_INT(listener_kit_pushed(), hooks[i].refuses);
		if (hooks[i].refuses) {
			QM_INT(listener_kit_last()->type, QM_INPUT_ALERT);
			QM_INT(listener_kit_last()->alert, QM_FAILURE_AUDIT);
			QM_INT(listener_kit_last()->ike_sa, 17);
			QM_STR(listener_kit_log(), "qm-audit: CHILD_SA 'net' refused "
				   "(on_audit_failure): audit records can neither be kept nor are they "
				   "taken; see what was logged about that before");
		}
	}
	swan_deinit();
}

static void test_kept(void)
{
	struct fake_child child = make_child(0, "net");

	CU_ASSERT_FATAL(swan_init("charon", ""));
	keeps = true;
	for (size_t i = 0; i < COUNT(hooks); i++) {
		QM_INT(narrow(NULL, &child, hooks[i].type), 2);
		QM_INT(listener_kit_pushed(), 0);
	}
	swan_deinit();
}

/** What takes the place of one that is there has been given its reqid. */
static void test_rekeys(void)
{
	struct fake_child old = make_child(3, "net"), other = make_child(3, "other"),
					  rekeyed = make_child(3, "net"), fixed = make_child(4, "net"),
					  none = make_child(0, "net");

	CU_ASSERT_FATAL(swan_init("charon", ""));
	keeps = false;
	QM_INT(narrow(&old, &rekeyed, NARROW_RESPONDER), 2);
	QM_INT(narrow(&old, &rekeyed, NARROW_INITIATOR_POST_AUTH), 2);
	QM_INT(narrow(NULL, &rekeyed, NARROW_RESPONDER), 0);
	QM_INT(narrow(&other, &rekeyed, NARROW_RESPONDER), 0);
	QM_INT(narrow(&old, &fixed, NARROW_RESPONDER), 0);
	QM_INT(narrow(&old, &none, NARROW_RESPONDER), 0);
	QM_INT(narrow(&rekeyed, &rekeyed, NARROW_RESPONDER), 0);
	swan_deinit();
}

static void test_nothing_known(void)
{
	linked_list_t *local = make_selectors(), *remote = make_selectors();

	CU_ASSERT_FATAL(swan_init("charon", ""));
	keeps = false;
	listener_kit_reset();
	qm_audit_refusal_narrow(NULL, NULL, NULL, NARROW_RESPONDER, local, remote);
	QM_INT(local->get_count(local), 2);
	QM_INT(listener_kit_pushed(), 0);
	local->destroy_offset(local, offsetof(traffic_selector_t, destroy));
	remote->destroy_offset(remote, offsetof(traffic_selector_t, destroy));
	swan_deinit();
}

CU_TestInfo refusal_tests[] = {
	{ "hooks at which it is refused", test_hooks },
	{ "not while records are kept", test_kept },
	{ "rekeys go on", test_rekeys },
	{ "without an IKE_SA", test_nothing_known },
	CU_TEST_INFO_NULL,
};
