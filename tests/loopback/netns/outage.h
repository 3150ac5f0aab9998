/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "fixture.h"
#include "network.h"

G_BEGIN_DECLS

/* A task, and its server on the other side of the network. The server replies to pings, and answers
 * "hello" with "life". The server records other messages and control frames as words with the
 * number of the connection, such as 0:text:bye. */
typedef struct
{
  HbWebsocketTask *task;
  SignalLog       *log;
  RawServer       *server;
  GPtrArray       *heard;
  gint64           asked_at; /* the last data arrived between these two times */
  gint64           heard_at;
  gint64           lost_at;
  Fixture          base;
} Outage;

/* The settings of the task, in milliseconds. FAIL_WITHIN is the connect-timeout of attempts that
 * may fail with a timeout. */
#define PING_AFTER      200
#define PONG_AFTER      300
#define RECONNECT_AFTER 100
#define FAIL_WITHIN     300

/* The maximum lateness of an event, in milliseconds. If the main loop runs later than that, the
 * task assumes that the process was suspended, and sends another ping instead of dropping the
 * connection. */
#define LATEST 1000

#define add_outage(path, function) \
  g_test_add (path, Outage, NULL, outage_set_up, function, outage_tear_down)
#define add_outage_rows(prefix, rows, function) \
  test_rows_add_with (prefix, rows, Outage, outage_set_up, function, outage_tear_down)

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
