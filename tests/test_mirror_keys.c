/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Keys come in with notifications and dumps, and stay nowhere: the memory of this
 * process is searched for them.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <linux/netlink.h>

#include "fake_xfrm.h"
#include "mirror_kit.h"
#include "test.h"
#include "xfrm_kit.h"

/** What keys are made of here, and nowhere else in this program. */
#define KEY_BYTE 0x3c
/** Bytes of a key that are looked for. */
#define SAMPLE 24

static const struct craft_sa sa = { .src = "192.0.2.1", .dst = "192.0.2.2", .spi = 1 };

/** Whether a row of key bytes is in a piece of memory. */
static bool has_key(const uint8_t *bytes, size_t len)
{
	size_t row = 0;

	for (size_t i = 0; i < len; i++) {
		row = bytes[i] == KEY_BYTE ? row + 1 : 0;
		if (row == SAMPLE) {
			return true;
		}
	}
	return false;
}

/** Searches what is mapped from `start` on; what cannot be read has nothing. */
static bool search(int mem, uint64_t start, uint64_t end)
{
	static uint8_t page[65536];
	bool found = false;

	while (start < end && !found) {
		size_t len = end - start < sizeof(page) ? end - start : sizeof(page);
		ssize_t n = pread(mem, page, len, (off_t)start);

		found = n > 0 && has_key(page, (size_t)n);
		memset(page, 0, sizeof(page));
		start += len;
	}
	return found;
}

/** Whether key bytes are anywhere in the heap, on the stack or in variables. */
static bool memory_has_key(void)
{
	FILE *maps = fopen("/proc/self/maps", "re");
	int mem = open("/proc/self/mem", O_RDONLY | O_CLOEXEC);
	uint64_t start, end;
	char line[512], perms[5];
	bool found = false;

	CU_ASSERT_FATAL(maps && mem >= 0);
	while (!found && fgets(line, sizeof(line), maps)) {
		/* a sanitizer's shadow is terabytes of nothing */
		if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %4s", &start, &end, perms) == 3 &&
			perms[0] == 'r' && perms[1] == 'w' && end - start < 1 << 28) {
			found = search(mem, start, end);
		}
	}
	fclose(maps);
	close(mem);
	return found;
}

/** Messages with keys; the caller wipes them. */
static void make(struct craft *ret)
{
	memset(ret, 0, sizeof(*ret));
	ret->key_byte = KEY_BYTE;
	craft_sa(ret, XFRM_MSG_NEWSA, NLM_F_MULTI, 0, &sa);
	craft_del_sa(ret, 0, &sa);
}

static void test_found(void)
{
	struct craft craft;

	make(&craft);
	CU_ASSERT(memory_has_key());
	explicit_bzero(&craft, sizeof(craft));
}

/** Sent to the mirror's own socket by somebody else: not believed, but received. */
static void test_received(void)
{
	struct sockaddr_nl to = { 0 };
	socklen_t len = sizeof(to);
	struct craft craft;
	struct kit kit;
	int fd;

	if (!xfrm_enter()) {
		return;
	}
	kit_new(&kit, NULL);
	kit_run(&kit, QM_MIRROR_RESYNC_END);
	QM_OK_FATAL(getsockname(xfrm_find_socket(), (struct sockaddr *)&to, &len));
	to.nl_groups = 0;
	fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_XFRM);
	CU_ASSERT_FATAL(fd >= 0);
	make(&craft);
	QM_OK(sendto(fd, craft.bytes, craft.len, 0, (struct sockaddr *)&to, sizeof(to)));
	explicit_bzero(&craft, sizeof(craft));
	kit_compare(&kit);
	QM_INT(qm_mirror_stats(kit.mirror).foreign, 1);
	CU_ASSERT(!memory_has_key());
	close(fd);
	kit_free(&kit);
}

/** Notified, dumped, and cut off, on the fake, which lets go of what it gave. */
static void test_taken(void)
{
	struct craft craft;
	struct kit kit;

	fake_xfrm_begin();
	make(&craft);
	fake_xfrm_dump(XFRM_MSG_GETSA, &craft);
	fake_xfrm_notify(&craft);
	craft.len -= 8;
	fake_xfrm_notify(&craft);
	explicit_bzero(&craft, sizeof(craft));
	kit_new(&kit, NULL);
	kit_run(&kit, QM_MIRROR_RESYNC_END);
	QM_INT(qm_mirror_stats(kit.mirror).malformed, 1);
	CU_ASSERT(!memory_has_key());
	kit_free(&kit);
	fake_xfrm_end();
}

CU_TestInfo mirror_keys_tests[] = {
	{ "a key that is there is found", test_found },
	{ "messages received and not believed", test_received },
	{ "messages notified and dumped", test_taken },
	CU_TEST_INFO_NULL,
};
