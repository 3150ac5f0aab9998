/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "hb-machine-private.h"
#include "hb-syntax-private.h"

G_BEGIN_DECLS

/* Each file of the machine uses only the files below it, except that hb-machine.c calls
 * hb_machine_follow_inbox ():
 *
 *   hb-machine-event.c
 *   hb-machine-time.c
 *   hb-machine-batch.c
 *   hb-machine-network.c
 *   hb-machine-calls.c
 *   hb-machine-messages.c
 *   hb-machine-link.c    hb-machine-loss.c
 *   hb-machine.c
 */

/* hb-machine.c */
void     hb_machine_enter            (HbMachine     *self,
                                      HbState        state,
                                      gint64         now);
void     hb_machine_leave            (HbMachine     *self,
                                      HbState        state,
                                      gint64         now);
void     hb_machine_attempt          (HbMachine     *self,
                                      gint64         now);
void     hb_machine_ping             (HbMachine     *self,
                                      gint64         now);
void     hb_machine_pump             (HbMachine     *self);
void     hb_machine_expire           (HbMachine     *self,
                                      gint64         now);
void     hb_machine_report_unsent    (HbMachine     *self,
                                      guint          n_unsent);
void     hb_machine_release_waiters  (HbMachine     *self,
                                      const GError  *error);
void     hb_machine_set_attempt      (HbMachine     *self,
                                      guint          attempt);
void     hb_machine_set_last_error   (HbMachine     *self,
                                      const GError  *error);
void     hb_machine_set_http_status  (HbMachine     *self,
                                      guint          http_status);
gboolean hb_machine_is_ready         (HbMachine     *self);
gboolean hb_machine_may_ping         (HbMachine     *self);
gint64   hb_machine_get_settled_at   (HbMachine     *self);
GError  *hb_machine_new_closed_error (void);

/* hb-machine-loss.c */
void     hb_machine_apply_to_delay   (HbMachine     *self,
                                      gint64         now);
void     hb_machine_on_lost          (HbMachine     *self,
                                      gint64         now,
                                      const HbLoss  *loss);

/* hb-machine-link.c */
void     hb_machine_follow_inbox     (HbMachine     *self,
                                      gint64         now);
void     hb_machine_on_turn          (HbMachine     *self,
                                      gint64         now);
void     hb_machine_on_opened        (HbMachine     *self,
                                      gint64         now,
                                      const HbEvent *event);
gboolean hb_machine_accept_message   (HbMachine     *self,
                                      gint64         now,
                                      const HbEvent *event);
void     hb_machine_push_message     (HbMachine     *self,
                                      const HbEvent *event);
void     hb_machine_on_message       (HbMachine     *self,
                                      gint64         now,
                                      const HbEvent *event);
void     hb_machine_on_pong          (HbMachine     *self,
                                      gint64         now);
void     hb_machine_on_activity      (HbMachine     *self,
                                      gint64         now);
void     hb_machine_on_progress      (HbMachine     *self,
                                      gint64         now,
                                      guint64        written);
void     hb_machine_on_acknowledged  (HbMachine     *self,
                                      gint64         now,
                                      const HbEvent *event);
void     hb_machine_on_writable      (HbMachine     *self,
                                      gint64         now);

/* hb-machine-network.c */
gint64   hb_machine_get_check_at     (HbMachine     *self);
void     hb_machine_on_network       (HbMachine     *self,
                                      gint64         now);
void     hb_machine_check_network    (HbMachine     *self,
                                      gint64         now);

/* hb-machine-time.c */
void     hb_machine_on_tick          (HbMachine     *self,
                                      gint64         now,
                                      HbReading      reading,
                                      gboolean       is_queued);

G_END_DECLS
