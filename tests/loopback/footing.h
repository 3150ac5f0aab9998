/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "fixture.h"
#include "system-calls.h"

G_BEGIN_DECLS

/* A transport, for tests that must pass on several transports */
typedef struct
{
  const char *name;
  const char *server;     /* "raw" or "soup", as for fixture_set_up () */
  gboolean    is_tls;
  gboolean    is_deflated;
} Footing;

/* Only the server of libsoup supports permessage-deflate. */
extern const Footing footing_raw;
extern const Footing footing_raw_tls;
extern const Footing footing_soup;
extern const Footing footing_tls;
extern const Footing footing_deflate;
extern const Footing footing_both;

typedef void (*FootingFunc) (Fixture       *fixture,
                             const Footing *footing);

/* Receives the messages that footing_say () makes the server send. */
typedef struct
{
  Fixture  *fixture;
  void    (*act)       (Fixture *fixture); /* (nullable) called on message number `act_at` */
  guint     act_at;
  guint     n_messages;
  guint     usleep;                        /* the microseconds spent on each message */
  gboolean  answers;                       /* answers with m0, m1 and so on */
} FootingListener;

void     footing_add          (const char      *path,
                               const Footing   *footing,
                               FootingFunc      func);
void     footing_add_raw      (const char      *path,
                               FootingFunc      func);
void     footing_add_deflated (const char      *path,
                               FootingFunc      func);
void     footing_add_all      (const char      *path,
                               FootingFunc      func);

RawPeer *footing_open         (Fixture         *fixture);

void     footing_listen       (Fixture         *fixture,
                               FootingListener *listener);
void     footing_send         (Fixture         *fixture,
                               guint            n_messages);
void     footing_expect       (Fixture         *fixture,
                               guint            n_messages);
void     footing_say          (Fixture         *fixture,
                               guint            n_messages,
                               gsize            length);
GBytes  *footing_make_dice    (gsize            length);

G_END_DECLS
