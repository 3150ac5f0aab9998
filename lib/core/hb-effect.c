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

/* Returns the new effect, for the caller to complete at once. */
HbEffect *
hb_effects_push (HbEffects    *self,
                 HbEffectKind  kind)
{
  HbEffect *effect = hb_deque_push_tail (self);

  *effect = (HbEffect) { .kind = kind };

  return effect;
}

void
hb_effects_push_notify (HbEffects  *self,
                        const char *property)
{
  hb_effects_push (self, HB_EFFECT_NOTIFY)->property = property;
}

/* Takes over @error. */
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

/* Does nothing where nobody waits, that is, where @ticket is NULL. */
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

void
hb_effects_resolve_all (HbEffects    *self,
                        GPtrArray    *tickets,
                        HbOutcome     outcome,
                        const GError *error)
{
  guint i;

  for (i = 0; i < tickets->len; i++)
    hb_effects_push_resolve (self, g_ptr_array_index (tickets, i), outcome, error);

  g_ptr_array_set_size (tickets, 0);
}

/* Frees what the effect owns. A ticket is not the machine's, so who takes the effect sees to it. */
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
      g_clear_error (&self->resolve.error);
      break;
    case HB_EFFECT_DROP:
    case HB_EFFECT_CONNECT:
    case HB_EFFECT_TRANSMIT:
    case HB_EFFECT_PING:
    case HB_EFFECT_NOTIFY:
    case HB_EFFECT_OPEN:
    case HB_EFFECT_RECONNECT:
    case HB_EFFECT_DRAIN:
      break;
    default:
      g_assert_not_reached ();
    }
}

/* A word for tests and for a debugger: never a payload, a reason or an error's text. */
char *
hb_effect_to_string (const HbEffect *self)
{
  switch (self->kind)
    {
    case HB_EFFECT_DROP:
      return g_strdup ("drop");
    case HB_EFFECT_CONNECT:
      return g_strdup ("connect");
    case HB_EFFECT_TRANSMIT:
      return g_strdup ("transmit");
    case HB_EFFECT_PING:
      return g_strdup ("ping");
    case HB_EFFECT_SHUT_DOWN:
      return g_strdup_printf ("shut-down:%u", self->close.code);
    case HB_EFFECT_NOTIFY:
      return g_strdup_printf ("notify:%s", self->property);
    case HB_EFFECT_OPEN:
      return g_strdup ("open");
    case HB_EFFECT_MESSAGE:
      return g_strdup_printf ("message:%s",
                              self->message.opcode == HB_OPCODE_TEXT ? "text" : "binary");
    case HB_EFFECT_CLOSE:
      return g_strdup_printf ("close:%u", self->close.code);
    case HB_EFFECT_ERROR:
      return g_strdup_printf ("error:%s:%d",
                              g_quark_to_string (self->error->domain), self->error->code);
    case HB_EFFECT_RECONNECT:
      return g_strdup_printf ("reconnect:%u:%u", self->reconnect.attempt, self->reconnect.delay);
    case HB_EFFECT_DRAIN:
      return g_strdup ("drain");
    case HB_EFFECT_RESOLVE:
      switch (self->resolve.outcome)
        {
        case HB_OUTCOME_DONE:
          return g_strdup ("resolve:done");
        case HB_OUTCOME_CANCELLED:
          return g_strdup ("resolve:cancelled");
        case HB_OUTCOME_FAILED:
          return g_strdup_printf ("resolve:failed:%d", self->resolve.error->code);
        default:
          g_assert_not_reached ();
        }
    default:
      g_assert_not_reached ();
    }
}
