/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "xfrm_actor.h"

#include <dirent.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <linux/netlink.h>

/** How long an answer is good: process ids do not come back that soon. */
#define VALID_MS 1000

/** Takes the process that has a pid, or a thread of that number, from its status. */
static void read_process(uint32_t number, struct qm_xfrm_actor *actor)
{
	char path[64], line[256], comm[QM_XFRM_COMM_MAX] = "";
	int pid = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%u/status", number);
	file = fopen(path, "re");
	if (!file) {
		return;
	}
	while (!pid && fgets(line, sizeof(line), file)) {
		if (sscanf(line, "Name:\t%15[^\n]", comm) != 1) {
			sscanf(line, "Tgid:\t%d", &pid);
		}
	}
	fclose(file);
	if (pid > 0) {
		actor->pid = pid;
		memcpy(actor->comm, comm, sizeof(comm));
	}
}

/** The inode of the XFRM socket in our network namespace that has a port id, or 0. */
static unsigned long socket_inode(uint32_t port)
{
	unsigned long inode = 0;
	unsigned protocol, pid;
	char line[256];
	FILE *file = fopen("/proc/self/net/netlink", "re");

	if (!file) {
		return 0;
	}
	/* sk Eth Pid Groups Rmem Wmem Dump Locks Drops Inode */
	while (!inode && fgets(line, sizeof(line), file)) {
		unsigned long found;

		if (sscanf(line, "%*s %u %u %*s %*s %*s %*s %*s %*s %lu", &protocol, &pid,
				   &found) == 3 &&
			protocol == NETLINK_XFRM && pid == port) {
			inode = found;
		}
	}
	fclose(file);
	return inode;
}

/** Whether one of our descriptors is the socket with this inode. */
static bool have_socket(unsigned long inode)
{
	char wanted[64], target[64];
	struct dirent *entry;
	bool found = false;
	ssize_t len;
	DIR *dir = opendir("/proc/self/fd");

	if (!dir) {
		return false;
	}
	snprintf(wanted, sizeof(wanted), "socket:[%lu]", inode);
	while (!found && (entry = readdir(dir))) {
		len = readlinkat(dirfd(dir), entry->d_name, target, sizeof(target) - 1);
		target[len < 0 ? 0 : len] = '\0';
		found = !strcmp(target, wanted);
	}
	closedir(dir);
	return found;
}

static bool is_own_socket(uint32_t port)
{
	unsigned long inode = socket_inode(port);

	return inode && have_socket(inode);
}

static struct qm_xfrm_actor look_up(uint32_t port)
{
	struct qm_xfrm_actor actor = { .kind = QM_XFRM_ACTOR_OTHER, .port = port };

	read_process(port, &actor);
	if (actor.pid == getpid() || is_own_socket(port)) {
		actor = (struct qm_xfrm_actor){ .kind = QM_XFRM_ACTOR_OWN, .port = port };
	}
	return actor;
}

struct qm_xfrm_actor qm_xfrm_actor_find(struct qm_xfrm_actors *actors, uint32_t port,
										uint64_t now_ms)
{
	struct qm_xfrm_actor actor = { .kind = QM_XFRM_ACTOR_UNNAMED };
	unsigned i;

	if (!port) {
		return actor;
	}
	if (port == (uint32_t)getpid()) {
		actor.kind = QM_XFRM_ACTOR_OWN;
		actor.port = port;
		return actor;
	}
	for (i = 0; i < QM_XFRM_ACTORS; i++) {
		if (actors->known[i].actor.port == port && now_ms < actors->known[i].until_ms) {
			return actors->known[i].actor;
		}
	}
	actor = look_up(port);
	i = actors->next++ % QM_XFRM_ACTORS;
	actors->known[i].actor = actor;
	actors->known[i].until_ms = now_ms + VALID_MS;
	return actor;
}
