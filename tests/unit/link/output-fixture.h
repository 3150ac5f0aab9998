/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "event-counts.h"
#include "hb-output-private.h"
#include "scripted-output.h"

G_BEGIN_DECLS

/* An output over a scripted stream */
typedef struct
{
  ScriptedOutput *base;
  HbOutput       *output;
  HbWatch        *watch;
  int             fds[2];     /* the first is watched, and is always writable */
  gboolean        is_writing; /* while this is set, no event may be emitted */
  EventCounts     events;
} Fixture;

void     fixture_set_up      (Fixture       *fixture,
                              gconstpointer  data);
void     fixture_tear_down   (Fixture       *fixture,
                              gconstpointer  data);

void     turn                (void);
gssize   write_some          (Fixture       *fixture,
                              const void    *data,
                              gsize          length,
                              GError       **error);
void     write_text          (Fixture       *fixture,
                              const char    *text);
HbSpan   send_message        (Fixture       *fixture,
                              HbOpcode       opcode,
                              GBytes        *payload);

/* Queues frames and writes them as libsoup does. */
typedef struct
{
  Fixture *fixture;
  GQueue   frames;
  GSource *source; /* (nullable) */
} SoupQueue;

void     soup_queue_push     (SoupQueue     *self,
                              GByteArray    *frame,
                              gboolean       is_urgent);
gboolean soup_queue_is_empty (SoupQueue     *self);
void     soup_queue_clear    (SoupQueue     *self);

G_END_DECLS
