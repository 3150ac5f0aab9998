/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "cell.h"

/* The signals that the task of a cell must emit */

#define COMES_BACK " state:connecting connecting state:open open"

const Result *
cell_get_result (const Cell *self)
{
  return fault_get_result (self->fault, self->state, self->is_tls, fault_get_soup ());
}

/* Returns whether the task is CLOSED after the fault, until the test opens it again. */
gboolean
cell_ends_closed (const Cell *self)
{
  End end = cell_get_result (self)->end;

  switch (self->state)
    {
    case STATE_CLOSING:
      return TRUE;

    case STATE_LAST:
      return end != END_NONE;

    case STATE_LEFT:
      return FALSE;

    case STATE_CONNECTING:
    case STATE_RECONNECTING:
    case STATE_OPEN:
    case STATE_UNREADY:
    case STATE_PINGED:
    case STATE_BACKLOG:
    case STATE_MIDWAY:
      return end == END_FINAL;

    case N_STATES:
    default:
      g_assert_not_reached ();
    }
}

static void
add_error (GString    *words,
           const char *error)
{
  if (error != NULL)
    g_string_append_printf (words, " error:%s", error);
}

static void
add_close (GString      *words,
           const Result *result)
{
  g_string_append_printf (words, " close:%u", result->code);
  if (result->reason != NULL)
    g_string_append_printf (words, ":%s", result->reason);
}

/* Adds the words of the next, successful attempt. In the state RECONNECTING, the fault has hit the
 * first attempt after a loss, or the connection of that attempt, so the next attempt is the second
 * in a row. */
static void
add_return (GString    *words,
            const Cell *self)
{
  g_string_append_printf (words, " reconnect:%u:%u", self->state == STATE_RECONNECTING ? 2 : 1,
                          MAX (self->fault->delay, 1));
  g_string_append (words, COMES_BACK " drain");
}

/* Adds the words of the signals before the fault, if the test cannot wait for them first. */
static void
add_way (GString    *words,
         const Cell *self)
{
  gboolean is_link = self->fault->phase == PHASE_LINK;

  switch (self->state)
    {
    case STATE_RECONNECTING:
      g_string_append (words, "state:waiting close:1006 reconnect:1:1");
      break;

    case STATE_LAST:
    case STATE_LEFT:
      if (is_link)
        return;
      break;

    case STATE_CONNECTING:
      break;

    case STATE_OPEN:
    case STATE_UNREADY:
    case STATE_PINGED:
    case STATE_BACKLOG:
    case STATE_MIDWAY:
    case STATE_CLOSING:
      return;

    case N_STATES:
    default:
      g_assert_not_reached ();
    }

  g_string_append (words, " state:connecting connecting");
  if (is_link)
    g_string_append (words, " state:open open");
}

static void
add_handshake (GString    *words,
               const Cell *self)
{
  const Result *result = cell_get_result (self);

  if (self->state == STATE_LEFT)
    {
      g_string_append (words, " connecting state:open open drain");
    }
  else if (result->end == END_NONE)
    {
      g_string_append (words, " state:open open drain");
    }
  else if (self->state == STATE_LAST)
    {
      g_string_append (words, " state:closed");
      add_error (words, result->error);
      g_string_append (words, " error:repeat-limit error:closed");
    }
  else
    {
      g_string_append (words, " state:waiting");
      add_error (words, result->error);
      add_return (words, self);
    }
}

static void
add_survival (GString    *words,
              const Cell *self)
{
  if (self->state == STATE_BACKLOG || self->state == STATE_UNREADY)
    g_string_append (words, " drain");
  else if (self->state == STATE_MIDWAY)
    g_string_append (words, " message:text:abcd");
}

static void
add_loss (GString    *words,
          const Cell *self)
{
  const Result *result = cell_get_result (self);

  g_string_append (words, cell_ends_closed (self) ? " state:closed" : " state:waiting");
  add_error (words, result->error);
  if (self->state == STATE_LAST && result->code != 1000)
    g_string_append (words, " error:repeat-limit");
  if (result->end == END_FINAL
      && (self->state == STATE_BACKLOG || self->state == STATE_UNREADY))
    g_string_append (words, " error:closed");
  add_close (words, result);
  if (!cell_ends_closed (self))
    add_return (words, self);
}

static void
add_link (GString    *words,
          const Cell *self)
{
  const Result *result = cell_get_result (self);

  if (self->state == STATE_LEFT)
    {
      g_string_append (words, " state:connecting close:1006 connecting state:open open");
      return;
    }

  if (self->state == STATE_CLOSING)
    {
      /* No more messages are delivered. Only `close` shows how the peer ended the connection. */
      g_string_append (words, " state:closed");
      if (result->end == END_NONE)
        g_string_append (words, " close:1000");
      else
        add_close (words, result);
      return;
    }

  if (self->fault->messages != NULL && self->state != STATE_MIDWAY)
    g_string_append_printf (words, " %s", self->fault->messages);

  if (result->end == END_NONE)
    add_survival (words, self);
  else
    add_loss (words, self);
}

/* Returns the words that the signal log must contain, or an empty string for none. */
char *
cell_make_words (const Cell *self)
{
  GString *words = g_string_new (NULL);

  add_way (words, self);
  if (self->fault->phase == PHASE_LINK)
    add_link (words, self);
  else
    add_handshake (words, self);

  return g_strstrip (g_string_free (words, FALSE));
}
