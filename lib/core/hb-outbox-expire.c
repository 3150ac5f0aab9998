/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "hb-error.h"
#include "hb-i18n-private.h"
#include "hb-outbox-private.h"
#include "hb-time-private.h"

/* Drops messages that have waited longer than `queue-timeout`. */

/* If `queue-timeout` has been 0 until now, the age of the messages that were accepted in that time
 * counts from now, because their time of acceptance is not known. */
void
hb_outbox_apply_settings (HbOutbox         *self,
                          const HbSettings *settings,
                          gint64            now)
{
  gboolean is_timed = settings->queue_timeout != 0;

  if (is_timed && !self->is_timed)
    hb_queue_start_ages (&self->queue, now);

  self->is_timed = is_timed;
}

/* The signal `error` reports only the first message that has expired since the queue was last
 * empty. */
void
hb_outbox_expire (HbOutbox         *self,
                  const HbSettings *settings,
                  gint64            now)
{
  g_autoptr (GError) error = NULL;
  HbOutgoing message;

  if (now < hb_outbox_get_deadline (self, settings))
    return;

  while (hb_queue_pop_expired (&self->queue, now - hb_milliseconds (settings->queue_timeout),
                               &message))
    {
      if (error == NULL)
        error = g_error_new (HB_ERROR, HB_ERROR_EXPIRED,
                             _("A message could not be sent within %u ms, and was dropped"),
                             settings->queue_timeout);

      if (!self->expired)
        hb_effects_push_error (self->effects, g_error_copy (error));

      self->expired = TRUE;
      self->metrics->messages_expired++;
      hb_outbox_drop (self, &message, HB_OUTCOME_FAILED, error);
    }

  if (error != NULL)
    hb_outbox_settle (self);
}

/* Returns when to call hb_outbox_expire (), or an earlier time, or HB_NEVER if no message can
 * expire. */
gint64
hb_outbox_get_deadline (const HbOutbox   *self,
                        const HbSettings *settings)
{
  if (settings->queue_timeout == 0 || self->queue.oldest == HB_NEVER
      || hb_outbox_get_n_queued (self) == 0)
    return HB_NEVER;

  return self->queue.oldest + hb_milliseconds (settings->queue_timeout);
}
