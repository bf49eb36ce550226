/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Trails made up for the checker: lines as auditd writes them, to be removed, altered
 * or added, and the verdict on them in short.
 */
#ifndef QM_VERIFY_KIT_H
#define QM_VERIFY_KIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define VK_LINE_MAX 1024
#define VK_LINES_MAX 512

/** ms since the epoch at which trails begin */
#define VK_BEGIN UINT64_C(1795438975000)

struct vk_line {
	char text[VK_LINE_MAX];
	/** 0 for the kernel's */
	uint64_t seq;
	unsigned instance;
};

/** Who writes. */
struct vk_who {
	/** NULL for none */
	const char *node;
	unsigned pid;
	/** that numbers it */
	unsigned instance;
};

struct vk_trail {
	struct vk_line lines[VK_LINES_MAX];
	size_t count;
};

struct vk_verdict {
	/** "hole@5-6 no-5451@7": names of faults with their rec-seq, in order */
	char faults[4096];
	char notes[4096];
	uint64_t records;
	uint64_t pairs;
	uint64_t gateways;
	uint64_t repeated;
	size_t open;
};

/** Appends a record of ours. `ms` is counted from VK_BEGIN. */
void vk_record(struct vk_trail *trail, const struct vk_who *who, uint64_t ms,
			   uint64_t seq, const char *format, ...)
	__attribute__((format(printf, 5, 6)));

void vk_start(struct vk_trail *trail, const struct vk_who *who, uint64_t ms,
			  const char *policy, const char *more);
void vk_stop(struct vk_trail *trail, const struct vk_who *who, uint64_t ms, uint64_t seq,
			 uint64_t written);
/** An SA pair begins; its SPIs are made of instance, pid and number. */
void vk_up(struct vk_trail *trail, const struct vk_who *who, uint64_t ms, uint64_t seq,
		   unsigned child);
/** It ends, after that many ms. `owner` is the pid that vk_up() had. */
void vk_down(struct vk_trail *trail, const struct vk_who *who, unsigned owner,
			 uint64_t ms, uint64_t seq, unsigned child, uint64_t lasted,
			 const char *more);
void vk_lost(struct vk_trail *trail, const struct vk_who *who, uint64_t ms, uint64_t seq,
			 const char *cause, unsigned count);
void vk_policy(struct vk_trail *trail, const struct vk_who *who, uint64_t ms,
			   uint64_t seq, const char *from, const char *to);

/** The SPI of a pair's half. */
unsigned vk_spi(unsigned instance, unsigned pid, unsigned child, bool out);

/** The kernel's record of an SA; with a system call's after it for a pid. */
void vk_kernel(struct vk_trail *trail, const char *node, uint64_t ms, const char *op,
			   unsigned spi, unsigned pid);
/** Those for both halves of a pair. */
void vk_kernel_pair(struct vk_trail *trail, const struct vk_who *who, uint64_t ms,
					const char *op, unsigned child);

void vk_remove(struct vk_trail *trail, size_t at);
/** Appends a copy of a line in which the first `from` is `to`. */
void vk_forge(struct vk_trail *trail, size_t at, const char *from, const char *to);
/** Replaces the first `from` of a line. */
void vk_alter(struct vk_trail *trail, size_t at, const char *from, const char *to);
/** The first line that has both texts; aborts where there is none. */
size_t vk_find(const struct vk_trail *trail, const char *a, const char *b);

/** Has the trail judged, as the command does. */
void vk_judge(const struct vk_trail *trail, struct vk_verdict *ret);

#endif
