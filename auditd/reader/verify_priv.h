/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the parts of the checker share.
 *
 * A run is one process under one instance number. Records of an instance that a later
 * run sends are a run of their own until the end, when runs are joined to streams, of
 * which each has the numbers of one instance, and streams to chains, of which each is
 * one gateway: a state directory, where instances are counted.
 */
#ifndef QM_VERIFY_PRIV_H
#define QM_VERIFY_PRIV_H

#include "verify.h"

/* what cannot be allocated is told by `lacking`, and not by ending the process */
#define HASH_NONFATAL_OOM 1
#define uthash_nonfatal_oom(elt) (verify_lacking = true)
#include <uthash.h>

/** Set when uthash had no memory. */
extern _Thread_local bool verify_lacking;

/** Clocks of the kernel's records and of ours may differ by that, in ms. */
#define SLACK_MS 2000

#define PAGE_BITS 6
#define PAGE_SIZE (1u << PAGE_BITS)

/** Numbers of records that are there. */
struct qm_vpage {
	/** number of the first one, divided by PAGE_SIZE */
	uint64_t key;
	uint64_t present;
	uint32_t hashes[PAGE_SIZE];
	/** seconds since the epoch */
	uint32_t times[PAGE_SIZE];
	UT_hash_handle hh;
};

/** An op=lost that stands for numbers. */
struct qm_vloss {
	uint64_t seq;
	uint64_t count;
};

/** From when on successes are written, and anything at all. */
struct qm_vpolicy {
	uint64_t when_ms;
	bool success;
	bool any;
};

enum qm_vlast {
	/** the record does not say */
	QM_VLAST_UNTOLD,
	QM_VLAST_STOPPED,
	QM_VLAST_DIED,
	QM_VLAST_OTHER,
};

struct qm_vnode;

struct qm_vrun {
	struct {
		uint32_t pid;
		uint32_t instance;
	} key;
	struct qm_vnode *node;
	struct qm_vpage *pages;
	/** the last one used */
	struct qm_vpage *page;
	uint64_t first_seq;
	uint64_t last_seq;
	uint64_t first_ms;
	uint64_t last_ms;
	uint32_t exe;
	bool began;
	enum qm_vlast last;
	bool tells_open;
	uint64_t open_sas;
	uint64_t stop_seq;
	uint64_t written;
	struct qm_vloss *losses;
	size_t n_losses;
	struct qm_vpolicy *policies;
	size_t n_policies;
	/** SA pairs of which the kernel had a half; and those of which it had none, and
	 * which had no counts either */
	uint64_t in_kernel;
	uint64_t apart;
	/** that it is joined to, itself at first */
	struct qm_vrun *leader;
	/** the next one of the stream; of the leader, the first */
	struct qm_vrun *member;
	/** a later process that has sent some of the stream; 0 for none */
	uint32_t heir;
	/** of leaders: the streams before and after it in its chain */
	struct qm_vrun *before;
	struct qm_vrun *after;
	/** of leaders: SA pairs of earlier runs that are open yet, at most, as the runs
	 * after this one say; UINT64_MAX where there is none; and those counted so far */
	uint64_t most_open;
	uint64_t n_open;
	/** of leaders: when it was last that this run or one after it wrote no successes */
	uint64_t silent_until;
	/** of op=lost, and not used for numbers of its own */
	uint64_t spare;
	/** the beginning is not there, and need not be */
	bool cut;
	/** of another instance than that of its process: sent later */
	bool late;
	UT_hash_handle hh;
};

struct qm_vpair {
	struct {
		uint64_t child_sa;
		uint32_t instance;
		uint32_t in_spi;
		uint32_t out_spi;
		uint32_t zero;
	} key;
	struct qm_vrun *run;
	uint64_t seq;
	/** of the 5451; for an orphan of the 5452 */
	uint64_t when_ms;
	/** its 5451 came late: audit was not there when the kernel would have told */
	bool delayed;
	/** a 5452 without its 5451, which was to be at that time */
	bool orphan;
	uint64_t began_ms;
	UT_hash_handle hh;
};

/** An SPI, of which the kernel or we have told. */
struct qm_vspi {
	uint32_t spi;
	/** a 5451 or an unknown-sa has it */
	bool named;
	/** open pairs with it */
	uint32_t pairs;
	uint32_t adds;
	uint32_t deletes;
	uint64_t serial;
	uint64_t added_ms;
	uint64_t deleted_ms;
	/** who added it, and its program; 0 when not known */
	uint32_t pid;
	uint32_t exe;
	struct in6_addr src;
	struct in6_addr dst;
	UT_hash_handle hh;
};

/** An address that is ours. */
struct qm_vaddr {
	struct in6_addr addr;
	UT_hash_handle hh;
};

/** An SA pair of which the kernel has not told; judged in the end. */
struct qm_vunseen {
	struct qm_finding finding;
	struct qm_vrun *run;
	/** the 5452 had no counts */
	bool uncounted;
};

