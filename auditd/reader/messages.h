/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The texts of the events: Windows' own, and ours for what Windows does not have.
 * %1 stands for the first field of the event.
 */
#ifndef QM_MESSAGES_H
#define QM_MESSAGES_H

extern const char qm_message_5451[];
extern const char qm_message_5452[];
extern const char qm_message_4654[];
extern const char qm_message_4977[];
extern const char qm_message_4719[];
extern const char qm_message_started[];
extern const char qm_message_stopped[];
extern const char qm_message_lost[];
extern const char qm_message_unknown_sa[];
extern const char qm_message_store_changed[];
extern const char qm_message_other[];

#endif
