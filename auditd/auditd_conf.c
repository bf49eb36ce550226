/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "auditd_conf.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#define DEFAULT_LOG "/var/log/audit/audit.log"

/** A piece of a line. */
struct piece {
	const char *s;
	size_t len;
};

void qm_auditd_conf_init(struct qm_auditd_conf *conf)
{
	*conf = (struct qm_auditd_conf){ .log_file = DEFAULT_LOG, .write_logs = true };
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

static struct piece trim(struct piece piece)
{
	while (piece.len && is_blank(*piece.s)) {
		piece.s++;
		piece.len--;
	}
	while (piece.len && is_blank(piece.s[piece.len - 1])) {
		piece.len--;
	}
	return piece;
}

/** Compares without regard to case, as auditd does with names and with choices. */
static bool is(struct piece piece, const char *word)
{
	return piece.len == strlen(word) && !strncasecmp(piece.s, word, piece.len);
}

static bool set_log_file(struct piece value, struct qm_auditd_conf *conf)
{
	if (!value.len || *value.s != '/' || value.len >= sizeof(conf->log_file) ||
		memchr(value.s, '\0', value.len)) {
		return false;
	}
	memcpy(conf->log_file, value.s, value.len);
	conf->log_file[value.len] = '\0';
	return true;
}

/** Takes in one setting. @return whether its value can be understood */
static bool set(struct piece name, struct piece value, struct qm_auditd_conf *conf,
				bool *nolog)
{
	if (is(name, "log_file")) {
		return set_log_file(value, conf);
	}
	if (is(name, "write_logs")) {
		conf->write_logs = !is(value, "no");
		return is(value, "no") || is(value, "yes");
	}
	if (is(name, "log_format")) {
		*nolog = is(value, "nolog");
		return value.len > 0;
	}
	return true;
}

static bool take_line(struct piece line, struct qm_auditd_conf *conf, bool *nolog)
{
	struct piece name = trim(line), value;
	const char *equal;

	if (!name.len || *name.s == '#' || line.len > PATH_MAX) {
		return true;
	}
	equal = memchr(name.s, '=', name.len);
	if (!equal) {
		return false;
	}
	value.s = equal + 1;
	value.len = name.len - (size_t)(value.s - name.s);
	name.len = (size_t)(equal - name.s);
	return set(trim(name), trim(value), conf, nolog);
}

unsigned qm_auditd_conf_parse(const char *text, size_t len, struct qm_auditd_conf *ret)
{
	const char *const end = text + len;
	unsigned number = 0, wrong = 0;
	bool nolog = false;

	qm_auditd_conf_init(ret);
	while (text < end) {
		const char *newline = memchr(text, '\n', (size_t)(end - text));
		const char *line_end = newline ? newline : end;
		struct piece line = { text, (size_t)(line_end - text) };

		number++;
		if (!take_line(line, ret, &nolog) && !wrong) {
			wrong = number;
		}
		text = newline ? newline + 1 : end;
	}
	ret->write_logs = ret->write_logs && !nolog;
	return wrong;
}

/** Reads to the end. @return bytes, or a negative errno */
static ssize_t read_all(int fd, char *buf, size_t size)
{
	size_t len = 0;
	ssize_t n;

	while (len < size) {
		n = read(fd, buf + len, size - len);
		if (n < 0 && errno == EINTR) {
			continue;
		}
		if (n <= 0) {
			return n < 0 ? -errno : (ssize_t)len;
		}
		len += (size_t)n;
	}
	return -EFBIG;
}

int qm_auditd_conf_read(int fd, struct qm_auditd_conf *ret, unsigned *ret_line)
{
	char *text = malloc(QM_AUDITD_CONF_MAX);
	ssize_t n;

	*ret_line = 0;
	qm_auditd_conf_init(ret);
	if (!text) {
		return -ENOMEM;
	}
	n = read_all(fd, text, QM_AUDITD_CONF_MAX);
	if (n >= 0) {
		*ret_line = qm_auditd_conf_parse(text, (size_t)n, ret);
	}
	free(text);
	if (n < 0) {
		return (int)n;
	}
	return *ret_line ? -EINVAL : 0;
}
