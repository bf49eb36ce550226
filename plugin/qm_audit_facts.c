/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "qm_audit_facts.h"
#include "qm_audit_compat.h"
#include "../auditd/text.h"

#include <daemon.h>

/**
 * Copy a string, cut if it is too long. Not by snprintf(): where charon has
 * added conversions to it, it is slow for all others.
 */
static void copy_name(char *buf, char *name)
{
	size_t len = strnlen(name, QM_ALG_MAX - 1);

	memcpy(buf, name, len);
	buf[len] = '\0';
}

/**
 * Copy an algorithm's name, or its number if it has none
 */
static void copy_alg(enum_name_t *names, uint16_t alg, char *buf)
{
	char *name = enum_to_name(names, alg);

	if (name)
	{
		copy_name(buf, name);
	}
	else
	{
		snprintf(buf, QM_ALG_MAX, "%u", alg);
	}
}

/**
 * Copy the name of the proposal's transform of a type, "none" if it has none,
 * and return its key size in bits
 */
static uint16_t copy_transform(proposal_t *proposal, transform_type_t type,
							   enum_name_t *names, char *buf)
{
	uint16_t alg, ksize;

	if (!proposal->get_algorithm(proposal, type, &alg, &ksize))
	{
		copy_name(buf, "none");
		return 0;
	}
	copy_alg(names, alg, buf);
	return ksize;
}

/**
 * Append the name of another algorithm if there is room for it
 */
static bool append_alg(enum_name_t *names, uint16_t alg, char *buf)
{
	char name[QM_ALG_MAX];
	size_t used = strlen(buf);

	copy_alg(names, alg, name);
	/* with room for how many do not fit */
	if (used + strlen(name) + sizeof("++7") > QM_ALG_MAX)
	{
		return FALSE;
	}
	buf[used] = '+';
	copy_name(buf + used + 1, name);
	return TRUE;
}

/*
 * Described in header
 */
void qm_audit_facts_key_exchanges(proposal_t *proposal, char buf[QM_ALG_MAX])
{
	uint16_t alg;
	u_int type, more = 0;

	copy_transform(proposal, KEY_EXCHANGE_METHOD, key_exchange_method_names,
				   buf);
	for (type = QM_AUDIT_FIRST_MORE_KE; type <= QM_AUDIT_LAST_MORE_KE; type++)
	{
		if (proposal->get_algorithm(proposal, type, &alg, NULL) && alg &&
			(more || !append_alg(key_exchange_method_names, alg, buf)))
		{
			more++;
		}
	}
	if (more)
	{
		snprintf(buf + strlen(buf), sizeof("+7"), "+%u", more);
	}
}

/**
 * Copy what was negotiated
 */
static void copy_proposal(proposal_t *proposal, struct qm_sa_facts *facts)
{
	uint16_t esn;

	if (!proposal)
	{
		return;
	}
	facts->ksize = copy_transform(proposal, ENCRYPTION_ALGORITHM,
								  encryption_algorithm_names, facts->cipher);
	copy_transform(proposal, INTEGRITY_ALGORITHM, integrity_algorithm_names,
				   facts->integ);
	qm_audit_facts_key_exchanges(proposal, facts->pfs);
	facts->esn = QM_TRI_NO;
	if (proposal->get_algorithm(proposal, EXTENDED_SEQUENCE_NUMBERS, &esn,
								NULL) && esn == EXT_SEQ_NUMBERS)
	{
		facts->esn = QM_TRI_YES;
	}
}

/**
 * Copy an identity: as it was sent if it is a string, else as it is printed
 */
static void copy_id(identification_t *id, struct qm_text *text)
{
	char buf[2 * QM_TEXT_MAX];
	chunk_t encoding;
	int len;

	if (!id || id->get_type(id) == ID_ANY)
	{
		return;
	}
	switch (id->get_type(id))
	{
		case ID_FQDN:
		case ID_USER_FQDN:
		case ID_KEY_ID:
			encoding = id->get_encoding(id);
			qm_text_set(text, (char*)encoding.ptr, encoding.len);
			break;
		default:
			len = snprintf(buf, sizeof(buf), "%Y", id);
			qm_text_set(text, buf, max(0, min(len, (int)sizeof(buf) - 1)));
			break;
	}
}

/**
 * Whether a side can have an EAP or XAuth identity: the peer if charon says so,
 * we in IKEv2 if we opened the IKE_SA, for only then we can be EAP's client
 */
static bool may_have_acct(ike_sa_t *ike_sa, bool local)
{
	ike_sa_id_t *id = ike_sa->get_id(ike_sa);

	if (local)
	{
		return id->is_initiator(id) || ike_sa->get_version(ike_sa) == IKEV1;
	}
	return ike_sa->has_condition(ike_sa, COND_EAP_AUTHENTICATED) ||
		   ike_sa->has_condition(ike_sa, COND_XAUTH_AUTHENTICATED);
}

/**
 * Copy the EAP or XAuth identity of the last authentication round that had one
 */
