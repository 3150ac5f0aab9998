/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "hb-batch-private.h"
#include "hb-effect-private.h"
#include "hb-event-private.h"
#include "hb-heartbeat-private.h"
#include "hb-inbox-private.h"
#include "hb-metrics-private.h"
#include "hb-outbox-private.h"
#include "hb-settings-private.h"
#include "hb-time-private.h"

G_BEGIN_DECLS

/* Decides what a task does. A call or an event changes the machine, which pushes effects. The
 * machine never calls the driver or the application, except a function that frees a GBytes. Times
 * are in microseconds of the caller's clock. */
typedef struct
{
  HbSettings   settings;
  HbMetrics    metrics;
  HbHeartbeat  heartbeat;
  HbOutbox     outbox;
  HbInbox      inbox;
  HbEffects    effects;
  HbTickets    opens;        /* wait for OPEN */
  HbTickets    closes;       /* wait for CLOSED */
  char        *close_reason; /* (nullable) for the task's own close frame */
  char        *request_uri;  /* (nullable) of the last announced request; NULL once it is sent */
  GError      *last_error;   /* (nullable) the error with which the last attempt or link ended */
  guint        close_code;
  HbState      state;
  guint32      seed;         /* of the next random number */
  guint        serial;       /* of the current link; new for each attempt */
  guint        attempt;      /* consecutive attempts to reconnect, including a scheduled one */
  guint        holds;
  guint        retry_after;  /* in milliseconds, the delay that the server asked for */
  guint        http_status;
  gint64       since;        /* when the current state was last entered */
  gint64       requested_at; /* when `connect-timeout` began to count, until the link is ready */
  gint64       ready_at;     /* when the link became ready, if it is ready */
  gint64       attempt_at;   /* when the delay ends, in WAITING */
  gint64       lost_at;      /* when an open link was lost; HB_NEVER unless another is to follow */
  gint64       downtime;     /* from the loss of an open link until the next opened; 0 if none */
  gint64       latency;      /* -1 unknown */
  gint64       checked_at;   /* when a network change was last handled */
  gint64       check_at;     /* HB_NEVER unless another change waits for its check */
  double       chance;       /* random number for the delay; negative if it has none */
  gint64       put_off;      /* the last deadline that was put off, or HB_NEVER */
  guint        transmitting : 1;    /* an HB_EFFECT_TRANSMIT of hb_machine_pump () is pending */
  guint        shut_down : 1;       /* an HB_EFFECT_SHUT_DOWN was pushed for this link */
  guint        is_announcing : 1;   /* handlers for `connecting` are running */
  guint        is_request_held : 1; /* a handler for `connecting` has held the request */
  guint        is_choosing : 1;     /* the application's function is choosing the delay */
  guint        awaits_turn : 1;     /* the request waits until fewer attempts are running */
  guint        stands_still : 1;    /* the socket is not read, because the inbox is full */
  guint        lost_by_peer : 1;    /* the peer has ended the last link */
  guint        disposed : 1;
} HbMachine;

/* A snapshot of values that the application can read: see hb-websocket-task-status.c */
typedef struct
{
  const GError *last_error; /* (nullable) (not owned) valid until the machine changes */
  guint64       buffered_amount;
  gint64        downtime;
  gint64        latency;
  HbState       state;
  guint         attempt;
  guint         http_status;
  gboolean      is_ready;
  gboolean      can_acknowledge;
} HbStatus;

void              hb_machine_init               (HbMachine      *self,
                                                 guint32         seed);
void              hb_machine_clear              (HbMachine      *self);
void              hb_machine_dispose            (HbMachine      *self,
                                                 gint64          now);

void              hb_machine_open               (HbMachine      *self,
                                                 gint64          now,
                                                 gpointer        ticket);
gboolean          hb_machine_close              (HbMachine      *self,
                                                 gint64          now,
                                                 guint           code,
                                                 const char     *reason,
                                                 gpointer        ticket,
                                                 GError        **error);
void              hb_machine_report             (HbMachine      *self,
                                                 GError         *error);
void              hb_machine_reconnect_now      (HbMachine      *self,
                                                 gint64          now);
void              hb_machine_reconnect_later    (HbMachine      *self,
                                                 gint64          now);
void              hb_machine_check              (HbMachine      *self,
                                                 gint64          now);
void              hb_machine_mark_ready         (HbMachine      *self,
                                                 gint64          now);
void              hb_machine_hold               (HbMachine      *self);
gboolean          hb_machine_release            (HbMachine      *self,
                                                 gint64          now);
gboolean          hb_machine_check_accepting    (HbMachine      *self,
                                                 GError        **error);
gboolean          hb_machine_send               (HbMachine      *self,
                                                 gint64          now,
                                                 HbOutgoing     *message,
                                                 gboolean       *is_direct,
                                                 GError        **error);
void              hb_machine_flush              (HbMachine      *self,
                                                 gpointer        ticket);
void              hb_machine_take_queue         (HbMachine      *self,
                                                 gint64          now,
                                                 HbDeque        *taken);
void              hb_machine_receive            (HbMachine      *self,
                                                 gint64          now,
                                                 gpointer        ticket);
