/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "hb-error.h"
#include "hb-machine-private.h"
#include "ledger.h"
#include "walk.h"

G_BEGIN_DECLS

/* What the files of the walk share: walk.c chooses what happens, walk-inputs.c tells it to the
 * machine and to the model, walk-driver.c carries out what the machine wants and holds that against
 * the model, walk-rest.c does so when there is nothing more to be done, and walk-model.c and
 * walk-model-inputs.c are the model. walk-inbox.c is all of this for messages that wait,
 * and walk-intake.c for what other threads ask for. */

/* Where the machine has to be, from the promises of its documentation. Beside it the ledger, for
 * messages and calls, and the emissions that are owed, in their order. */
typedef struct
{
  GQueue   owed;
  GQueue   inbox;        /* of GBytes: messages that wait for the application */
  gsize    inbox_amount;
  HbState  state;
  guint    serial;
  guint    attempt;
  guint    holds;
  guint    retry_after; /* milliseconds */
  guint    http_status;
  gint64   since;
  gint64   requested_at; /* the time for an attempt runs from here */
  gint64   ready_at;
  gint64   due_at;      /* when the wait is over, HB_NEVER in other states */
  gint64   lost_at;     /* HB_NEVER unless an open link was lost and none has come since */
  gint64   checked_at;
  gint64   check_at;    /* HB_NEVER unless a change of the network is still to be acted on */
  gint64   life_at;     /* of the present link */
  gint64   pinged_at;   /* the first that nothing has come since */
  gint64   last_ping;
  gint64   asked_at;    /* as pinged_at, for the latency: HB_NEVER once it was answered */
  gint64   latency;
  gint64   downtime;
  gboolean is_unclear;  /* what the reply says of the latency */
  gboolean is_awaiting;
  gboolean disposed;
  gboolean is_paused;
  gboolean is_giving;    /* handlers of a message that has waited are running */
  gboolean stands_still; /* the link is not read */
  gboolean is_by_settings;  /* the wait, and not by the application's own function */
  gboolean is_announcing;   /* handlers of `connecting` are running */
  gboolean is_request_held; /* by one of them */
  char     request_uri[64]; /* of what they are shown */
  int      last_error;      /* ANY_ERROR for the network's own, NO_ERROR if there is none */

  guint64  n_attempts;
  guint64  n_opens;
  guint64  n_pings;
  guint64  n_pong_timeouts;
  guint64  n_received;
  guint64  bytes_received;
  guint64  n_replies;
  gint64   uptime_sum;
  gint64   downtime_sum;
} Model;

/* An emission that has to come */
typedef struct
{
  HbEffectKind  kind;
  guint         serial;  /* of the link that it is about */
  guint         number;  /* the code of a close, the attempt of a reconnect */
  int           error;   /* ANY_ERROR for the network's own */
  GBytes       *bytes;   /* (nullable) of a message */
} Owed;

/* The link as far as a machine can see one */
typedef struct
{
  guint    serial;
  guint    room;         /* how many messages it takes before it is full */
  guint64  sent;         /* how far its messages reach, each two positions long */
  guint64  written;      /* how far the kernel has them */
  guint64  acknowledged; /* how far the peer has them */
  gboolean exists;
  gboolean is_connecting; /* its request has gone out */
  gboolean is_open;
  gboolean is_reading;
  gboolean has_said_goodbye;
} Link;

/* What an application knows that believes the signals alone */
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
  int      last_error;
  gboolean is_told_open; /* an `open` without its `close` */
  guint    open_serial;
} Mirror;

struct _Walk
{
  HbMachine machine;
  Dice     *dice;
  Model     model;
  Ledger    ledger;
  Link      link;
  Mirror    mirror;
  HbBatch   batch;       /* what other threads have asked for */
  gint64    now;
  gboolean  has_good_settings;
  int       bad_setting; /* the error that an attempt with it has to end in */
  guint     n_drains;    /* that are running, one in the other */
  guint     n_loops;     /* main loops in handlers, likewise */
  guint     judged_serial; /* of the link whose message the application's function is judging */
  guint     patience;    /* how much more the handlers may do in this step */
  guint     n_acts;
  guint     n_numbers;   /* messages that were made */
  gboolean  is_yielding; /* other sources have their turn */
};

/* How a link ends, or why */
typedef struct
{
  int      error;          /* NO_ERROR if there is none */
  guint    code;
  guint    http_status;
  guint    retry_after;
  gboolean by_peer;
  gboolean in_message;
  gboolean is_permanent;
} Loss;

/* RFC 6455, 7.1.5 */
#define MODEL_ABNORMAL 1006

/* RFC 6455, 7.4.1 */
#define MODEL_TOO_BIG 1009
#define MODEL_NORMAL  1000

/* Enough for every order of the calls */
#define MAX_CALLS 60

/* Long enough for every order, and short enough to stay quick while a task waits forever */
#define MAX_LINE 60

/* Changes of the network are acted on as often as this. */
#define MODEL_CHECK_INTERVAL (5 * G_TIME_SPAN_SECOND)

void      model_init            (Walk       *walk);
void      model_clear           (Walk       *walk);
void      model_owe             (Walk       *walk,
                                 const Owed *owed);
