/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "strays.h"
#include "peers.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define IKE_PORT 500

/** So many at a time. */
#define BURST (STRAYS / 2)

/** How long to wait for a burst until it is sent again, and how often it is. */
#define PATIENCE_MS 1000
#define TRIES 20

/** RFC 7296 section 3.1: an initiator's request of version 2. */
#define PAYLOAD_SK 46
#define VERSION_2 0x20
#define EXCHANGE_CREATE_CHILD_SA 36
#define FLAG_INITIATOR 0x08

static void put32(uint8_t *at, uint32_t n)
{
	n = htonl(n);
	memcpy(at, &n, sizeof(n));
}

void stray_make(uint64_t spi_i, uint64_t spi_r, uint32_t msgid, struct stray *ret)
{
	uint8_t *packet = ret->bytes;

	memset(packet, 0xa5, STRAY_LEN);
	memcpy(packet, &spi_i, sizeof(spi_i));
	memcpy(packet + 8, &spi_r, sizeof(spi_r));
	packet[16] = PAYLOAD_SK;
	packet[17] = VERSION_2;
	packet[18] = EXCHANGE_CREATE_CHILD_SA;
	packet[19] = FLAG_INITIATOR;
	put32(packet + 20, msgid);
	put32(packet + 24, STRAY_LEN);
	put32(packet + 28, STRAY_LEN - 28);
}

static int send_burst(int fd, const struct stray strays[STRAYS], unsigned from,
					  unsigned count)
{
	unsigned i;

	for (i = from; i < from + count; i++) {
		if (send(fd, strays[i % STRAYS].bytes, STRAY_LEN, 0) != STRAY_LEN) {
			fprintf(stderr, "strays: sending a packet: %s\n", strerror(errno));
			return -EIO;
		}
	}
	return 0;
}

/** Waits until so many have been rejected, or those that are missing were dropped. */
static void await_rejected(unsigned count)
{
	const struct timespec pause = { .tv_nsec = 1000 * 1000 };
	unsigned patience = PATIENCE_MS;

	while (peers_rejected() < count && patience--) {
		nanosleep(&pause, NULL);
	}
}

/** Sends a burst again as long as packets of it are missing. */
static int send_until_rejected(int fd, const struct stray strays[STRAYS], unsigned done,
							   unsigned burst)
{
	unsigned tries;
	int r = 0;

	for (tries = 0; peers_rejected() < done + burst && !r; tries++) {
		if (tries == TRIES) {
			fprintf(stderr, "strays: %u packets rejected, %u expected; QM_BENCH_LOG=1 in "
					"the environment shows the daemon's log\n", peers_rejected(),
					done + burst);
			return -ETIMEDOUT;
		}
		r = send_burst(fd, strays, done, done + burst - peers_rejected());
		await_rejected(done + burst);
	}
	return r;
}

int stray_send(const struct stray strays[STRAYS], unsigned count)
{
	const struct sockaddr_in daemon = {
		.sin_family = AF_INET,
		.sin_port = htons(IKE_PORT),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	unsigned done, burst;
	int r = 0;

	if (fd < 0 || connect(fd, (const struct sockaddr *)&daemon, sizeof(daemon)) < 0) {
		fprintf(stderr, "strays: a socket to the daemon: %s\n", strerror(errno));
		r = -EIO;
	}
	for (done = 0; done < count && !r; done += burst) {
		burst = count - done < BURST ? count - done : BURST;
		r = send_until_rejected(fd, strays, done, burst);
	}
	if (fd >= 0) {
		close(fd);
	}
	return r;
}
