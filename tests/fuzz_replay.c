/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Runs a fuzz target without a fuzzer, and reports in TAP.
 *
 * usage: fuzz_NAME [FILE|DIRECTORY]...
 *
 * Runs every file, then inputs made by changing them at random: as many as
 * FUZZ_RUNS says (5000 by default), from FUZZ_SEED (printed). Without arguments
 * it takes the directory of its own name under $top_srcdir/tests/corpus. An
 * input that fails is left in the current directory as FUZZ_NAME.crash.
 */
#include <ftw.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "fuzz.h"

#define INPUT_MAX 65536
#define FILES_MAX 1024

static struct {
	uint8_t *data;
	size_t size;
	char *name;
} files[FILES_MAX];
static size_t n_files;

/* what runs now, for on_abort() */
static const uint8_t *current;
static size_t current_size;
static char crash_file[256];

static uint64_t random_state;

/* xorshift64: the same inputs from the same seed on every machine */
static uint64_t next_random(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return random_state;
}

static void on_abort(int sig)
{
	FILE *file = fopen(crash_file, "wb");

	if (file) {
		fwrite(current, 1, current_size, file);
		fclose(file);
	}
	printf("Bail out! %s has the input that failed\n", crash_file);
	fflush(stdout);
	signal(sig, SIG_DFL);
	raise(sig);
}

static void run(const uint8_t *data, size_t size)
{
	current = data;
	current_size = size;
	LLVMFuzzerTestOneInput(data, size);
}

static int load(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	FILE *file;

	(void)ftw;
	if (type != FTW_F || n_files == FILES_MAX || st->st_size > INPUT_MAX) {
		return 0;
	}
	file = fopen(path, "rb");
	if (!file) {
		return -1;
	}
	files[n_files].name = strdup(path);
	files[n_files].data = malloc(INPUT_MAX);
	files[n_files].size = fread(files[n_files].data, 1, INPUT_MAX, file);
	n_files++;
	return fclose(file);
}

static void mutate(uint8_t *data, size_t *size)
{
	uint64_t n = next_random() % 16 + 1;

	while (n--) {
		size_t at = next_random() % (*size + 1), len = next_random() % 16;

		if (at < *size && next_random() % 4) {
			data[at] = (uint8_t)next_random();
		} else if (next_random() % 2 && *size + len <= INPUT_MAX) {
			memmove(data + at + len, data + at, *size - at);
			*size += len;
		} else if (at + len <= *size) {
			memmove(data + at, data + at + len, *size - at - len);
			*size -= len;
		}
	}
}

static void run_changed(uint64_t runs)
{
	static uint8_t data[INPUT_MAX];

	while (runs--) {
		size_t i = next_random() % n_files, size = files[i].size;

		memcpy(data, files[i].data, size);
		mutate(data, &size);
		run(data, size);
	}
}

static uint64_t setting(const char *name, uint64_t otherwise)
{
	const char *value = getenv(name);

	return value ? strtoull(value, NULL, 0) : otherwise;
}

/** Loads what the arguments name, or the target's own corpus. */
static int load_all(int argc, char *argv[], const char *target)
{
	const char *top = getenv("top_srcdir");
	char corpus[4096];

	for (int i = 1; i < argc; i++) {
		if (nftw(argv[i], load, 16, 0)) {
			perror(argv[i]);
			return -1;
		}
	}
	if (argc == 1) {
		snprintf(corpus, sizeof(corpus), "%s/tests/corpus/%s", top ? top : ".", target);
		if (nftw(corpus, load, 16, 0)) {
			perror(corpus);
			return -1;
		}
	}
	return n_files ? 0 : -1;
}

/** The program's own name, also where libtool wraps it. */
static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	path = slash ? slash + 1 : path;
	return strncmp(path, "lt-", 3) ? path : path + 3;
}

int main(int argc, char *argv[])
{
	const char *name = argc ? base_name(argv[0]) : "fuzz_replay";
	uint64_t seed = setting("FUZZ_SEED", (uint64_t)time(NULL) ^ (uint64_t)getpid());
	uint64_t runs = setting("FUZZ_RUNS", 5000);

	snprintf(crash_file, sizeof(crash_file), "%s.crash", name);
	if (load_all(argc, argv, strncmp(name, "fuzz_", 5) ? name : name + 5) < 0) {
		printf("Bail out! %s: no corpus\n", name);
		return 99;
	}
	random_state = seed ? seed : 1;
	signal(SIGABRT, on_abort);
	printf("1..%zu\n", n_files + 1);
	for (size_t i = 0; i < n_files; i++) {
		run(files[i].data, files[i].size);
		printf("ok %zu - %s: %s\n", i + 1, name, base_name(files[i].name));
	}
	fflush(stdout);
	run_changed(runs);
	printf("ok %zu - %s: %" PRIu64 " changed inputs, FUZZ_SEED=%" PRIu64 "\n",
		   n_files + 1, name, runs, seed);
	for (size_t i = 0; i < n_files; i++) {
		free(files[i].data);
		free(files[i].name);
	}
	return 0;
}
