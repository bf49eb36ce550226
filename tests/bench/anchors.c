/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "anchors.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGES_MAX 16384

#define LOOP_NS 2000
#define CALIBRATIONS 10000

static void fail(const char *what)
{
	fprintf(stderr, "bench: %s: %s\n", what, strerror(errno));
	exit(1);
}

void anchor_datagram(struct samples *samples, size_t count)
{
	char message[RECORD_LEN] = { 0 };
	uint64_t start;
	int fd[2];

	if (socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, fd) < 0) {
		fail("making a pair of datagram sockets");
	}
	while (count--) {
		start = now_ns();
		if (sendto(fd[0], message, sizeof(message), 0, NULL, 0) < 0 ||
			recvfrom(fd[1], message, sizeof(message), 0, NULL, NULL) < 0) {
			fail("sending a datagram");
		}
		samples_add(samples, now_ns() - start);
	}
	close(fd[0]);
	close(fd[1]);
}

void anchor_page(struct samples *samples, size_t count)
{
	const size_t page = (size_t)sysconf(_SC_PAGESIZE);
	const size_t pages = count < PAGES_MAX ? count : PAGES_MAX;
	volatile char *memory;
	uint64_t start;
	size_t i;

	memory = mmap(NULL, pages * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
				  -1, 0);
	if (memory == MAP_FAILED) {
		fail("mapping memory");
	}
	/* a queue is not made of huge pages either, unless it is very long */
	madvise((void *)memory, pages * page, MADV_NOHUGEPAGE);
	for (i = 0; i < pages; i++) {
		start = now_ns();
		memory[i * page] = 1;
		samples_add(samples, now_ns() - start);
	}
	munmap((void *)memory, pages * page);
}

static void spin(unsigned long turns)
{
	unsigned long x = turns;

	while (turns--) {
		x = x * 6364136223846793005u + 1;
		/* each turn needs the one before, and the compiler must not know more */
		__asm__ volatile("" : "+r"(x));
	}
}

/** How many turns take LOOP_NS, by the fastest of many tries. */
static unsigned long calibrate(void)
{
	const unsigned long turns = 1000;
	uint64_t start, ns, best = UINT64_MAX;
	int i;

	for (i = 0; i < CALIBRATIONS; i++) {
		start = now_ns();
		spin(turns);
		ns = now_ns() - start;
		best = ns && ns < best ? ns : best;
	}
	return turns * LOOP_NS / best;
}

void anchor_loop(struct samples *samples, size_t count)
{
	const unsigned long turns = calibrate();
	uint64_t start;

	while (count--) {
		start = now_ns();
		spin(turns);
		samples_add(samples, now_ns() - start);
	}
}

void anchor_fork(struct samples *samples, size_t count)
{
	uint64_t start;
	int status;
	pid_t pid;

	while (count--) {
		start = now_ns();
		pid = fork();
		if (!pid) {
			execl("/bin/true", "true", (char *)NULL);
			_exit(127);
		}
		if (pid < 0 || waitpid(pid, &status, 0) < 0 || status) {
			fail("running /bin/true");
		}
		samples_add(samples, now_ns() - start);
	}
}

/** Numbers from outside, so that the compiler cannot format them beforehand. */
static volatile unsigned number = 3240314215u;

static int format(char *buf, size_t size)
{
	const unsigned n = number;

	return snprintf(buf, size,
		"op=%s event-id=%u acct=%s direction=%s conn-name=\"%s\" child-name=\"%s\" "
		"ike-version=%u instance=%u ike-sa=%u child-sa=%u old-child-sa=%s reqid=%u "
		"if-id=%u mark=%u satype=%s samode=%s cipher=%s ksize=%u integ=%s pfs=%s "
		"esn=%s encap=%s in-spi=%u(0x%x) out-spi=%u(0x%x) laddr=%s lport=%u raddr=%s "
		"rport=%u proto=%u local-ts=%s remote-ts=%s remote-vip=%s life-time=%u "
		"life-bytes=%u life-packets=%u local-id=\"%s\" remote-id=\"%s\" "
		"when=%u.%03u rec-seq=%u",
		"start", n, "?", "responder", "load-test", "load-test", n, n, n, n, "?", n, n, n,
		"ipsec-esp", "tunnel", "AES_CBC", n, "HMAC_SHA1_96", "none", "no", "no", n, n, n,
		n, "127.0.0.1", n, "127.0.0.1", n, n, "127.0.0.1/32", "127.0.0.1/32", "?", n, n,
		n, "srv.strongswan.org", "c1-r1.strongswan.org", n, n % 1000, n);
}

uint64_t anchor_snprintf(size_t count)
{
	uint64_t start = now_ns();
	char buf[2 * RECORD_LEN];
	size_t i, len = 0;

	for (i = 0; i < count; i++) {
		len += (size_t)format(buf, sizeof(buf));
	}
	if (len < count * RECORD_LEN / 2) {
		fprintf(stderr, "bench: snprintf() wrote too little\n");
		exit(1);
	}
	return (now_ns() - start) / count;
}
