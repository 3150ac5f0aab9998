/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "hb-alarm-private.h"
#include "hb-driver-private.h"
#include "hb-home-private.h"
#include "hb-intake-private.h"
#include "hb-link-private.h"
#include "hb-network-private.h"
#include "hb-trace-private.h"

G_BEGIN_DECLS

/* Differs from every HbState, so that the next state is shown. */
#define HB_DRIVER_NOT_SHOWN -1

/* Except for the tests, only the files of the driver include this header. Each file uses only the
 * files below it in this list:
 *
 *   hb-driver-calls.c
 *   hb-driver.c
 *   hb-driver-effects.c
 *   hb-driver-attempt.c    hb-driver-send.c
 *   hb-driver-time.c
 *   hb-driver-intake.c     hb-driver-owner.c    hb-driver-reference.c
 */
struct _HbDriver
{
  const HbDriverFuncs *funcs;
  HbEventFunc          event_func;      /* for the link and the network */
  GWeakRef             owner;           /* Another thread may clear it before dispose_cb () runs. */
  GObject             *recipient;       /* (owned) (nullable) the owner, during a delivery */
  HbMachine            machine;
  SoupSession         *session;         /* (nullable) the application's, for the next attempt */
  SoupMessageHeaders  *request_headers; /* (nullable) NULL until the application asks for them */
  HbLink              *link;            /* (nullable) */
  HbHome               home;            /* in use unless CLOSED, like the next three */
  HbAlarm              alarm;
  HbNetwork           *network;         /* (nullable) */
  GSource             *yielding;        /* (nullable) calls hb_machine_on_yielded () */
  gint64               now;             /* when the clock was last read and stored */
  guint                depth;           /* running sections: see hb_driver_begin () */
  gboolean             is_kept;         /* A reference is held until `depth` is 0. */
  gboolean             has_pong_func;   /* is_pong () of the owner judges each message. */
  gboolean             is_delivering;   /* until HB_EVENT_DELIVERED or the drop of the link */
  gboolean             is_releasing;    /* Bytes of sent or dropped messages are being released. */

  HbIntake             intake;
  GSource             *turn;            /* (nullable) an idle source: see hb_driver_on_woken () */
  gint64               busy_since;      /* when `turn` was made */
  gboolean             awaits_turn;     /* `turn` will take in the messages and calls. */
  int                  shown_state;     /* the state shown to the intake, or HB_DRIVER_NOT_SHOWN */
  HbTrace              trace;
};

/* hb-driver-time.c */
gint64   hb_driver_read_clock      (HbDriver         *self);
gint64   hb_driver_get_time        (HbDriver         *self,
                                    const HbEvent    *event);
gint64   hb_driver_get_deadline    (gpointer          self,
                                    gint64           *earliest);
void     hb_driver_tick            (HbDriver         *self);

/* hb-driver-send.c */
void     hb_driver_send_directly   (HbDriver         *self,
                                    const HbOutgoing *message);
void     hb_driver_transmit        (HbDriver         *self);
void     hb_driver_ping            (HbDriver         *self);

/* hb-driver-attempt.c */
void     hb_driver_connect         (HbDriver         *self,
                                    const HbEffect   *effect);
void     hb_driver_send_request    (HbDriver         *self,
                                    const HbEffect   *effect);
gboolean hb_driver_choose_delay    (HbDriver         *self,
                                    HbEffect         *effect);

/* hb-driver-effects.c */
void     hb_driver_leave_context   (HbDriver         *self);
void     hb_driver_drop_link       (HbDriver         *self);
gboolean hb_driver_end             (HbDriver         *self);
void     hb_driver_carry_out_each  (HbDriver         *self);
gboolean hb_driver_carry_out_all   (HbDriver         *self);
void     hb_driver_transmit_now    (HbDriver         *self);
void     hb_driver_wake            (HbDriver         *self);

/* hb-driver.c */
void     hb_driver_enter_context   (HbDriver         *self);

/* hb-driver-reference.c */
void     hb_driver_release_cb      (gpointer          self);
void     hb_driver_begin           (HbDriver         *self);

/* hb-driver-owner.c */
void     hb_driver_emit            (HbDriver         *self,
                                    const HbEffect   *effect);
void     hb_driver_emit_message    (HbDriver         *self,
                                    const HbEvent    *event);
void     hb_driver_end_emission    (HbDriver         *self);
void     hb_driver_end_delivery    (HbDriver         *self);
HbReply  hb_driver_judge           (HbDriver         *self,
                                    const HbEvent    *event);

/* hb-driver-intake.c */
void     hb_driver_take_batch_in   (HbDriver         *self);
void     hb_driver_follow_delivery (HbDriver         *self);
void     hb_driver_query           (HbDriver         *self);
void     hb_driver_catch_up        (HbDriver         *self);
void     hb_driver_show_change     (HbDriver         *self);
void     hb_driver_on_woken        (HbDriver         *self);

static inline HbDriver *
hb_driver_ref (HbDriver *self)
{
  return g_atomic_rc_box_acquire (self);
}

static inline gboolean
hb_driver_is_closed (HbDriver *self)
{
  return self->machine.state == HB_STATE_CLOSED;
}

/* Returns HB_NEVER if messages cannot expire, because reading the clock takes a considerable part
 * of the time of a send. */
static inline gint64
hb_driver_read_ages (HbDriver *self)
{
  return self->machine.settings.queue_timeout != 0 ? hb_driver_read_clock (self) : HB_NEVER;
}

/* Marks the deadline dirty. Call this both before and after code of the application runs. That code
 * may run a main loop, which needs the current deadline and removes the mark. */
static inline void
hb_driver_touch_alarm (HbDriver *self)
{
  hb_alarm_touch (&self->alarm);
}

/* Passes the messages and calls from other threads to the machine. Runs no code of the
 * application. */
static inline void
hb_driver_take_in (HbDriver *self)
{
  if (G_UNLIKELY (hb_intake_is_filled (&self->intake)))
    hb_driver_take_batch_in (self);
}

/* Returns whether hb_driver_carry_out_each () would do anything. */
static inline gboolean
hb_driver_has_work (const HbDriver *self)
{
  return self->shown_state != (int) self->machine.state || hb_machine_has_effect (&self->machine);
}

/* Queries the link for acknowledgements if the queue has no room for @size more bytes, because
 * acknowledged messages make room. */
static inline void
hb_driver_make_room (HbDriver *self,
                     gsize     size)
{
  if (hb_machine_needs_room (&self->machine, size))
    hb_driver_query (self);
}

/* Lets other threads see whether the task accepts messages. */
static inline void
hb_driver_show_state (HbDriver *self)
{
  if (G_UNLIKELY (self->shown_state != (int) self->machine.state))
    hb_driver_show_change (self);
}

G_END_DECLS
