/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * qm-audit stream: what it makes of what auditd hands over, and signals.
 */
#include "reader/stream_seen.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "random_kit.h"
#include "stream_kit.h"
#include "syntax.h"
#include "test.h"

/** What stands between ours in auditd's stream. */
static const char foreign[] =
	"type=USER_LOGIN msg=audit(1795438975.152:7): pid=1 uid=0 auid=0 ses=1 "
	"msg='op=login acct=\"x\" exe=\"/usr/sbin/sshd\" res=failed'\n"
	"type=EOE msg=audit(1795438975.152:7): \n\n";

static void begin(struct stream_kit *kit, const char *words)
{
	CU_ASSERT_FATAL(stream_begin(kit));
	stream_start(kit, words);
}

/** Ends it, and has all the events that were written. */
static void expect_all(struct stream_kit *kit)
{
	stream_close(kit);
	stream_await(kit, kit->out, UINT32_MAX);
	QM_INT(stream_finish(kit), 0);
	QM_STR(kit->tally.problem, "");
	QM_INT(kit->tally.events, kit->next);
	QM_INT(kit->tally.dropped, 0);
}

static void write_text(struct stream_kit *kit, const char *text)
{
	stream_write(kit, text, strlen(text), 0);
}

static void test_as_they_come(void)
{
	struct stream_kit kit;

	begin(&kit, "");
	for (unsigned i = 1; i <= 20; i++) {
		write_text(&kit, foreign);
		stream_records(&kit, 1);
		/* while standard input stays open */
		stream_await(&kit, kit.out, i);
		QM_INT(kit.tally.events, i);
	}
	expect_all(&kit);
	QM_INT(stream_times(&kit, "err", "\n"), 0);
	stream_end(&kit);
}

static void test_pieces(void)
{
	struct stream_kit kit;

	for (size_t size = 1; size < 700; size = size * 3 + 1) {
		begin(&kit, "-");
		for (; kit.next < 8; kit.next++) {
			const char *text = stream_record("", kit.next);

			stream_write(&kit, foreign, strlen(foreign), size);
			stream_write(&kit, text, strlen(text), size);
		}
		expect_all(&kit);
		stream_end(&kit);
	}
}

static void test_no_newline_at_the_end(void)
{
	struct stream_kit kit;
	const char *text = stream_record("", 0);

	begin(&kit, "");
	stream_write(&kit, text, strlen(text) - 1, 0);
	kit.next = 1;
	expect_all(&kit);
	stream_end(&kit);
}

static void write_garbage(struct stream_kit *kit)
{
	static char garbage[200000];
	unsigned state = 1;

	for (size_t i = 0; i < sizeof(garbage); i++) {
		state = state * 1103515245 + 12345;
		garbage[i] = (char)(state >> 16);
	}
	garbage[sizeof(garbage) - 1] = '\n';
	stream_write(kit, garbage, sizeof(garbage), 0);
	/* longer than a line may be, and the beginning of a record */
	memset(garbage, 'x', sizeof(garbage) - 1);
	memcpy(garbage, "type=CRYPTO_IPSEC_SA msg=", 25);
	stream_write(kit, garbage, sizeof(garbage), 0);
	stream_write(kit, garbage, 65537, 0);
	write_text(kit, "\n");
	stream_write(kit, stream_record("", 77), 300, 0);
	write_text(kit, "\n");
}

static void test_garbage(void)
{
	struct stream_kit kit;

	begin(&kit, "");
	stream_records(&kit, 3);
	write_garbage(&kit);
	stream_records(&kit, 3);
	write_garbage(&kit);
	stream_records(&kit, 3);
	expect_all(&kit);
	/* the first at once, the rest in the end */
	QM_INT(stream_times(&kit, "err", "\n"), 2);
	QM_INT(stream_times(&kit, "err", "is no audit record, skipped"), 1);
	QM_INT(stream_times(&kit, "err", "more bad lines"), 1);
	stream_end(&kit);
}

