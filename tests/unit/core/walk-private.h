/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "hb-error.h"
#include "hb-machine-private.h"
#include "walk.h"

G_BEGIN_DECLS

/* walk.c chooses the next event or call, and walk-inputs.c and walk-batch.c pass it to the
 * machine. walk-driver.c carries out the effects as the real driver does. walk-calls.c checks the
 * promises about calls and messages. walk-rest.c checks the conditions that hold when no effect is
 * left. */

typedef enum {
  CALL_OPEN,
  CALL_CLOSE,
  CALL_SEND,
  CALL_FLUSH,
  CALL_RECEIVE,
} CallKind;

/* A call whose outcome has not been reported */
typedef struct
{
  guint    id;           /* in the order of the calls */
  CallKind kind;
  gboolean may_be_cancelled;
  gboolean is_complete;  /* whether its message counts as sent */
  gboolean is_written;   /* whether its message counts as sent because the kernel has it */
} Call;

/* A message that the link has accepted: see walk_make_bytes () */
typedef struct
{
  guint      number;
  gpointer   ticket;
  HbDelivery delivery;
  gboolean   is_ordinary;
} Taken;

/* A received message that has not been delivered */
typedef struct
{
  GBytes   *bytes;       /* (owned) */
  HbOpcode  opcode;
  gboolean  may_vanish;  /* whether the machine may drop it */
} Received;

/* The simulated link. Each message is two positions long. */
typedef struct
{
  guint    serial;
  guint    room;           /* how many messages fit before the link is full */
  guint64  sent;           /* the position at the end of all messages */
  guint64  written;        /* the position up to which the kernel has them */
  guint64  acknowledged;   /* the position up to which the peer has acknowledged them */
  guint    n_written;      /* how many messages walk_complete () has counted as written */
  guint    n_acknowledged; /* how many messages walk_complete () has counted as acknowledged */
  guint    last_ordinary;  /* the `number` of the last ordinary message in `taken` */
  gboolean exists;
  gboolean is_connecting;  /* the request has been sent, or awaits its turn; also TRUE if is_open */
  gboolean awaits_turn;
  gboolean is_open;
  gboolean can_acknowledge;
  gboolean is_greeted;     /* whether the handlers for `open` have returned */
  gboolean is_reading;
  gboolean has_sent_close;
} Link;

/* The values that an application has if it reads each property only when that property is
 * notified */
typedef struct
{
  HbState  state;
  guint    attempt;
  guint    http_status;
  gint64   reconnect_at;
  gint64   latency;
  gint64   downtime;
  guint64  buffered_amount;
  gboolean has_connection;
  gboolean is_ready;
  gboolean is_paused;
  gboolean has_error;
  gboolean sees_open;      /* `open` has been emitted, and `close` has not followed */
} Mirror;

struct _Walk
{
  HbMachine  machine;
  Dice      *dice;
  Link       link;
  Mirror     mirror;
  HbBatch    batch;         /* calls from other threads, not yet taken in */
  GPtrArray *calls;         /* (element-type Call) */
  GArray    *taken;         /* (element-type Taken) the messages that `link` has accepted */
  GArray    *received;      /* (element-type Received) */
  gint64     now;
  guint      holds;
  gboolean   has_good_settings;
  int        bad_setting;   /* if a setting is invalid, the code of the error that it causes */
  guint      n_drains;      /* running sections that may run handlers, like `depth` in HbDriver */
  guint      n_loops;       /* the depth of nested main loops in handlers */
  guint      judged_serial; /* of the link whose message judge () is checking, or 0 */
  guint      n_calls_left;  /* calls and main loops that handlers may still start in this step */
  guint      n_acts;        /* how often act () has been called, or a handler has run a main loop */
  guint      n_numbers;     /* the number of messages that have been made */
  guint      n_calls;
  gboolean   is_giving;     /* whether message handlers are running */
  gboolean   is_yielding;   /* whether other sources run before a waiting message is emitted */
  gboolean   is_disposed;

  /* The walk's own totals, with which those of the machine must agree */
  guint64    n_accepted;
  guint64    n_complete;
  guint64    n_attempts;
  guint64    n_opens;
  guint64    n_pings;
  guint64    n_pong_timeouts;
  guint64    n_delivered;
  gint64     uptime;
  gint64     downtime;

