/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "hb-websocket.h"
#include "rogue.h"

G_BEGIN_DECLS

/* The maximum number of actors. The threads of each are as many clients again. */
#define ACTOR_MAX 2

/* An application that makes random calls at any time and in every handler, and compares each signal
 * with those before. */
typedef struct
{
  HbWebsocketTask *task;         /* (nullable) NULL once its last reference is dropped */
  HbWebsocketTask *object;       /* (nullable) (not owned) NULL once it is disposed of */
  SoupSession     *session;      /* (nullable) not shared with other actors */
  Rogue           *rogue;
  Dice            *dice;
  GCancellable    *cancellable;
  GThread         *sender;       /* (nullable) another thread that sends */
  GQueue           greetings;    /* numbers of the links whose `open` is being emitted */
  GHashTable      *seen;         /* the messages received on all links */
  GHashTable      *last_seen;    /* the last number of each link, and one more */
  HbMetrics       *metrics;      /* the metrics of the last check */
  guint            id;
  guint            n_holds;
  guint            n_messages;
  guint            n_sent_outside; /* by other threads */
  guint            n_pending;    /* asynchronous calls that have not completed */
  guint            n_receiving;  /* calls of receive_async () that have not completed */
  guint            n_missing;    /* messages not received yet, while later ones are */
  guint            n_loops;      /* main loops in handlers */
  guint            n_acts;
  guint            link;         /* the number of the last attempt */
  guint            greeted;      /* that of the last link whose `open` handlers have returned */
  guint            n_calls_left; /* how many more calls the handlers may make in this step */
  gint64           peer;         /* the server's number of the link of the last message */
  gint64           asked_peer;   /* the same for the last message of receive_async () */
  gboolean         may_pause;    /* and call receive_async () */
  gboolean         is_exposed;   /* gets the connection, and might listen to its signals */
  gboolean         has_opened;   /* `open` was emitted, and `close` was not */
  gboolean         is_disposed;
  gboolean         behaves;      /* handlers do nothing any more */
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
