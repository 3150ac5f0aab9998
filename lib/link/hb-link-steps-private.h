/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "hb-attempt-private.h"
#include "hb-channel-private.h"
#include "hb-ending-private.h"
#include "hb-link-private.h"

G_BEGIN_DECLS

/* Except for the tests, only the files of the link include this header. */
struct _HbLink
{
  HbEventFunc              func;       /* (nullable) NULL once the link has ended or been dropped */
  gpointer                 user_data;
  const HbSettings        *settings;   /* (not owned) */
  GMainContext            *context;
  HbAttempt               *attempt;    /* (nullable) NULL once it has succeeded or been dropped */
  SoupWebsocketConnection *connection; /* (nullable) NULL before it is open and once released */
  HbHandlers               handlers;
  HbChannel                channel;
  HbEnding                *ending;     /* (nullable) */
  GSocket                 *socket;     /* (nullable) below the connection, if it was found */
  guint64                  acknowledged; /* the position in the last HB_EVENT_ACKNOWLEDGED */
  guint                    serial;
  guint                    depth;      /* nested uses: see hb_link_begin_use () */
  gboolean                 is_dropped;
  gboolean                 is_acknowledging; /* Acknowledgements are read while the link is open. */
};

/* hb-link-receiver.c */
void hb_link_open_receiver    (HbLink        *self);
void hb_link_channel_cb       (const HbEvent *event,
                               gpointer       user_data);

/* hb-link-acknowledgements.c */
void hb_link_emit_opened      (HbLink        *self);

/* hb-link.c */
void hb_link_release          (HbLink        *self);

static inline void
hb_link_emit (HbLink  *self,
              HbEvent  event)
{
  if (self->func == NULL)
    return;

  event.serial = self->serial;
  self->func (&event, self->user_data);
}

/* Keeps the link and its connection alive until hb_link_end_use (). A reference for each message
 * would be slower. */
static inline void
hb_link_begin_use (HbLink *self)
{
  self->depth++;
}

static inline void
hb_link_end_use (HbLink *self)
{
  self->depth--;

  if (self->depth == 0 && self->is_dropped)
    hb_link_release (self);
}

G_END_DECLS
