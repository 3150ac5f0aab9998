/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "fixture.h"
#include "network.h"

G_BEGIN_DECLS

/* A task, its server on the other side of the network, and what the server has received: each
 * message a word with the number of the connection that it came by, such as 0:text:bye. A ping is
 * answered, "hello" with "life", and what is written down with silence. */
typedef struct
{
  HbWebsocketTask *task;
  SignalLog       *log;
  RawServer       *server;
  GPtrArray       *heard;
  gint64           asked_at; /* the last data came between these two */
  gint64           heard_at;
  gint64           lost_at;
  Fixture          base;
} Outage;

/* Milliseconds, long against the delays of a machine that has other things to do */
#define PING_AFTER      200
#define PONG_AFTER      300
#define RECONNECT_AFTER 100
#define FAIL_WITHIN     300

/* A tick that is this late does not end the link. */
#define LATEST 1000

#define add_outage(path, data, function) \
  g_test_add (path, Outage, data, outage_set_up, function, outage_tear_down)

void      outage_set_up         (Outage        *self,
                                 gconstpointer  data);
void      outage_tear_down      (Outage        *self,
                                 gconstpointer  data);

gboolean  outage_use_tls        (Outage        *self);
void      outage_open           (Outage        *self);
void      outage_converse       (Outage        *self);
void      outage_cut            (void);
void      outage_expect_loss    (Outage        *self);
void      outage_expect_failure (Outage        *self,
                                 guint          attempt,
                                 GQuark         domain,
                                 int            code);
void      outage_expect_retry   (Outage        *self,
                                 guint          attempt);
void      outage_expect_return  (Outage        *self);
char     *outage_take_heard     (Outage        *self,
                                 guint          number);
void      outage_expect_heard   (Outage        *self,
                                 guint          number,
                                 const char    *words);

guint     outage_get_port       (void);
guint     outage_count_resent   (void);

G_END_DECLS
