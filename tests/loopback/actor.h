/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "hb-websocket.h"
#include "rogue.h"

G_BEGIN_DECLS

/* The maximum number of actors. To the server, an actor's other threads are another client, whose
 * number is `id` plus ACTOR_MAX. */
#define ACTOR_MAX 2

/* An application that makes random calls at any time and in any handler, and compares each signal
 * with those before it */
typedef struct
{
  HbWebsocketTask *task;         /* (nullable) NULL once the actor has dropped its reference */
  HbWebsocketTask *object;       /* (nullable) (not owned) NULL once it is disposed of */
  SoupSession     *session;      /* (nullable) not shared with other actors */
  Rogue           *rogue;
  Dice            *dice;
  GCancellable    *cancellable;
  GThread         *sender;       /* (nullable) */
  GQueue           greetings;    /* the connections whose `open` is being emitted */
  GHashTable      *seen;         /* the messages received on all connections */
  GHashTable      *last_seen;    /* the next number expected on each connection */
  HbMetrics       *metrics;      /* of the last check */
  guint            id;
  guint            n_holds;
  guint            n_messages;
  guint            n_sent_outside; /* by other threads */
  guint            n_pending;    /* asynchronous calls that have not completed */
  guint            n_receiving;  /* those of receive_async () */
  guint            n_missing;    /* messages not received yet, although later ones have been */
  guint            n_loops;      /* main loops that run in handlers */
  guint            n_in_message; /* running handlers for `message`; at most 1 */
  guint            n_acts;       /* calls to actor_act () while `task` was not NULL */
  guint            link;         /* the number of the last attempt */
  guint            greeted;      /* the last attempt whose `open` handlers have returned */
  guint            n_calls_left; /* the calls and main loops left to handlers in this step */
  gint64           peer;         /* the server's number for the last message's connection */
  gint64           asked_peer;   /* the same for messages of receive_async () */
  gboolean         may_pause;    /* the actor may pause the task and call receive_async () */
  gboolean         may_wait;     /* a handler for `message` has run a main loop */
  gboolean         is_exposed;   /* the actor reads `connection`, as if to listen to its signals */
  gboolean         has_opened;   /* `open` has been emitted, and its `close` has not */
  gboolean         is_disposed;
  gboolean         is_finalized;
  gboolean         behaves;      /* handlers only make their checks */
} Actor;

Actor   *actor_new       (guint    id,
                          Rogue   *rogue,
                          Dice    *dice);
void     actor_free      (Actor   *self);
void     actor_act       (Actor   *self);
void     actor_check     (Actor   *self);
void     actor_call_back (Actor   *self);
void     actor_see       (Actor   *self,
                          GBytes  *message,
                          gint64  *peer);
void     actor_join      (Actor   *self);
gboolean actor_send      (Actor   *self);
void     actor_call      (Actor   *self,
                          guint    which);
void     actor_set       (Actor   *self);

G_END_DECLS
