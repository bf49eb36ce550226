/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The subcommands of qm-audit. Each takes its own name as argv[0].
 */
#ifndef QM_CMD_H
#define QM_CMD_H

/** Exit status, as ausearch has it. */
enum qm_exit {
	QM_EXIT_OK = 0,
	/** nothing found, or something to be looked at */
	QM_EXIT_NONE = 1,
	/** wrong usage, or something that cannot be read or written */
	QM_EXIT_ERROR = 2,
};

/** Prints the trail as Windows events. @return exit status */
int qm_cmd_events(int argc, char **argv);

/** Prints the table of events. @return exit status */
int qm_cmd_schema(int argc, char **argv);

/** Says whether the trail is complete. @return exit status */
int qm_cmd_verify(int argc, char **argv);

/** Shows and changes the audit policy. @return exit status */
int qm_cmd_policy(int argc, char **argv);

/** Hands events on as they come. @return exit status */
int qm_cmd_stream(int argc, char **argv);

/** Asks the running daemon how it goes. @return exit status */
int qm_cmd_status(int argc, char **argv);

#endif
