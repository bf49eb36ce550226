/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "subjects.h"
#include "peers.h"
#include "strays.h"

#include <errno.h>
#include <stdio.h>

#include <encoding/payloads/delete_payload.h>

struct subject subjects[SUBJECTS];

static child_sa_t *first_child(ike_sa_t *ike_sa)
{
	enumerator_t *enumerator = ike_sa->create_child_sa_enumerator(ike_sa);
	child_sa_t *child_sa = NULL;

	enumerator->enumerate(enumerator, &child_sa);
	enumerator->destroy(enumerator);
	return child_sa;
}

static message_t *make_message(exchange_type_t type)
{
	message_t *message = message_create(IKEV2_MAJOR_VERSION, IKEV2_MINOR_VERSION);

	message->set_exchange_type(message, type);
	message->set_request(message, TRUE);
	return message;
}

static message_t *make_deletion(uint32_t spi)
{
	message_t *message = make_message(INFORMATIONAL);
	delete_payload_t *payload = delete_payload_create(PLV2_DELETE, PROTO_ESP);

	payload->add_spi(payload, spi);
	message->add_payload(message, (payload_t *)payload);
	return message;
}

static message_t *make_stray(void)
{
	struct stray stray;
	message_t *message;
	packet_t *packet;

	stray_make(0x0102030405060708, 0x1112131415161718, 2, &stray);
	packet = packet_create_from_data(host_create_from_string("192.0.2.1", 500),
									 host_create_from_string("192.0.2.2", 500),
									 chunk_clone(chunk_from_thing(stray.bytes)));
	message = message_create_from_packet(packet);
	message->parse_header(message);
	return message;
}

/** Takes a CHILD_SA from the daemon's other threads. */
static int take_subject(struct subject *s, const struct peers_sa *sa)
{
	ike_sa_manager_t *manager = charon->ike_sa_manager;

	s->ike_sa = manager->checkout_by_id(manager, sa->ike_sa);
	s->child_sa = s->ike_sa ? first_child(s->ike_sa) : NULL;
	if (!s->child_sa) {
		fprintf(stderr, "subjects: CHILD_SA %u is gone\n", sa->child_sa);
		return -ENOENT;
	}
	s->deletion = make_deletion(s->child_sa->get_spi(s->child_sa, FALSE));
	s->auth = make_message(IKE_AUTH);
	s->stray = make_stray();
	return 0;
}

int subjects_make(void)
{
	struct peers_sa sas[SUBJECTS];
	int r = 0;
	size_t i;

	for (i = 0; i < SUBJECTS && !r; i++) {
		r = peers_establish(&sas[i]);
	}
	for (i = 0; i < SUBJECTS && !r; i++) {
		r = take_subject(&subjects[i], &sas[i]);
	}
	for (i = 0; i < SUBJECTS && !r; i++) {
		subjects[i].replaced = subjects[(i + 1) % SUBJECTS].child_sa;
	}
	return r;
}

void subjects_drop(void)
{
	struct subject *s;
	size_t i;

	for (i = 0; i < SUBJECTS; i++) {
		s = &subjects[i];
		DESTROY_IF(s->deletion);
		DESTROY_IF(s->auth);
		DESTROY_IF(s->stray);
		if (s->ike_sa) {
			charon->ike_sa_manager->checkin(charon->ike_sa_manager, s->ike_sa);
		}
	}
}
