/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "hb-websocket.h"
#include "rogue.h"

G_BEGIN_DECLS

/* How many there may be. The threads of each are as many clients again. */
#define ACTOR_MAX 2

/* An application that makes random calls at any time and in every handler, and compares each signal
 * with those before. */
typedef struct
{
  HbWebsocketTask *task;         /* (nullable) once it was let go of */
  HbWebsocketTask *object;       /* (nullable) (not owned) NULL once it is disposed of */
  SoupSession     *session;      /* (nullable) its own */
  Rogue           *rogue;
  Dice            *dice;
  GCancellable    *cancellable;
  GThread         *sender;       /* (nullable) another thread that sends */
  GQueue           greetings;    /* numbers of the links whose `open` is being emitted */
  GHashTable      *seen;         /* what has been received, of all links */
  GHashTable      *last_seen;    /* the last number of each link, and one more */
  HbMetrics       *metrics;      /* what they were */
  guint            id;
  guint            n_holds;
  guint            n_messages;
  guint            n_sent_outside; /* by other threads */
  guint            n_pending;    /* calls that are not over */
  guint            n_receiving;  /* those that wait for a message */
  guint            n_missing;    /* messages that are to come, because later ones have */
  guint            n_loops;      /* main loops in handlers */
  guint            n_acts;
  guint            link;         /* the number of the last attempt */
  guint            greeted;      /* that of the last link whose `open` is over */
  guint            n_calls_left; /* how many more calls the handlers may make in this step */
  gint64           peer;         /* the server's number of the link of the last message */
  gint64           asked_peer;   /* the same, of the last that was asked for */
  gboolean         may_pause;    /* and ask for messages */
  gboolean         is_exposed;   /* gets the connection, and might listen to its signals */
  gboolean         is_told_open;
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
