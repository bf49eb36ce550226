/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Why something could not be done, for the one who called the command.
 */
#ifndef QM_COMPLAINT_H
#define QM_COMPLAINT_H

#define QM_COMPLAINT_MAX 512

/** What is wrong, where, and what to do about it. */
struct qm_complaint {
	/** line of the file that it is about, from 1; 0 where it is about the whole */
	unsigned line;
	/** one sentence without the file's name, terminated */
	char text[QM_COMPLAINT_MAX];
};

/**
 * Fills in a complaint.
 *
 * @param error		negative errno that stands for it
 * @return			error, so that a function can end with it
 */
int qm_complain(struct qm_complaint *why, int error, unsigned line, const char *format,
				...) __attribute__((format(printf, 4, 5)));

#endif