gboolean          hb_machine_put_back           (HbMachine      *self,
                                                 gint64          now,
                                                 HbOpcode        opcode,
                                                 GBytes         *bytes);
void              hb_machine_cancel             (HbMachine      *self,
                                                 gint64          now,
                                                 gpointer        ticket);
void              hb_machine_take_in            (HbMachine      *self,
                                                 gint64          now,
                                                 HbBatch        *batch);
void              hb_machine_on_choosing        (HbMachine      *self);
void              hb_machine_on_chosen          (HbMachine      *self);
void              hb_machine_set_delay          (HbMachine      *self,
                                                 HbEffect       *reconnect,
                                                 guint           delay);

gboolean          hb_machine_set                (HbMachine      *self,
                                                 gint64          now,
                                                 HbProperty      property,
                                                 gconstpointer   value);
void              hb_machine_change_reply       (HbMachine      *self);
void              hb_machine_apply_settings     (HbMachine      *self,
                                                 gint64          now);
gboolean          hb_machine_on_announcing      (HbMachine      *self,
                                                 gint64          now);
gboolean          hb_machine_on_announced       (HbMachine      *self,
                                                 const HbEffect *connect);
gboolean          hb_machine_on_requested       (HbMachine      *self,
                                                 gint64          now);
void              hb_machine_await_turn         (HbMachine      *self);
void              hb_machine_on_greeted         (HbMachine      *self,
                                                 guint           serial);
gboolean          hb_machine_on_pinged          (HbMachine      *self,
                                                 gint64          now);
void              hb_machine_on_given           (HbMachine      *self,
                                                 gint64          now);
void              hb_machine_on_yielded         (HbMachine      *self);

void              hb_machine_on_sent            (HbMachine      *self,
                                                 gint64          now,
                                                 guint           serial,
                                                 const HbSpan   *span,
                                                 gboolean        is_writable);
void              hb_machine_on_sent_directly   (HbMachine      *self,
                                                 gint64          now,
                                                 const HbOutgoing *message,
                                                 const HbSpan   *span,
                                                 gboolean        is_writable);
void              hb_machine_on_blocked         (HbMachine      *self);
gboolean          hb_machine_would_deliver      (HbMachine      *self,
                                                 const HbEvent  *event);
gboolean          hb_machine_deliver            (HbMachine      *self,
                                                 gint64          now,
                                                 const HbEvent  *event);
void              hb_machine_handle             (HbMachine      *self,
                                                 gint64          now,
                                                 const HbEvent  *event);
gboolean          hb_machine_needs_room         (HbMachine      *self,
                                                 gsize           size);
gboolean          hb_machine_may_read           (const HbMachine *self);
gboolean          hb_machine_pop_effect         (HbMachine      *self,
                                                 HbEffect       *effect);
gboolean          hb_machine_is_current         (HbMachine      *self,
                                                 const HbEffect *effect);
gboolean          hb_machine_has_open_link      (HbMachine      *self);
const HbOutgoing *hb_machine_take_message       (HbMachine      *self,
                                                 gint64          now);
gint64            hb_machine_get_deadline       (HbMachine      *self);
gint64            hb_machine_get_early_ping_at  (HbMachine      *self);
gboolean          hb_machine_is_link_due        (HbMachine      *self,
                                                 gint64          now);
gboolean          hb_machine_may_end_link       (HbMachine      *self);
gint64            hb_machine_get_attempt_at     (HbMachine      *self);
HbStatus          hb_machine_get_status         (HbMachine      *self);
HbMetrics        *hb_machine_get_metrics        (HbMachine      *self,
                                                 gint64          now);

/* If this returns TRUE, hb_machine_pop_effect () may still return FALSE, because messages must wait
 * until a handler returns. */
static inline gboolean
hb_machine_has_effect (const HbMachine *self)
{
  return self->effects.length > 0 || self->outbox.gone.length > 0
         || hb_inbox_can_give (&self->inbox);
}

static inline gboolean
hb_machine_has_drop (const HbMachine *self)
{
  const HbEffect *next = hb_deque_peek (&self->effects, 0);

  return next != NULL && next->kind == HB_EFFECT_DROP;
}

static inline gboolean
hb_machine_is_unacknowledged (const HbMachine *self)
{
  return hb_outbox_is_unacknowledged (&self->outbox);
}

/* Messages that were accepted while `delivery` was ACKNOWLEDGED need acknowledgements even after
 * the property has changed. */
static inline gboolean
hb_machine_needs_acknowledgements (const HbMachine *self)
{
  return self->settings.delivery == HB_DELIVERY_ACKNOWLEDGED || self->outbox.tracks;
}

/* Returns whether hb_machine_on_sent (), hb_machine_on_sent_directly () and HB_EVENT_PROGRESS need
 * the time: see hb_outbox_needs_time (). */
static inline gboolean
hb_machine_needs_time (const HbMachine *self,
                       guint64          written,
                       gboolean         is_awaited)
{
  return hb_outbox_needs_time (&self->outbox, written, is_awaited);
}

/* Returns whether hb_machine_take_message () would return a message, unless it has expired. */
static inline gboolean
hb_machine_can_transmit (const HbMachine *self)
{
  return hb_outbox_can_transmit (&self->outbox);
}

G_END_DECLS
