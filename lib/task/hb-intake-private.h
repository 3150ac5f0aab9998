/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gio/gio.h>

#include "hb-alarm-private.h"
#include "hb-amount-private.h"
#include "hb-batch-private.h"
#include "hb-settings-private.h"

G_BEGIN_DECLS

/* Keeps the messages and calls from other threads until the task's thread takes them. While nothing
 * is kept here, the task's thread sends its own messages without locking the mutex. */
typedef struct
{
  GMutex      mutex;        /* protects the other fields, except is_filled and *buffered */
  HbBatch     batch;
  HbAmount   *buffered;     /* (not owned) the bytes in HbQueue and those reserved here */
  HbAlarm    *alarm;        /* (not owned) (nullable) NULL while the task has no context */
  GError     *refusal;      /* (owned) (nullable) why messages are refused; NULL if they are not */
  guint64     max_buffered;
  HbOverflow  overflow;
  HbDelivery  delivery;
  gboolean    is_closed;    /* the task is CLOSED */
  gboolean    is_timed;     /* messages have an age, because queue-timeout is not 0 */
  gboolean    is_woken;     /* the alarm has been woken since the last hb_intake_rearm () */
  int         is_filled;    /* (atomic) the batch contains something */
} HbIntake;

void     hb_intake_init        (HbIntake          *self,
                                HbAmount          *buffered,
                                const HbSettings  *settings);
void     hb_intake_clear       (HbIntake          *self);

gboolean hb_intake_send        (HbIntake          *self,
                                HbOutgoing        *message,
                                GError           **error);
gboolean hb_intake_flush       (HbIntake          *self,
                                GTask             *ticket,
                                GError           **error);
void     hb_intake_cancel      (HbIntake          *self,
                                GTask             *ticket);

void     hb_intake_set_alarm   (HbIntake          *self,
                                HbAlarm           *alarm);
void     hb_intake_unset_alarm (HbIntake          *self,
                                HbTickets         *ended);
void     hb_intake_set_limits  (HbIntake          *self,
                                const HbSettings  *settings);
void     hb_intake_set_refusal (HbIntake          *self,
                                const GError      *refusal,
                                gboolean           is_closed);
void     hb_intake_rearm       (HbIntake          *self);
void     hb_intake_take        (HbIntake          *self,
                                HbBatch           *batch);

static inline gboolean
hb_intake_is_filled (HbIntake *self)
{
  return g_atomic_int_get (&self->is_filled);
}

G_END_DECLS