static void test_twice(void)
{
	struct stream_kit kit;

	begin(&kit, "");
	stream_records(&kit, 5000);
	for (unsigned i = 5000 - QM_STREAM_SEEN_MAX; i < 5000; i++) {
		write_text(&kit, stream_record("", i));
	}
	stream_records(&kit, 1);
	expect_all(&kit);
	stream_end(&kit);
}

/** What is not among the last is a new event, and so is another node's. */
static void test_not_twice(void)
{
	static const struct {
		const char *node;
		unsigned number;
		unsigned events;
	} rows[] = {
		{ "", 0, 0 },        { "", 0, 1 },        { "node=a ", 0, 1 },
		{ "node=b ", 0, 1 }, { "node=a ", 0, 0 }, { "node=b ", 0, 0 },
	};
	struct stream_kit kit;

	begin(&kit, "");
	stream_records(&kit, QM_STREAM_SEEN_MAX);
	/* known again until another one is new */
	write_text(&kit, stream_record("", 0));
	stream_records(&kit, 1);
	stream_await(&kit, kit.out, kit.next);
	for (size_t i = 1; i < sizeof(rows) / sizeof(rows[0]); i++) {
		kit.tally.next = rows[i].number;
		kit.tally.events = 0;
		write_text(&kit, stream_record(rows[i].node, rows[i].number));
		if (rows[i].events) {
			stream_await(&kit, kit.out, 1);
			QM_INT(kit.tally.events, 1);
		}
		/* the next new one shows that none came where none is due */
		write_text(&kit, stream_record("", 5000 + (unsigned)i));
		kit.tally.next = 5000 + (unsigned)i;
		stream_await(&kit, kit.out, 5001 + (unsigned)i);
		QM_STR(kit.tally.problem, "");
	}
	QM_INT(stream_finish(&kit), 0);
	stream_end(&kit);
}

/** More nodes than are told apart: the most silent are forgotten, nothing breaks. */
static void test_nodes(void)
{
	char node[32];
	struct stream_kit kit;

	begin(&kit, "");
	for (unsigned round = 0; round < 2; round++) {
		kit.tally.events = 0;
		for (unsigned i = 0; i < QM_STREAM_NODES_MAX + 1; i++) {
			snprintf(node, sizeof(node), "node=gw%u ", i);
			write_text(&kit, stream_record(node, 0));
			kit.tally.next = 0;
			stream_await(&kit, kit.out, 1);
		}
		QM_STR(kit.tally.problem, "");
		QM_INT(kit.tally.events, QM_STREAM_NODES_MAX + 1);
	}
	QM_INT(stream_finish(&kit), 0);
	stream_end(&kit);
}

/** Many records, each several times, compared with a table of when each was noted. */
static void test_seen(void)
{
	enum { NUMBERS = 6000 };
	static unsigned noted[NUMBERS];
	static struct qm_line line;
	struct qm_stream_seen *seen = qm_stream_seen_new();
	uint64_t random = qm_random_seed();
	unsigned count = 0, wrong = 0;
	const char *problem;

	memset(noted, 0, sizeof(noted));
	CU_ASSERT_PTR_NOT_NULL_FATAL(seen);
	for (unsigned i = 0; i < 60000; i++) {
		const unsigned number = qm_random_below(&random, NUMBERS);
		const bool known = noted[number] && count - noted[number] < QM_STREAM_SEEN_MAX;
		const struct qm_span text = qm_span_of(stream_record("", number));

		QM_OK(qm_line_parse(text, &line, &problem));
		wrong += qm_stream_seen_note(seen, &line) != known;
		if (!known) {
			noted[number] = ++count;
		}
	}
	QM_INT(wrong, 0);
	CU_ASSERT(count > 3 * QM_STREAM_SEEN_MAX);
	CU_ASSERT_PTR_NULL(qm_stream_seen_free(seen));
}