static bool copy_acct(ike_sa_t *ike_sa, bool local, struct qm_text *text)
{
	enumerator_t *enumerator;
	identification_t *id, *found = NULL;
	auth_cfg_t *cfg;

	if (!may_have_acct(ike_sa, local))
	{
		return FALSE;
	}
	enumerator = ike_sa->create_auth_cfg_enumerator(ike_sa, local);
	while (enumerator->enumerate(enumerator, &cfg))
	{
		id = cfg->get(cfg, AUTH_RULE_EAP_IDENTITY);
		if (!id || id->get_type(id) == ID_ANY)
		{
			id = cfg->get(cfg, AUTH_RULE_XAUTH_IDENTITY);
		}
		if (id && id->get_type(id) != ID_ANY)
		{
			found = id;
		}
	}
	enumerator->destroy(enumerator);
	copy_id(found, text);
	return found != NULL;
}

/**
 * Copy the virtual IP that the peer was given
 */
static void copy_vip(ike_sa_t *ike_sa, struct qm_addr *addr)
{
	enumerator_t *enumerator;
	host_t *host;

	enumerator = ike_sa->create_virtual_ip_enumerator(ike_sa, FALSE);
	if (enumerator->enumerate(enumerator, &host))
	{
		qm_audit_facts_host(host, addr);
	}
	enumerator->destroy(enumerator);
}

/**
 * Copy a traffic selector
 */
static void copy_ts(traffic_selector_t *ts, struct qm_ts *copy)
{
	chunk_t from = ts->get_from_address(ts), to = ts->get_to_address(ts);
	bool ipv4 = ts->get_type(ts) == TS_IPV4_ADDR_RANGE;

	copy->family = ipv4 ? AF_INET : AF_INET6;
	copy->proto = ts->get_protocol(ts);
	copy->from_port = ts->get_from_port(ts);
	copy->to_port = ts->get_to_port(ts);
	memcpy(copy->from, from.ptr, min(from.len, sizeof(copy->from)));
	memcpy(copy->to, to.ptr, min(to.len, sizeof(copy->to)));
}

/**
 * Copy all that an enumerator gives, and count those that do not fit
 */
static void copy_ts_list(enumerator_t *enumerator, struct qm_ts_list *list)
{
	traffic_selector_t *ts;

	while (enumerator->enumerate(enumerator, &ts))
	{
		if (list->count < QM_TS_MAX)
		{
			copy_ts(ts, &list->ts[list->count++]);
		}
		list->total++;
	}
	enumerator->destroy(enumerator);
}

/**
 * Copy the hard limits: those of the configuration, as charon installs these
 * whatever an IKEv1 peer proposes
 */
static void copy_lifetime(child_sa_t *child_sa, struct qm_sa_facts *facts)
{
	child_cfg_t *config = child_sa->get_config(child_sa);
	lifetime_cfg_t *lifetime;

	if (config)
	{
		lifetime = config->get_lifetime(config, FALSE);
		facts->life_time = lifetime->time.life;
		facts->life_bytes = lifetime->bytes.life;
		facts->life_packets = lifetime->packets.life;
		free(lifetime);
	}
}

/**
 * Copy a mark
 */
static void copy_mark(mark_t mark, struct qm_mark *copy)
{
	copy->value = mark.value;
	copy->mask = mark.mask;
}

/**
 * Translate an encapsulation mode
 */
static enum qm_samode translate_mode(ipsec_mode_t mode)
{
	switch (mode)
	{
		case MODE_TUNNEL:
			return QM_SAMODE_TUNNEL;
		case MODE_TRANSPORT:
			return QM_SAMODE_TRANSPORT;
		case MODE_BEET:
			return QM_SAMODE_BEET;
		default:
			return QM_SAMODE_UNKNOWN;
	}
}

/*
 * Described in header
 */
enum qm_satype qm_audit_facts_satype(protocol_id_t protocol)
{
	switch (protocol)
	{
		case PROTO_ESP:
			return QM_SATYPE_ESP;
		case PROTO_AH:
			return QM_SATYPE_AH;
		default:
			return QM_SATYPE_UNKNOWN;
	}
}

/*
 * Described in header
 */
void qm_audit_facts_host(host_t *host, struct qm_addr *addr)
{
	sockaddr_t *sockaddr;

	*addr = (struct qm_addr){};
	if (!host)
	{
		return;
	}
	sockaddr = host->get_sockaddr(host);
	switch (sockaddr->sa_family)
	{
		case AF_INET:
		{
			struct sockaddr_in *in = (struct sockaddr_in*)sockaddr;

			addr->port = ntohs(in->sin_port);
			memcpy(addr->ip, &in->sin_addr, sizeof(in->sin_addr));
			break;
		}
		case AF_INET6:
		{
			struct sockaddr_in6 *in6 = (struct sockaddr_in6*)sockaddr;

			addr->port = ntohs(in6->sin6_port);
			memcpy(addr->ip, &in6->sin6_addr, sizeof(in6->sin6_addr));
			break;
		}
		default:
			return;
	}
	addr->family = sockaddr->sa_family;
}

