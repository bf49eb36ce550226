/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Asks the kernel for one SA: what went through it by now, which nothing notifies.
 */
#ifndef QM_XFRM_QUERY_H
#define QM_XFRM_QUERY_H

#include "xfrm_msg.h"
#include "xfrm_socket.h"

/**
 * Finds an SA in the kernel. Waits for nothing but the kernel's own work.
 *
 * @param sock	of qm_xfrm_socket_open()
 * @param id	all of it but the interface id, by which the kernel does not look
 * @param ret	receives what the kernel tells; untouched on failure
 * @return		0; -ESRCH for none; -EBADMSG for an answer that makes no sense; -EPERM
 *				without CAP_NET_ADMIN; another negative errno
 */
int qm_xfrm_query_sa(const struct qm_xfrm_socket *sock, const struct qm_xfrm_id *id,
					 struct qm_xfrm_sa *ret);

#endif