  HbState    state;         /* the state after the last input */
  guint      serial;
  gint64     since;         /* when `state` or `serial` last changed */
  gint64     lost_at;       /* when a link was lost; HB_NEVER once another is open, or if CLOSED */
  gint64     active_at;     /* the last activity; 0 if `liveness` has changed since */
  guint      highest[2];    /* for each HbDelivery, the `number` of the last ordinary message that
                             * counts as sent */
};

/* The maximum number of waiting calls. More would make a walk slow. */
#define MAX_CALLS 60

/* The approximate maximum number of messages in the queue and the batch. Without it, a walk with no
 * link for a long time would be slow. */
#define MAX_QUEUED 60

void      walk_follow_state     (Walk             *self);
void      walk_open             (Walk             *self);
void      walk_close            (Walk             *self);
void      walk_reconnect_now    (Walk             *self);
void      walk_reconnect_later  (Walk             *self);
void      walk_check            (Walk             *self);
void      walk_mark_ready       (Walk             *self);
void      walk_hold             (Walk             *self);
void      walk_release          (Walk             *self);
void      walk_set_settings     (Walk             *self);
void      walk_send             (Walk             *self);
void      walk_flush            (Walk             *self);
void      walk_take_queue       (Walk             *self);
void      walk_receive          (Walk             *self);
void      walk_cancel           (Walk             *self);
void      walk_dispose          (Walk             *self);
gboolean  walk_on_announcing    (Walk             *self);
gboolean  walk_on_requested     (Walk             *self);
void      walk_await_turn       (Walk             *self);
void      walk_on_turn          (Walk             *self);
void      walk_on_opened        (Walk             *self);
void      walk_on_message       (Walk             *self);
void      walk_on_activity      (Walk             *self,
                                 HbEventKind       kind);
void      walk_on_sent          (Walk             *self);
void      walk_on_sent_directly (Walk             *self,
                                 const HbOutgoing *message);
void      walk_on_written       (Walk             *self,
                                 guint             n_messages);
void      walk_on_acknowledged  (Walk             *self);
void      walk_on_blocked       (Walk             *self);
void      walk_on_writable      (Walk             *self);
void      walk_on_lost          (Walk             *self);
void      walk_on_network       (Walk             *self);
void      walk_on_yielded       (Walk             *self);
void      walk_tick             (Walk             *self,
                                 gboolean          held_up);

gboolean  walk_has_batch        (Walk             *self);
gboolean  walk_is_refusing      (Walk             *self);
void      walk_start_ages       (Walk             *self);
void      walk_send_outside     (Walk             *self);
void      walk_flush_outside    (Walk             *self);
void      walk_cancel_outside   (Walk             *self);
void      walk_take_in          (Walk             *self);

guint     walk_get_n_queued     (Walk             *self);
guint     walk_get_n_unwritten  (Walk             *self);
GBytes   *walk_make_bytes       (Walk             *self,
                                 gboolean          is_good,
                                 gboolean          is_ordinary);
gpointer  walk_start_call       (Walk             *self,
                                 CallKind          kind);
gpointer  walk_maybe_start_call (Walk             *self,
                                 CallKind          kind);
void      walk_forget_call      (Walk             *self,
                                 gpointer          ticket);
Call     *walk_pick_call        (Walk             *self);
void      walk_let_cancel       (Walk             *self,
                                 CallKind          kind);
void      walk_resolve          (Walk             *self,
                                 const HbEffect   *effect);
void      walk_take             (Walk             *self,
                                 const HbOutgoing *message);
void      walk_complete         (Walk             *self);
void      walk_expect_message   (Walk             *self,
                                 HbOpcode          opcode,
                                 GBytes           *bytes);
void      walk_deliver          (Walk             *self,
                                 HbOpcode          opcode,
                                 GBytes           *bytes);
void      walk_let_vanish       (Walk             *self);

void      walk_drain            (Walk             *self);
void      walk_wake             (Walk             *self);
void      walk_transmit_now     (Walk             *self,
                                 const HbOutgoing *direct);
void      walk_emit_message     (Walk             *self,
                                 HbOpcode          opcode,
                                 GBytes           *bytes);
void      walk_call_back        (Walk             *self);
void      walk_assert_rest      (Walk             *self);

G_END_DECLS