struct qm_vnode {
	/** terminated, but it may have other NULs */
	char *name;
	size_t name_len;
	struct qm_verify *verify;
	struct qm_vrun *runs;
	struct qm_vpair *pairs;
	struct qm_vspi *spis;
	struct qm_vaddr *addrs;
	/** of ours or the kernel's */
	uint64_t first_ms;
	uint64_t last_ms;
	/** of the kernel's adds; 0 for none */
	uint64_t first_add_ms;
	uint64_t last_add_ms;
	/** the last SPI that was added, for the record of the system call */
	uint32_t last_spis[8];
	unsigned next_spi;
	struct qm_vunseen *unseen;
	size_t n_unseen;
	size_t size_unseen;
	UT_hash_handle hh;
};

struct qm_verify {
	struct qm_vnode *nodes;
	/** the last one used */
	struct qm_vnode *node;
	struct qm_verify_result result;
	size_t size_findings;
	size_t size_open;
};

/** What a record of ours says, as far as it matters to the checker. */
struct qm_vrecord {
	const struct qm_line *line;
	struct qm_vrun *run;
	struct qm_span op;
	uint64_t event_id;
	uint64_t when_ms;
	uint64_t seq;
};

/** A field by its name, also one that this version does not know; .s is NULL where it
 * is not there, or "?". */
struct qm_span qm_verify_field(const struct qm_line *line, const char *name);

/** A number for a text. */
uint32_t qm_verify_hash(struct qm_span text);

/** A field's number, 0 for none. */
uint64_t qm_verify_number(const struct qm_line *line, enum qm_key key);

/** Adds a finding. @return 0 or -ENOMEM */
int qm_verify_find(struct qm_verify *verify, const struct qm_finding *finding);

/** A finding about a run, to be filled in and added. */
struct qm_finding qm_verify_about(const struct qm_vrun *run, enum qm_finding_kind kind,
								  uint64_t time_ms);

/* runs: verify_run.c */

/** What became of a record's number. */
enum qm_vnumber { QM_VNUMBER_NEW, QM_VNUMBER_AGAIN, QM_VNUMBER_TAKEN };

struct qm_vrun *qm_vrun_get(struct qm_vnode *node, uint32_t pid, uint32_t instance);
void qm_vrun_free(struct qm_vrun *run);

/** Notes a number. @return what became of it, or -ENOMEM */
int qm_vrun_number(struct qm_vrun *run, uint64_t seq, uint32_t hash, uint64_t when_ms);

/** Whether a run has a number. */
bool qm_vrun_has(struct qm_vrun *run, uint64_t seq);

/** Takes what a record says of the run itself. @return 0 or -ENOMEM */
int qm_vrun_record(const struct qm_vrecord *record);

/** Finds a number 1 that is of another record than one with which runs begin. */
int qm_vrun_first(const struct qm_vrecord *record);

/** How many numbers a run has below one. */
uint64_t qm_vrun_count(struct qm_vrun *run, uint64_t below);

/** How many numbers two runs share. */
uint64_t qm_vrun_shared(struct qm_vrun *a, struct qm_vrun *b);

/** Whether successes were not written at some time between, under a stream's policy. */
bool qm_vrun_is_silent(const struct qm_vrun *leader, uint64_t from_ms, uint64_t to_ms);

/** When it was last that no successes were written; 0 for never. */
uint64_t qm_vrun_silent_until(const struct qm_vrun *leader);

/** Whether nothing is written in the end. */
bool qm_vrun_ends_silent(const struct qm_vrun *leader);

/** Finds holes in a stream (verify_hole.c), after those of the streams that follow it
 * in its chain. @return 0 or -ENOMEM */
int qm_vrun_judge_numbers(struct qm_vrun *leader);

/* streams and chains: verify_chain.c */

struct qm_vrun *qm_vchain_leader(struct qm_vrun *run);
/** Says that what two runs have are the numbers of one instance. */
void qm_vchain_join(struct qm_vrun *a, struct qm_vrun *b);
/** Joins and links all runs of a node, and judges them. @return 0 or -ENOMEM */
int qm_vchain_judge(struct qm_vnode *node);

/* SA pairs: verify_pair.c */

int qm_vpair_start(const struct qm_vrecord *record);
int qm_vpair_end(const struct qm_vrecord *record);
int qm_vpair_judge(struct qm_vnode *node);
void qm_vpair_clear(struct qm_vnode *node);

/* the kernel's records: verify_sad.c */

int qm_vsad_take(struct qm_vnode *node, const struct qm_kernel_line *line);
/** A record names an SPI; `pairs` of an SA pair that begins. */
int qm_vsad_name(struct qm_vnode *node, uint32_t spi, bool pair);
/** An SA pair has an address. */
int qm_vsad_address(struct qm_vnode *node, struct qm_span laddr);
/** A pair has ended, or is open in the end. `uncounted`: its 5452 has no counts. */
int qm_vsad_end(const struct qm_vpair *pair, bool uncounted);
int qm_vsad_judge(struct qm_vnode *node);
void qm_vsad_clear(struct qm_vnode *node);

#endif