Owed     *model_pop_owed        (Walk       *walk);
void      model_free_owed       (Owed       *owed);
void      model_owe_unsent      (Walk       *walk);
gboolean  model_has_open_link   (Walk       *walk);
gboolean  model_has_lasted      (Walk       *walk);
gboolean  model_is_ready        (Walk       *walk);
gboolean  model_may_ping        (Walk       *walk);
void      model_mark_ready      (Walk       *walk);
void      model_on_pinged       (Walk       *walk);
void      model_enter           (Walk       *walk,
                                 HbState     state);
void      model_leave           (Walk       *walk,
                                 HbState     state);
void      model_attempt         (Walk       *walk);
void      model_lose            (Walk       *walk,
                                 const Loss *loss);
void      model_open            (Walk       *walk,
                                 gpointer    ticket);
void      model_close           (Walk       *walk);
void      model_reconnect_now   (Walk       *walk);
void      model_hold            (Walk       *walk);
void      model_reconnect_later (Walk       *walk);
void      model_apply_settings  (Walk       *walk);
void      model_expire          (Walk       *walk);
gboolean  model_on_announcing   (Walk       *walk);
gboolean  model_on_requested    (Walk       *walk);
void      model_check           (Walk       *walk);
void      model_release         (Walk       *walk);
void      model_dispose         (Walk       *walk);
void      model_on_opened       (Walk       *walk,
                                 guint       http_status,
                                 gboolean    can_acknowledge);
void      model_on_greeted      (Walk       *walk,
                                 guint       serial);
void      model_on_message      (Walk       *walk,
                                 HbOpcode    opcode,
                                 GBytes     *bytes,
                                 HbReply     reply);
void      model_deliver         (Walk       *walk,
                                 GBytes     *bytes);
void      model_follow_inbox    (Walk       *walk);
void      model_drop_inbox      (Walk       *walk);
void      model_on_pong         (Walk       *walk);
void      model_on_activity     (Walk       *walk);
void      model_on_lost         (Walk       *walk,
                                 const Loss *loss);
void      model_on_network      (Walk       *walk);
void      model_tick            (Walk       *walk,
                                 gboolean    held_up);

void      walk_assert_same      (Walk       *self);
gpointer  walk_start_call       (Walk       *self,
                                 CallKind    kind);
void      walk_set_settings     (Walk       *self);
void      walk_open             (Walk       *self);
void      walk_close            (Walk       *self);
void      walk_reconnect_now    (Walk       *self);
void      walk_reconnect_later  (Walk       *self);
void      walk_check            (Walk       *self);
void      walk_mark_ready       (Walk       *self);
gboolean  walk_on_pinged        (Walk       *self);
gboolean  walk_on_announcing    (Walk       *self);
gboolean  walk_on_requested     (Walk       *self);
void      walk_hold             (Walk       *self);
void      walk_release          (Walk       *self);
void      walk_send             (Walk       *self);
void      walk_flush            (Walk       *self);
void      walk_take_queue       (Walk       *self);
void      walk_cancel           (Walk       *self);
void      walk_dispose          (Walk       *self);
GBytes   *walk_make_bytes       (Walk       *self,
                                 gboolean    is_good);
gboolean  walk_has_batch        (Walk       *self);
void      walk_start_ages       (Walk       *self);
void      walk_send_outside     (Walk       *self);
void      walk_flush_outside    (Walk       *self);
void      walk_cancel_outside   (Walk       *self);
void      walk_take_in          (Walk       *self);
void      walk_show_state       (Walk       *self);
void      walk_set_paused       (Walk       *self,
                                 gboolean    is_paused);
void      walk_receive          (Walk       *self);
void      walk_settle_waited    (Walk       *self,
                                 const HbEffect *effect);
void      walk_yield            (Walk       *self);
void      walk_on_yielded       (Walk       *self);
void      walk_assert_inbox     (Walk       *self);
void      walk_on_opened        (Walk       *self);
void      walk_on_message       (Walk       *self);
void      walk_on_pong          (Walk       *self);
void      walk_on_activity      (Walk       *self);
guint     walk_get_n_unwritten  (Walk       *self);
void      walk_on_sent          (Walk       *self);
void      walk_on_written       (Walk       *self,
                                 guint       n_messages);
void      walk_on_acknowledged  (Walk       *self);
void      walk_on_blocked       (Walk       *self);
void      walk_on_writable      (Walk       *self);
void      walk_on_lost          (Walk       *self);
void      walk_on_network       (Walk       *self);
void      walk_on_greeted       (Walk       *self,
                                 guint       serial);
void      walk_tick             (Walk       *self,
                                 gboolean    held_up);

void      walk_drain            (Walk       *self);
void      walk_wake             (Walk       *self);
void      walk_transmit_now     (Walk       *self,
                                 const HbOutgoing *taken);
void      walk_emit_message     (Walk       *self,
                                 HbOpcode    opcode,
                                 GBytes     *bytes);
void      walk_call_back        (Walk       *self);
void      walk_assert_rest      (Walk       *self);

G_END_DECLS