static void test_formats(void)
{
	static const struct {
		const char *words;
		bool (*keeps)(struct qm_span text);
		const char *part;
	} rows[] = {
		{ "--format xml file:@/out", qm_syntax_xml, "<Event xmlns=" },
		{ "format=xml,file:@/out", qm_syntax_xml, "<EventID>4654</EventID>" },
		{ "format=csv,buffer=64K,file:@/out", qm_syntax_csv, "4654" },
		{ "--format=text file:@/out", qm_syntax_text, "Failure Reason:" },
		{ "--computer gw.example.org file:@/out", qm_syntax_json_lines,
		  "\"name\":\"gw.example.org\"" },
		{ "computer=gw7,provider=me,file:@/out", qm_syntax_json_lines,
		  "\"provider_name\":\"me\"" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct stream_kit kit;
		char *text;

		begin(&kit, rows[i].words);
		stream_records(&kit, 3);
		QM_INT(stream_finish(&kit), 0);
		text = kit_read(&kit.kit, "out");
		CU_ASSERT_PTR_NOT_NULL_FATAL(text);
		CU_ASSERT(rows[i].keeps(qm_span_of(text)));
		QM_INT(stream_times(&kit, "out", rows[i].part), 3);
		free(text);
		stream_end(&kit);
	}
}

static void test_arguments(void)
{
	static const struct {
		const char *words;
		const char *message;
	} rows[] = {
		{ "--format table", "format 'table': not json" },
		{ "format=html,-", "format 'html': not json" },
		{ "--buffer 63K", "buffer '63K': not a size" },
		{ "--buffer 2G", "buffer '2G': not a size" },
		{ "--buffer 99999999999999999999", "not a size" },
		{ "buffer=,-", "buffer '': not a size" },
		{ "buffer=K", "buffer 'K': not a size" },
		{ "nowhere", "output 'nowhere': not -, file:PATH" },
		{ "file:", "output 'file:'" },
		{ "file:out", "say the whole path" },
		{ "unix:/0123456789012345678901234567890123456789012345678901234567890123456789"
		  "01234567890123456789012345678901234567",
		  "at most 107 bytes" },
		{ "format=text,syslog", "has many lines" },
		{ "- -", "there is one OUTPUT" },
		{ "--frmat json", "wrong arguments" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct stream_kit kit;

		begin(&kit, rows[i].words);
		QM_INT(stream_finish(&kit), 2);
		if (!stream_times(&kit, "err", rows[i].message)) {
			char *text = kit_read(&kit.kit, "err");

			QM_STR(text, rows[i].message);
			free(text);
		}
		stream_end(&kit);
	}
}

/** Counts what a file of the directory holds, and what it still lacks. */
static void count_file(struct stream_kit *kit, const char *name)
{
	char *text = kit_read(&kit->kit, name);

	if (text) {
		stream_count(&kit->tally, text, strlen(text));
	}
	free(text);
}

static void test_rotation(void)
{
	struct stream_kit kit;
	char old[PATH_MAX * 2];
	struct stat st;

	begin(&kit, "file:@/out");
	for (unsigned round = 1; round <= 3; round++) {
		stream_records(&kit, 10);
		while (stream_times(&kit, "out", "\n") < 10) {
		}
		snprintf(old, sizeof(old), "%s", kit_path(&kit.kit, "old"));
		QM_OK_FATAL(rename(kit_path(&kit.kit, "out"), old));
		count_file(&kit, "old");
		QM_INT(kit.tally.events, round * 10);
		QM_OK(kill(kit.pid, SIGHUP));
		while (stat(kit_path(&kit.kit, "out"), &st) < 0) {
		}
		QM_INT(st.st_mode, S_IFREG | 0600);
	}
	QM_INT(stream_finish(&kit), 0);
	QM_STR(kit.tally.problem, "");
	stream_end(&kit);
}

/** Goes on behind what is there, and ends a line that a crash has cut. */
static void test_append(void)
{
	struct stream_kit kit;
	char *text;

	CU_ASSERT_FATAL(stream_begin(&kit));
	kit_write(&kit.kit, "out", "{}\n{\"cut", 0644);
	stream_start(&kit, "file:@/out");
	stream_records(&kit, 2);
	QM_INT(stream_finish(&kit), 0);
	text = kit_read(&kit.kit, "out");
	CU_ASSERT_FATAL(text && !strncmp(text, "{}\n{\"cut\n{", 10));
	stream_count(&kit.tally, text + 9, strlen(text + 9));
	QM_STR(kit.tally.problem, "");
	QM_INT(kit.tally.events, 2);
	free(text);
	stream_end(&kit);
}

static void test_term(void)
{
	static const int signals[] = { SIGTERM, SIGINT };

	for (size_t i = 0; i < 2; i++) {
		struct stream_kit kit;
		int keep;

		begin(&kit, "file:@/out");
		/* ready for signals when it has written something */
		stream_records(&kit, 1);
		stream_await_text(&kit, "out", "\n");
		/* input and signal are there at the same time */
		QM_OK(kill(kit.pid, SIGSTOP));
		stream_records(&kit, 150);
		QM_OK(kill(kit.pid, signals[i]));
		QM_OK(kill(kit.pid, SIGCONT));
		/* the input stays open */
		keep = dup(kit.in);
		QM_INT(stream_finish(&kit), 0);
		count_file(&kit, "out");
		QM_STR(kit.tally.problem, "");
		QM_INT(kit.tally.events, 151);
		close(keep);
		stream_end(&kit);
	}
}

static void test_term_with_blocked_reader(void)
{
	struct stream_kit kit;

	begin(&kit, "");
	/* more than the pipe holds */
	stream_records(&kit, 200);
	stream_await(&kit, kit.out, 1);
	QM_OK(kill(kit.pid, SIGTERM));
	QM_INT(stream_finish(&kit), 0);
	QM_INT(stream_times(&kit, "err", "did not take"), 1);
	stream_await(&kit, kit.out, UINT32_MAX);
	QM_STR(kit.tally.problem, "");
	CU_ASSERT(kit.tally.events > 1 && kit.tally.events < 200);
	stream_end(&kit);
}

static void test_no_input(void)
{
	struct stream_kit kit;

	CU_ASSERT_FATAL(stream_begin(&kit));
	kit.without_input = true;
	stream_start(&kit, "file:@/out");
	QM_INT(stream_finish(&kit), 2);
	QM_INT(stream_times(&kit, "err", "standard input is closed"), 1);
	stream_end(&kit);
}

static void test_syslog(void)
{
	char message[16384];
	struct stream_kit kit;
	ssize_t n;

	CU_ASSERT_FATAL(stream_begin(&kit));
	stream_listen(&kit, SOCK_DGRAM);
	QM_OK_FATAL(symlink("sock", kit_path(&kit.kit, "log")));
	stream_start(&kit, "syslog");
	stream_records(&kit, 5);
	for (unsigned i = 0; i < 5; i++) {
		char *text;

		n = recv(kit.listener, message, sizeof(message) - 1, 0);
		CU_ASSERT_FATAL(n > 0);
		message[n] = '\n';
		CU_ASSERT(!strncmp(message, "<86>", 4) && strstr(message, " qm-audit["));
		text = memchr(message, '{', (size_t)n);
		CU_ASSERT_PTR_NOT_NULL_FATAL(text);
		stream_count(&kit.tally, text, (size_t)(message + n + 1 - text));
	}
	QM_STR(kit.tally.problem, "");
	QM_INT(stream_finish(&kit), 0);
	stream_end(&kit);
}

CU_TestInfo stream_tests[] = {
	{ "events come as they come, among foreign records", test_as_they_come },
	{ "in pieces", test_pieces },
	{ "without a newline at the end", test_no_newline_at_the_end },
	{ "garbage is skipped", test_garbage },
	{ "a record that comes twice is shown once", test_twice },
	{ "what is not the same is shown", test_not_twice },
	{ "many nodes", test_nodes },
	{ "what was seen, compared with a table", test_seen },
	{ "formats", test_formats },
	{ "wrong arguments", test_arguments },
	{ "a file is rotated", test_rotation },
	{ "a file is appended to", test_append },
	{ "SIGTERM and SIGINT", test_term },
	{ "SIGTERM while the reader reads nothing", test_term_with_blocked_reader },
	{ "standard input is closed", test_no_input },
	{ "syslog", test_syslog },
	CU_TEST_INFO_NULL,
};
