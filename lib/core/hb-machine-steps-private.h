/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "hb-machine-private.h"

G_BEGIN_DECLS

/* What the files of the machine share, and nobody else uses: hb-machine.c has the states, the ends
 * of links and the time; hb-machine-calls.c what the application asks for; hb-machine-traffic.c
 * what goes through an open link. */

/* RFC 6455, 7.4.1; 1006 is that of a link that ended without a close frame (7.1.5). */
#define HB_CLOSE_NORMAL   1000
#define HB_CLOSE_ABNORMAL 1006
#define HB_CLOSE_TOO_BIG  1009

/* Networks change in bursts: an interface, an address, a route. */
#define HB_CHECK_INTERVAL (5 * G_TIME_SPAN_SECOND)

void      hb_machine_enter            (HbMachine    *self,
                                       HbState       state,
                                       gint64        now);
void      hb_machine_leave            (HbMachine    *self,
                                       HbState       state,
                                       gint64        now);
void      hb_machine_attempt          (HbMachine    *self,
                                       gint64        now);
void      hb_machine_give_link_up     (HbMachine    *self,
                                       gint64        now);
void      hb_machine_ping             (HbMachine    *self,
                                       gint64        now);
void      hb_machine_check_network    (HbMachine    *self,
                                       gint64        now);
void      hb_machine_pump             (HbMachine    *self);
void      hb_machine_tell_unsent      (HbMachine    *self);
void      hb_machine_release_waiters  (HbMachine    *self,
                                       const GError *error);
void      hb_machine_set_attempt      (HbMachine    *self,
                                       guint         attempt);
void      hb_machine_set_latency      (HbMachine    *self,
                                       gint64        latency);
gboolean  hb_machine_has_open_link    (HbMachine    *self);
GError   *hb_machine_new_closed_error (void);

G_END_DECLS
