/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "hb-acknowledgements-private.h"
#include "hb-link-steps-private.h"

/* Reports which bytes the peer's TCP has acknowledged. The kernel does not report an
 * acknowledgement by itself, so the owner calls hb_link_query (). */

/* Begins to read acknowledgements, now or when the connection opens. Over TLS, all messages that
 * have been written by then are acknowledged together, and so are the messages of each later
 * write. */
void
hb_link_begin_acknowledgements (HbLink *self)
{
  self->is_acknowledging = TRUE;

  if (self->connection != NULL && self->channel.funcs->begin_acknowledgements != NULL
      && !hb_link_has_ended (self))
    self->channel.funcs->begin_acknowledgements (self->channel.data);
}

/* Over TLS, reading acknowledgements costs system calls for each write. hb_link_query () starts the
 * reading again. */
void
hb_link_end_acknowledgements (HbLink *self)
{
  self->is_acknowledging = FALSE;

  if (self->connection != NULL && self->channel.funcs->end_acknowledgements != NULL)
    self->channel.funcs->end_acknowledgements (self->channel.data);
}

void
hb_link_emit_opened (HbLink *self)
{
  HbEvent event = { .kind = HB_EVENT_OPENED };

  event.opened.can_acknowledge
    = self->channel.funcs->begin_acknowledgements != NULL
      && hb_acknowledgements_are_possible (self->socket, &event.opened.round_trip);
  hb_link_emit (self, event);
}

/* Emits HB_EVENT_ACKNOWLEDGED if the peer's TCP has acknowledged more bytes than before. May be
 * called from the callback of the link. */
void
hb_link_query (HbLink *self)
{
  HbEvent event = { .kind = HB_EVENT_ACKNOWLEDGED };

  if (self->connection == NULL || self->channel.funcs->get_acknowledged == NULL)
    return;

  /* A message may still wait for its acknowledgement although the delivery mode has changed since
   * the message was sent. */
  if (!self->is_acknowledging)
    hb_link_begin_acknowledgements (self);

  event.acknowledged.position
    = self->channel.funcs->get_acknowledged (self->channel.data, &event.acknowledged.round_trip);
  if (event.acknowledged.position == self->acknowledged)
    return;

  self->acknowledged = event.acknowledged.position;
  hb_link_emit (self, event);
}
