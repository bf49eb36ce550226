/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * In the recorder's and the daemon's place: keeps the last input and the last message.
 */
#ifndef QM_LISTENER_KIT_H
#define QM_LISTENER_KIT_H

#include "../auditd/recorder.h"

/** Forgets both; from then on there is a daemon to log to. */
void listener_kit_reset(void);

/** Inputs pushed since then, and the last of them. */
int listener_kit_pushed(void);
const struct qm_input *listener_kit_last(void);

/** The last message, "" for none. */
const char *listener_kit_log(void);

#endif
