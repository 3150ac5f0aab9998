/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "hb-error.h"
#include "hb-machine-private.h"
#include "walk.h"

G_BEGIN_DECLS

/* What the files of the walk share. walk.c chooses what happens, walk-inputs.c and walk-intake.c
 * give it to the machine, and walk-driver.c carries out the effects. walk-calls.c has the promises
 * for calls and messages, and walk-rest.c what holds when no effect is left. */

typedef enum {
  CALL_OPEN,
  CALL_CLOSE,
  CALL_SEND,
  CALL_FLUSH,
  CALL_RECEIVE,
} CallKind;

/* A call that has no outcome yet */
typedef struct
{
  guint    id;           /* in the order of the calls */
  CallKind kind;
  gboolean may_be_cancelled;
  gboolean is_complete;  /* its message counts as sent */
  gboolean is_written;   /* because the kernel has it: an acknowledged one may have been dropped */
} Call;

/* A message that the link has got */
typedef struct
{
  guint      number;
  gpointer   ticket;
  HbDelivery delivery;
  gboolean   is_ordinary;
} Taken;

/* A message from the link that the application has not got */
typedef struct
{
  GBytes   *bytes;       /* (owned) */
  HbOpcode  opcode;
  gboolean  may_vanish;  /* it may be a reply to a ping, or close () may have dropped it */
} Received;

/* The link, as far as the machine can see it. Each message is two positions long. */
typedef struct
{
  guint    serial;
  guint    room;           /* how many messages the link takes before it is full */
  guint64  sent;           /* the end of its messages */
  guint64  written;        /* how much of that the kernel has */
  guint64  acknowledged;   /* how much of that the peer has */
  guint    n_written;      /* how many messages are known to be written */
  guint    n_acknowledged; /* the same for acknowledgements */
  guint    last_ordinary;  /* the number of the last ordinary message */
  gboolean exists;
  gboolean is_connecting;  /* its request has gone out, or awaits its turn */
  gboolean awaits_turn;
  gboolean is_open;
  gboolean can_acknowledge;
  gboolean is_greeted;     /* handlers of `open` have returned */
  gboolean is_reading;
  gboolean has_sent_close;
} Link;

/* What an application knows that reads a property only when it is notified */
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
  gboolean sees_open;      /* an `open` without its `close` */
} Mirror;

struct _Walk
{
  HbMachine  machine;
  Dice      *dice;
  Link       link;
  Mirror     mirror;
  HbBatch    batch;         /* what other threads have asked for */
  GPtrArray *calls;         /* of Call */
  GArray    *taken;         /* of Taken, by the current link */
  GArray    *received;      /* of Received */
  gint64     now;
  guint      holds;
  gboolean   has_good_settings;
  int        bad_setting;   /* the error with which an attempt has to end */
  guint      n_drains;      /* that are running, one in the other */
  guint      n_loops;       /* main loops in handlers, likewise */
  guint      judged_serial; /* of the link whose message the application is judging */
  guint      n_calls_left;  /* how many more calls the handlers may make in this step */
  guint      n_acts;
  guint      n_numbers;     /* messages that were made */
  guint      n_calls;
  gboolean   is_giving;     /* handlers of a message that has waited are running */
  gboolean   is_yielding;   /* other sources have their turn */
  gboolean   is_disposed;

  /* What the machine counts too */
  guint64    n_accepted;
  guint64    n_complete;
  guint64    n_attempts;
  guint64    n_opens;
  guint64    n_pings;
  guint64    n_pong_timeouts;
  guint64    n_delivered;
  gint64     uptime;
  gint64     downtime;

  HbState    state;         /* after the last input */
  guint      serial;
  gint64     since;
  gint64     lost_at;       /* HB_NEVER unless a link was lost and no other is open */
  gint64     active_at;     /* when bytes have last come */
  guint      highest[2];    /* by HbDelivery, the last ordinary message that counts as sent */
};

/* Enough for every order of the calls */
#define MAX_CALLS 60

/* Long enough for every order, and short enough to stay quick while a task waits forever */
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
                                 GBytes           *bytes,
                                 gboolean          may_vanish);
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