/**
 * Copy who the two sides are
 */
static void copy_parties(ike_sa_t *ike_sa, struct qm_sa_facts *facts)
{
	char *name = ike_sa->get_name(ike_sa);

	if (ike_sa->get_peer_cfg(ike_sa))
	{	/* without a configuration it has no name yet */
		qm_text_set(&facts->conn_name, name, strlen(name));
	}
	copy_id(ike_sa->get_my_id(ike_sa), &facts->local_id);
	copy_id(ike_sa->get_other_id(ike_sa), &facts->remote_id);
	if (!copy_acct(ike_sa, FALSE, &facts->acct))
	{
		copy_acct(ike_sa, TRUE, &facts->acct);
	}
	qm_audit_facts_host(ike_sa->get_my_host(ike_sa), &facts->local);
	qm_audit_facts_host(ike_sa->get_other_host(ike_sa), &facts->remote);
	copy_vip(ike_sa, &facts->vip);
}

/*
 * Described in header
 */
bool qm_audit_facts_established(ike_sa_t *ike_sa)
{
	switch (ike_sa->get_state(ike_sa))
	{
		case IKE_CREATED:
		case IKE_CONNECTING:
			return FALSE;
		default:
			return TRUE;
	}
}

/*
 * Described in header
 */
void qm_audit_facts_read_ike(ike_sa_t *ike_sa, struct qm_sa_facts *facts)
{
	*facts = (struct qm_sa_facts){
		.ike_sa = ike_sa->get_unique_id(ike_sa),
		.ike_version = ike_sa->get_version(ike_sa) == IKEV1 ? 1 : 2,
	};
	copy_parties(ike_sa, facts);
}

/*
 * Described in header
 */
child_sa_t *qm_audit_facts_replaced(ike_sa_t *ike_sa, child_sa_t *child_sa)
{
	child_sa_t *wanted = qm_audit_rekey_sa(child_sa), *other, *found = NULL;
	enumerator_t *enumerator;

	if (!wanted)
	{
		return NULL;
	}
	enumerator = ike_sa->create_child_sa_enumerator(ike_sa);
	while (enumerator->enumerate(enumerator, &other))
	{
		if (other == wanted && other->get_state(other) == CHILD_REKEYED)
		{
			found = other;
		}
	}
	enumerator->destroy(enumerator);
	return found;
}

/*
 * Described in header
 */
void qm_audit_facts_ts(linked_list_t *list, struct qm_ts_list *copy)
{
	*copy = (struct qm_ts_list){};
	if (list)
	{
		copy_ts_list(list->create_enumerator(list), copy);
	}
}

/*
 * Described in header
 */
void qm_audit_facts_proposals(linked_list_t *list, struct qm_text *text)
{
	char buf[4 * QM_TEXT_MAX];
	size_t i, len = 0;

	snprintf(buf, sizeof(buf), "%#P", list);
	for (i = 0; buf[i]; i++)
	{	/* the blanks after commas would have the record encode it all */
		if (buf[i] != ' ')
		{
			buf[len++] = buf[i];
		}
	}
	qm_text_set(text, buf, len);
}

/*
 * Described in header
 */
void qm_audit_facts_read(ike_sa_t *ike_sa, child_sa_t *child_sa,
						 struct qm_sa_facts *facts)
{
	char *name = child_sa->get_name(child_sa);

	*facts = (struct qm_sa_facts){
		.child_sa = child_sa->get_unique_id(child_sa),
		.ike_sa = ike_sa->get_unique_id(ike_sa),
		.reqid = child_sa->get_reqid(child_sa),
		.in_spi = ntohl(child_sa->get_spi(child_sa, TRUE)),
		.out_spi = ntohl(child_sa->get_spi(child_sa, FALSE)),
		.if_id_in = child_sa->get_if_id(child_sa, TRUE),
		.if_id_out = child_sa->get_if_id(child_sa, FALSE),
		.ike_version = ike_sa->get_version(ike_sa) == IKEV1 ? 1 : 2,
		.satype = qm_audit_facts_satype(child_sa->get_protocol(child_sa)),
		.samode = translate_mode(child_sa->get_mode(child_sa)),
		.encap = child_sa->has_encap(child_sa) ? QM_TRI_YES : QM_TRI_NO,
	};
	copy_mark(child_sa->get_mark(child_sa, TRUE), &facts->mark_in);
	copy_mark(child_sa->get_mark(child_sa, FALSE), &facts->mark_out);
	copy_proposal(child_sa->get_proposal(child_sa), facts);
	copy_lifetime(child_sa, facts);
	qm_text_set(&facts->child_name, name, strlen(name));
	copy_parties(ike_sa, facts);
	copy_ts_list(child_sa->create_ts_enumerator(child_sa, TRUE),
				 &facts->local_ts);
	copy_ts_list(child_sa->create_ts_enumerator(child_sa, FALSE),
				 &facts->remote_ts);
}
