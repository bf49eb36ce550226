/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model_xfrm.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>

#include <linux/netlink.h>

/** Notifications that can wait at all: the mirror is never that far behind. */
#define WAITING_MAX 512
/** SAs in a datagram of a dump. */
#define PART 2

struct waiting {
	size_t len;
	uint8_t bytes[1024];
};

struct sa {
	struct craft_sa as;
	enum model_state state;
	/** when it was added, among all that were */
	uint64_t order;
};

static struct {
	uint64_t random;
	struct model_chances chances;
	struct sa sas[MODEL_SAS];
	uint64_t orders;
	struct waiting waiting[WAITING_MAX];
	unsigned head;
	unsigned count;
	bool congested;
	bool error;
	unsigned dropped;
	unsigned acts;
	/** a dump: what is next, the part that is filled already, and whether it is over */
	uint64_t cursor;
	struct craft part;
	bool filled_last;
	bool policies;
} model;

/** xorshift64 */
static uint64_t next_random(void)
{
	model.random ^= model.random << 13;
	model.random ^= model.random >> 7;
	model.random ^= model.random << 17;
	return model.random;
}

static unsigned chance(unsigned n)
{
	return (unsigned)(next_random() >> 20) % n;
}

/** Multicasts what is in a craft, as netlink_broadcast_deliver(). */
static void notify(const struct craft *craft)
{
	struct waiting *waiting = &model.waiting[(model.head + model.count) % WAITING_MAX];

	if (model.congested || model.count == WAITING_MAX ||
		(model.chances.buffer && model.count >= model.chances.buffer)) {
		model.error = model.error || !model.congested;
		model.congested = true;
		model.dropped++;
		return;
	}
	waiting->len = craft->len;
	memcpy(waiting->bytes, craft->bytes, craft->len);
	model.count++;
}

static void add(struct sa *sa, bool larval)
{
	sa->state = larval ? MODEL_LARVAL : MODEL_WHOLE;
	sa->as.larval = larval;
	sa->as.add_time++;
	sa->as.reqid = chance(3);
	sa->order = ++model.orders;
}

static void notify_sa(int type, const struct sa *sa)
{
	struct craft craft = { 0 };

	craft_sa(&craft, type, 0, 0, &sa->as);
	notify(&craft);
}

static void end(struct sa *sa, bool expired)
{
	struct craft craft = { 0 };

	if (expired) {
		craft_expire(&craft, 0, &sa->as, true);
	} else {
		craft_del_sa(&craft, 0, &sa->as);
	}
	sa->state = MODEL_NONE;
	notify(&craft);
}

static void flush(void)
{
	struct craft craft = { 0 };
	bool any = false;

	for (unsigned i = 0; i < MODEL_SAS; i++) {
		any = any || model.sas[i].state != MODEL_NONE;
		model.sas[i].state = MODEL_NONE;
	}
	if (any) {
		craft_flush_sa(&craft, 0, 0);
		notify(&craft);
	}
}

static void act(void)
{
	struct sa *sa = &model.sas[chance(MODEL_SAS)];

	model.acts++;
	if (!chance(40)) {
		flush();
	} else if (sa->state == MODEL_NONE) {
		add(sa, !chance(3));
		if (sa->state == MODEL_WHOLE) {
			notify_sa(XFRM_MSG_NEWSA, sa);
		}
	} else if (sa->state == MODEL_LARVAL && chance(2)) {
		add(sa, false);
		notify_sa(XFRM_MSG_UPDSA, sa);
	} else if (sa->state == MODEL_WHOLE && !chance(3)) {
		sa->as.sport = (uint16_t)(4500 + chance(3));
		notify_sa(XFRM_MSG_UPDSA, sa);
	} else {
		end(sa, chance(2));
	}
}

static void act_by_chance(void)
{
	while (model.chances.acts && chance(256) < model.chances.act) {
		model.chances.acts--;
		act();
	}
}

static int give(const void *bytes, size_t len, void *buf, size_t size, size_t *ret)
{
	*ret = len < size ? len : size;
	memcpy(buf, bytes, *ret);
	return 0;
}

static int receive(void *buf, size_t size, size_t *ret)
{
	const struct waiting *waiting = &model.waiting[model.head];

	act_by_chance();
	*ret = 0;
	if (model.error) {
		model.error = false;
		return -ENOBUFS;
	}
	if (!model.count) {
		model.congested = false;
		return -EAGAIN;
	}
	model.head = (model.head + 1) % WAITING_MAX;
	model.count--;
	model.congested = model.congested && model.count;
	return give(waiting->bytes, waiting->len, buf, size, ret);
}

/** The newest SA that is older than what was dumped, or NULL. */
static struct sa *next_dumped(void)
{
	struct sa *next = NULL;

	for (unsigned i = 0; i < MODEL_SAS; i++) {
		struct sa *sa = &model.sas[i];

		if (sa->state != MODEL_NONE && sa->order < model.cursor &&
			(!next || sa->order > next->order)) {
			next = sa;
		}
	}
	return next;
}

/** Fills the next datagram of the dump with what there is now. */
static void fill(void)
{
	const struct sa *sa;

	model.part.len = 0;
	for (unsigned i = 0; i < PART && (sa = next_dumped()); i++) {
		craft_sa(&model.part, XFRM_MSG_NEWSA, NLM_F_MULTI, 1, &sa->as);
		model.cursor = sa->order;
	}
	model.filled_last = !model.part.len || model.policies;
	if (model.filled_last) {
		model.part.len = 0;
		craft_error(&model.part, NLMSG_DONE, 0);
	}
}

static void begin_dump(int type)
{
	model.policies = type == XFRM_MSG_GETPOLICY;
	model.cursor = UINT64_MAX;
	fill();
}

static int recv_dump(void *buf, size_t size, size_t *ret)
{
	struct craft part = model.part;

	act_by_chance();
	*ret = 0;
	/* the mirror is to have a look at notifications now and then */
	if (!part.len || !chance(3)) {
		return -EAGAIN;
	}
	model.part.len = 0;
	if (!model.filled_last) {
		fill();
	}
	return give(part.bytes, part.len, buf, size, ret);
}

const struct fake_kernel model_kernel = { receive, begin_dump, recv_dump };

void model_begin(uint64_t seed)
{
	static const struct craft_sa any = { .src = "192.0.2.1", .dst = "192.0.2.2",
										 .spi = 1, .add_time = 1000 };

	memset(&model, 0, sizeof(model));
	model.random = seed * 0x9e3779b97f4a7c15 | 1;
	for (unsigned i = 0; i < MODEL_SAS; i++) {
		model.sas[i].as = any;
		model.sas[i].as.spi += i / 2;
		model.sas[i].as.mark = 1 + i % 2;
		model.sas[i].as.mask = 3;
	}
}

void model_set(struct model_chances chances)
{
	model.chances = chances;
}

enum model_state model_state_of(unsigned sa)
{
	return model.sas[sa].state;
}

const struct craft_sa *model_sa(unsigned sa)
{
	return &model.sas[sa].as;
}

unsigned model_dropped(void)
{
	return model.dropped;
}

unsigned model_acts(void)
{
	return model.acts;
}
