/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <libsoup/soup.h>

G_BEGIN_DECLS

/* Called for each signal.
 *
 * @values: the connection, and then the arguments of the signal */
typedef void (* HbHandlersFunc) (guint         signal_id,
                                 const GValue *values,
                                 gpointer      user_data);

/* Handlers of the signals of libsoup's connection. Those of thousands of idle connections would
 * take a lot of memory. While the connection of a direct channel is open, and until the application
 * has obtained it, libsoup emits these signals only during calls into libsoup, so the handlers may
 * be disconnected between the calls.
 *
 * Between the calls, the handler for `message` is blocked, so that hb_handlers_has_other () finds
 * only handlers of the application. */
typedef struct
{
  SoupWebsocketConnection *connection; /* (not owned) */
  HbHandlersFunc           func;
  gpointer                 user_data;
  gulong                   message_handler; /* 0 while the handlers are not connected */
  guint                    message_id;      /* of the signal `message` */
  guint                    is_called : 1;   /* libsoup may be running. */
  guint                    is_exposed : 1;  /* The application may have the connection. */
} HbHandlers;

void     hb_handlers_init       (HbHandlers              *self,
                                 SoupWebsocketConnection *connection,
                                 HbHandlersFunc           func,
                                 gpointer                 user_data);
void     hb_handlers_clear      (HbHandlers              *self);
void     hb_handlers_connect    (HbHandlers              *self);
void     hb_handlers_disconnect (HbHandlers              *self);
void     hb_handlers_expose     (HbHandlers              *self);
void     hb_handlers_begin_call (HbHandlers              *self);
void     hb_handlers_end_call   (HbHandlers              *self);
gboolean hb_handlers_has_other  (HbHandlers              *self);

G_END_DECLS
