/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "effect-string.h"

/* Returns a word for an effect. The word never contains a close reason or the text of an error. The
 * word contains a payload only if a call has received a message. */
char *
effect_to_string (const HbEffect *self)
{
  switch (self->kind)
    {
    case HB_EFFECT_DROP:
      return g_strdup ("drop");
    case HB_EFFECT_CONNECT:
      return g_strdup ("connect");
    case HB_EFFECT_REQUEST:
      return g_strdup ("request");
    case HB_EFFECT_TRANSMIT:
      return g_strdup ("transmit");
    case HB_EFFECT_QUERY:
      return g_strdup ("query");
    case HB_EFFECT_PING:
      return g_strdup ("ping");
    case HB_EFFECT_SHUT_DOWN:
      return g_strdup_printf ("shut-down:%u", self->close.code);
    case HB_EFFECT_READ:
      return g_strdup ("read");
    case HB_EFFECT_NOTIFY:
      return g_strdup_printf ("notify:%s", hb_property_get_name (self->property));
    case HB_EFFECT_OPEN:
      return g_strdup ("open");
    case HB_EFFECT_MESSAGE:
      return g_strdup_printf ("message:%s",
                              self->message.opcode == HB_OPCODE_TEXT ? "text" : "binary");
    case HB_EFFECT_YIELD:
      return g_strdup ("yield");
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
        case HB_OUTCOME_RECEIVED:
          return g_strdup_printf ("resolve:%.*s",
                                  (int) g_bytes_get_size (self->resolve.bytes),
                                  (const char *) g_bytes_get_data (self->resolve.bytes, NULL));
        case HB_OUTCOME_CANCELLED:
          return g_strdup ("resolve:cancelled");
        case HB_OUTCOME_FAILED:
          return g_strdup_printf ("resolve:failed:%d", self->resolve.error->code);
        case HB_OUTCOME_NONE:
          return g_strdup ("resolve:none");
        default:
          g_assert_not_reached ();
        }
    case HB_EFFECT_RELEASE:
      return g_strdup ("release");
    default:
      g_assert_not_reached ();
    }
}

void
add_word (GString    *words,
          const char *word)
{
  if (words->len > 0)
    g_string_append_c (words, ' ');
  g_string_append (words, word);
}

void
add_payload (GString          *words,
             const HbOutgoing *message)
{
  gsize length;
  const char *data = g_bytes_get_data (message->bytes, &length);

  add_word (words, "");
  g_string_append_len (words, data, length);
}

/* Returns the payloads, with spaces between them. Frees the messages and the deque's memory. */
char *
taken_to_string (HbDeque *taken)
{
  GString *string = g_string_new (NULL);
  guint i;

  for (i = 0; i < taken->length; i++)
    {
      HbOutgoing *message = hb_deque_peek (taken, i);

      add_payload (string, message);
      g_bytes_unref (message->bytes);
    }

  hb_deque_clear (taken);

  return g_string_free (string, FALSE);
}
