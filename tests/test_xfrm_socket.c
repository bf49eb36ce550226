/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The sockets, apart from the mirror.
 */
#include "xfrm_socket.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "test.h"
#include "xfrm_kit.h"

static const struct craft_sa sa = { .src = "192.0.2.1", .dst = "192.0.2.2", .spi = 0x1000,
									.larval = true };

/** What an output must not be touched from. */
#define UNTOUCHED 77

/** Has the kernel notify something. */
static void notify(void)
{
	QM_OK_FATAL(xfrm_alloc_spi(&sa, 0));
	QM_OK_FATAL(xfrm_delete_sa(&sa, 0));
}

static void test_listen(void)
{
	struct qm_xfrm_socket sock = { .fd = UNTOUCHED };
	_Alignas(8) uint8_t buffer[4096];
	uint32_t drops = UNTOUCHED;
	size_t len;

	if (!xfrm_enter()) {
		return;
	}
	QM_OK_FATAL(qm_xfrm_socket_listen(&sock, 1 << 16));
	QM_OK(qm_xfrm_socket_check(&sock));
	CU_ASSERT(qm_xfrm_socket_rcvbuf(&sock) >= 1 << 16);
	QM_FAILS(qm_xfrm_socket_recv(&sock, buffer, sizeof(buffer), &len), -EAGAIN);
	QM_INT(len, 0);
	notify();
	QM_OK(qm_xfrm_socket_recv(&sock, buffer, sizeof(buffer), &len));
	CU_ASSERT(len > 200);
	QM_OK(qm_xfrm_socket_drops(&sock, &drops));
	QM_INT(drops, 0);
	qm_xfrm_socket_close(&sock);
	QM_INT(sock.fd, -1);
	qm_xfrm_socket_close(&sock);
}

/** One that is longer than the buffer is no message, but has to be wiped. */
static void test_too_long(void)
{
	struct qm_xfrm_socket sock;
	_Alignas(8) uint8_t buffer[64];
	size_t len = 0;

	if (!xfrm_enter()) {
		return;
	}
	QM_OK_FATAL(qm_xfrm_socket_listen(&sock, 1 << 16));
	notify();
	QM_FAILS(qm_xfrm_socket_recv(&sock, buffer, sizeof(buffer), &len), -EMSGSIZE);
	QM_INT(len, sizeof(buffer));
	qm_xfrm_socket_close(&sock);
}

/** An overrun is told once, and the number of drops is exact. */
static void test_overrun(void)
{
	struct qm_xfrm_socket sock;
	_Alignas(8) uint8_t buffer[4096];
	unsigned received = 0, overruns = 0;
	uint32_t drops = 0;
	size_t len;
	int r;

	if (!xfrm_enter()) {
		return;
	}
	QM_OK_FATAL(qm_xfrm_socket_listen(&sock, 1));
	for (unsigned i = 0; i < 50; i++) {
		notify();
	}
	while ((r = qm_xfrm_socket_recv(&sock, buffer, sizeof(buffer), &len)) != -EAGAIN) {
		CU_ASSERT_FATAL(!r || r == -ENOBUFS);
		received += !r;
		overruns += r == -ENOBUFS;
	}
	QM_OK(qm_xfrm_socket_drops(&sock, &drops));
	QM_INT(overruns, 1);
	QM_INT(received + drops, 50);
	qm_xfrm_socket_close(&sock);
}

static void test_not_ours(void)
{
	struct qm_xfrm_socket sock;
	uint32_t drops = UNTOUCHED;
	int fds[2];

	if (!xfrm_enter()) {
		return;
	}
	QM_OK_FATAL(qm_xfrm_socket_listen(&sock, 1));
	QM_OK_FATAL(pipe(fds));
	QM_OK_FATAL(dup2(fds[0], sock.fd));
	close(fds[0]);
	fds[0] = sock.fd;
	QM_FAILS(qm_xfrm_socket_check(&sock), -EBADF);
	QM_FAILS(qm_xfrm_socket_drops(&sock, &drops), -ENOTSOCK);
	QM_INT(drops, UNTOUCHED);
	QM_INT(qm_xfrm_socket_rcvbuf(&sock), 0);
	qm_xfrm_socket_close(&sock);
	QM_OK(close(fds[0]));
	close(fds[1]);
}

/** A socket for a dump gets that, and nothing that is notified. */
static void test_dump(void)
{
	struct qm_xfrm_socket sock;
	_Alignas(8) uint8_t buffer[4096];
	size_t len;

	if (!xfrm_enter()) {
		return;
	}
	QM_OK_FATAL(qm_xfrm_socket_dump(&sock, XFRM_MSG_GETSA));
	QM_OK(qm_xfrm_socket_recv(&sock, buffer, sizeof(buffer), &len));
	notify();
	QM_FAILS(qm_xfrm_socket_recv(&sock, buffer, sizeof(buffer), &len), -EAGAIN);
	qm_xfrm_socket_close(&sock);
}

CU_TestInfo xfrm_socket_tests[] = {
	{ "notifications", test_listen },
	{ "a notification that is too long", test_too_long },
	{ "an overrun", test_overrun },
	{ "a number that is another file's", test_not_ours },
	{ "a dump", test_dump },
	CU_TEST_INFO_NULL,
};
