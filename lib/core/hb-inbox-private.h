/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "hb-effect-private.h"
#include "hb-time-private.h"

G_BEGIN_DECLS

/* Received messages that wait for the application, in order, and calls that wait for a message */
typedef struct
{
  HbDeque    messages;        /* of HbIncoming */
  HbEffects *effects;         /* (not owned) */
  HbTickets  receives;        /* none while a message waits */
  GError    *reason;          /* (nullable) why the task last became CLOSED */
  gsize      amount;          /* how many bytes of memory the messages take */
  int        n_returning;     /* (atomic) calls that have received a message, or whose failure must
                               * wait, and whose callback has not been called yet */
  gint64     given_since;     /* when the first of consecutive emissions ended, or HB_NEVER */
  guint      is_paused : 1;
  guint      is_giving : 1;   /* message handlers are running */
  guint      is_yielding : 1; /* other sources are dispatched before the next message is emitted */
} HbInbox;

void     hb_inbox_init       (HbInbox       *self,
                              HbEffects     *effects);
void     hb_inbox_clear      (HbInbox       *self);
gboolean hb_inbox_is_full    (const HbInbox *self);

void     hb_inbox_push       (HbInbox       *self,
                              HbOpcode       opcode,
                              GBytes        *bytes);
void     hb_inbox_take_back  (HbInbox       *self);
void     hb_inbox_set_paused (HbInbox       *self,
                              gboolean       is_paused);
gboolean hb_inbox_give       (HbInbox       *self,
                              HbEffect      *effect);
void     hb_inbox_on_given   (HbInbox       *self,
                              gint64         now,
                              gboolean       may_yield);
void     hb_inbox_on_yielded (HbInbox       *self);
void     hb_inbox_drop       (HbInbox       *self);

void     hb_inbox_receive    (HbInbox       *self,
                              gpointer       ticket);
void     hb_inbox_put_back   (HbInbox       *self,
                              HbOpcode       opcode,
                              GBytes        *bytes);
gboolean hb_inbox_withdraw   (HbInbox       *self,
                              gpointer       ticket);
void     hb_inbox_close      (HbInbox       *self,
                              const GError  *error);

/* Call this before the message handlers run. */
static inline void
hb_inbox_begin_giving (HbInbox *self)
{
  self->is_giving = TRUE;
}

/* Does what hb_inbox_on_given () does, if no message waits. Returns FALSE otherwise. Has no
 * argument @now, because reading the clock would take long compared with the rest of the work on a
 * short message. */
static inline gboolean
hb_inbox_end_giving (HbInbox *self)
{
  if (G_UNLIKELY (self->messages.length > 0))
    return FALSE;

  self->is_giving = FALSE;
  self->given_since = HB_NEVER;

  return TRUE;
}

/* Returns whether the next message must be passed to hb_inbox_push (), not emitted at once. */
static inline gboolean
hb_inbox_is_needed (const HbInbox *self)
{
  return self->is_paused || self->is_giving || self->messages.length > 0
         || hb_tickets_get_length (&self->receives) > 0
         || G_UNLIKELY (g_atomic_int_get (&self->n_returning) > 0);
}

static inline gboolean
hb_inbox_can_give (const HbInbox *self)
{
  return self->messages.length > 0
         && !self->is_paused && !self->is_giving && !self->is_yielding
         && g_atomic_int_get (&self->n_returning) == 0;
}

G_END_DECLS
