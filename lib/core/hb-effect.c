/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "hb-effect-private.h"

void
hb_effects_init (HbEffects *self)
{
  hb_deque_init (self, sizeof (HbEffect));
}

void
hb_effects_clear (HbEffects *self)
{
  guint i;

  for (i = 0; i < self->length; i++)
    hb_effect_clear (hb_deque_peek (self, i));

  hb_deque_clear (self);
}

/* Returns the new effect, which the caller fills in at once. */
HbEffect *
hb_effects_push (HbEffects    *self,
                 HbEffectKind  kind)
{
  HbEffect *effect = hb_deque_push_tail (self);

  *effect = (HbEffect) { .kind = kind };

  return effect;
}

/* The drop of the link comes first, because another effect may call a handler that runs a main
 * loop. In that loop, a link that the machine has left would still write its gathered messages. The
 * machine sends these again on the next link, so they would arrive twice. */
void
hb_effects_push_drop (HbEffects *self)
{
  *(HbEffect *) hb_deque_push_head (self) = (HbEffect) { .kind = HB_EFFECT_DROP };
}

void
hb_effects_push_notify (HbEffects  *self,
                        HbProperty  property)
{
  hb_effects_push (self, HB_EFFECT_NOTIFY)->property = property;
}

/* Takes ownership of @error. */
void
hb_effects_push_error (HbEffects *self,
                       GError    *error)
{
  hb_effects_push (self, HB_EFFECT_ERROR)->error = error;
}

void
hb_effects_push_close (HbEffects    *self,
                       HbEffectKind  kind,
                       guint         code,
                       const char   *reason)
{
  HbEffect *effect = hb_effects_push (self, kind);

  effect->close.code = code;
  effect->close.reason = g_strdup (reason);
}

/* Does nothing if @ticket is NULL. */
void
hb_effects_push_resolve (HbEffects    *self,
                         gpointer      ticket,
                         HbOutcome     outcome,
                         const GError *error)
{
  HbEffect *effect;

  if (ticket == NULL)
    return;

  effect = hb_effects_push (self, HB_EFFECT_RESOLVE);
  effect->resolve.ticket = ticket;
  effect->resolve.outcome = outcome;
  effect->resolve.error = error != NULL ? g_error_copy (error) : NULL;
}

/* Takes ownership of @bytes. */
void
hb_effects_push_received (HbEffects *self,
                          gpointer   ticket,
                          HbOpcode   opcode,
                          GBytes    *bytes)
{
  HbEffect *effect = hb_effects_push (self, HB_EFFECT_RESOLVE);

  effect->resolve.ticket = ticket;
  effect->resolve.outcome = HB_OUTCOME_RECEIVED;
  effect->resolve.opcode = opcode;
  effect->resolve.bytes = bytes;
}

void
hb_effects_resolve_all (HbEffects    *self,
                        HbTickets    *tickets,
                        HbOutcome     outcome,
                        const GError *error)
{
  guint i;

  for (i = 0; i < hb_tickets_get_length (tickets); i++)
    hb_effects_push_resolve (self, hb_tickets_at (tickets, i), outcome, error);

  hb_tickets_clear (tickets);
}

/* Returns whether a call is about to fail with the same domain and code as @error. */
gboolean
hb_effects_fail_call (HbEffects    *self,
                      const GError *error)
{
  guint i;

  for (i = 0; i < self->length; i++)
    {
      HbEffect *effect = hb_deque_peek (self, i);

      if (effect->kind == HB_EFFECT_RESOLVE
          && effect->resolve.outcome == HB_OUTCOME_FAILED
          && g_error_matches (effect->resolve.error, error->domain, error->code))
        return TRUE;
    }

  return FALSE;
}

/* Does not release the ticket, which the driver owns. */
void
hb_effect_clear (HbEffect *self)
{
  switch (self->kind)
    {
    case HB_EFFECT_MESSAGE:
      g_clear_pointer (&self->message.bytes, g_bytes_unref);
      break;
    case HB_EFFECT_CLOSE:
    case HB_EFFECT_SHUT_DOWN:
      g_clear_pointer (&self->close.reason, g_free);
      break;
    case HB_EFFECT_ERROR:
      g_clear_error (&self->error);
      break;
    case HB_EFFECT_RESOLVE:
      if (self->resolve.outcome == HB_OUTCOME_RECEIVED)
        g_clear_pointer (&self->resolve.bytes, g_bytes_unref);
      else
        g_clear_error (&self->resolve.error);
      break;
    case HB_EFFECT_RELEASE:
      g_clear_pointer (&self->bytes, g_bytes_unref);
      break;
    case HB_EFFECT_DROP:
    case HB_EFFECT_CONNECT:
    case HB_EFFECT_REQUEST:
    case HB_EFFECT_TRANSMIT:
    case HB_EFFECT_QUERY:
    case HB_EFFECT_PING:
    case HB_EFFECT_READ:
    case HB_EFFECT_YIELD:
    case HB_EFFECT_NOTIFY:
    case HB_EFFECT_OPEN:
    case HB_EFFECT_RECONNECT:
    case HB_EFFECT_DRAIN:
      break;
    default:
      g_assert_not_reached ();
    }
}
