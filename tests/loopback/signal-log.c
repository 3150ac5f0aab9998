/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include <string.h>

#include "signal-log.h"
#include "test-wait.h"

/* The maximum size, in bytes, of a text message in a word. The word of a longer message contains
 * the size instead. */
#define MAX_SHOWN 40

typedef struct
{
  char   *word;
  gint64  time;
} Entry;

struct _SignalLog
{
  HbWebsocketTask *task;     /* (nullable) (not owned) */
  GQueue           entries;  /* the words that the test has not expected yet */
  GPtrArray       *all;      /* expected or not */
  gint64           time;     /* when the last expected or skipped signal was emitted */
  char            *error;    /* (nullable) the message of the last error */
  GBytes          *message;  /* (nullable) */
  gboolean         is_open;
  gboolean         was_paused; /* whether messages may follow the end of their connection */
};

static void
free_entry (gpointer data)
{
  Entry *entry = data;

  g_free (entry->word);
  g_free (entry);
}

/* Takes ownership of @word. */
static void
add_to_log (SignalLog *self,
            char      *word)
{
  Entry *entry = g_new (Entry, 1);

  entry->word = word;
  entry->time = g_get_monotonic_time ();
  g_queue_push_tail (&self->entries, entry);
  g_ptr_array_add (self->all, g_strdup (word));

  if (g_test_verbose ())
    g_test_message ("%s", word);
}

static void
connecting_cb (HbWebsocketTask *task,
               SoupMessage     *message,
               SignalLog       *self)
{
  g_assert_true (SOUP_IS_MESSAGE (message));
  add_to_log (self, g_strdup ("connecting"));
}

static void
open_cb (HbWebsocketTask *task,
         SignalLog       *self)
{
  g_assert_false (self->is_open);
  self->is_open = TRUE;
  add_to_log (self, g_strdup ("open"));
}

static void
notify_paused_cb (HbWebsocketTask *task,
                  GParamSpec      *pspec,
                  SignalLog       *self)
{
  self->was_paused = TRUE;
}

static void
message_cb (HbWebsocketTask       *task,
            SoupWebsocketDataType  type,
            GBytes                *message,
            SignalLog             *self)
{
  gsize length;
  const char *data = g_bytes_get_data (message, &length);

  g_assert_true (self->is_open || self->was_paused);
  g_clear_pointer (&self->message, g_bytes_unref);
  self->message = g_bytes_ref (message);

  if (type == SOUP_WEBSOCKET_DATA_TEXT && length <= MAX_SHOWN)
    add_to_log (self, g_strdup_printf ("message:text:%.*s", (int) length, data));
  else
    add_to_log (self, g_strdup_printf ("message:%s:%" G_GSIZE_FORMAT,
                                       type == SOUP_WEBSOCKET_DATA_TEXT ? "text" : "binary",
                                       length));
}

static void
close_cb (HbWebsocketTask *task,
          guint            code,
          const char      *reason,
          SignalLog       *self)
{
  HbState state = hb_websocket_task_get_state (task);

  g_assert_true (self->is_open);
  g_assert_true (state != HB_STATE_OPEN && state != HB_STATE_CLOSING);
  self->is_open = FALSE;
  add_to_log (self, reason == NULL ? g_strdup_printf ("close:%u", code)
                                   : g_strdup_printf ("close:%u:%s", code, reason));
}

static void
error_cb (HbWebsocketTask *task,
          GError          *error,
          SignalLog       *self)
{
  g_autofree char *name = signal_log_name_error (error);

  g_assert_nonnull (error->message);
  g_assert_cmpstr (error->message, !=, "");
  g_free (self->error);
  self->error = g_strdup (error->message);
  add_to_log (self, g_strconcat ("error:", name, NULL));
}

static void
reconnect_cb (HbWebsocketTask *task,
              guint            attempt,
              guint            delay,
              SignalLog       *self)
{
  add_to_log (self, g_strdup_printf ("reconnect:%u:%u", attempt, delay));
}

static void
drain_cb (HbWebsocketTask *task,
          SignalLog       *self)
{
  add_to_log (self, g_strdup ("drain"));
}

static void
notify_state_cb (HbWebsocketTask *task,
                 GParamSpec      *pspec,
                 SignalLog       *self)
{
  add_to_log (self, g_strconcat ("state:",
                                 signal_log_name_state (hb_websocket_task_get_state (task)), NULL));
}

static void
notify_cb (HbWebsocketTask *task,
           GParamSpec      *pspec,
           SignalLog       *self)
{
  GValue value = G_VALUE_INIT;
  g_autofree char *contents = NULL;

  g_object_get_property (G_OBJECT (task), pspec->name, &value);

  if (G_VALUE_HOLDS_OBJECT (&value))
    contents = g_strdup (g_value_get_object (&value) != NULL ? "object" : "NULL");
  else if (G_VALUE_HOLDS_STRING (&value))
    contents = g_value_dup_string (&value);
  else
    contents = g_strdup_value_contents (&value);

  add_to_log (self, g_strdup_printf ("%s:%s", pspec->name, contents != NULL ? contents : "NULL"));
  g_value_unset (&value);
}

SignalLog *
signal_log_new (HbWebsocketTask *task)
{
  SignalLog *self = g_new0 (SignalLog, 1);

  self->task = task;
  g_object_add_weak_pointer (G_OBJECT (task), (gpointer *) &self->task);
  g_queue_init (&self->entries);
  self->all = g_ptr_array_new_with_free_func (g_free);
  self->is_open = (hb_websocket_task_get_state (task) == HB_STATE_OPEN
                   || hb_websocket_task_get_state (task) == HB_STATE_CLOSING);

  g_signal_connect (task, "connecting", G_CALLBACK (connecting_cb), self);
  g_signal_connect (task, "open", G_CALLBACK (open_cb), self);
  g_signal_connect (task, "message", G_CALLBACK (message_cb), self);
  g_signal_connect (task, "close", G_CALLBACK (close_cb), self);
  g_signal_connect (task, "error", G_CALLBACK (error_cb), self);
  g_signal_connect (task, "reconnect", G_CALLBACK (reconnect_cb), self);
  g_signal_connect (task, "drain", G_CALLBACK (drain_cb), self);
  g_signal_connect (task, "notify::state", G_CALLBACK (notify_state_cb), self);
  g_signal_connect (task, "notify::paused", G_CALLBACK (notify_paused_cb), self);

  return self;
}

void
signal_log_free (SignalLog *self)
{
  signal_log_expect_quiet (self);

  if (self->task != NULL)
    {
      g_signal_handlers_disconnect_by_data (self->task, self);
      g_object_remove_weak_pointer (G_OBJECT (self->task), (gpointer *) &self->task);
    }

  g_clear_pointer (&self->message, g_bytes_unref);
  g_ptr_array_unref (self->all);
  g_free (self->error);
  g_free (self);
}

void
signal_log_watch (SignalLog  *self,
                  const char *property)
{
  g_autofree char *signal = g_strconcat ("notify::", property, NULL);

  g_signal_connect (self->task, signal, G_CALLBACK (notify_cb), self);
}

static Entry *
wait_for_entry (SignalLog  *self,
                const char *word)
{
  gint64 deadline = wait_get_deadline ();

  while (g_queue_is_empty (&self->entries))
    wait_iterate (deadline, word, G_STRLOC);

  return g_queue_pop_head (&self->entries);
}

/* Waits until the signals in @words, separated by spaces, are emitted in this order. Fails at any
 * other signal before the last of them. */
void
signal_log_expect (SignalLog  *self,
                   const char *words)
{
  g_auto (GStrv) list = g_strsplit (words, " ", -1);
  guint i;

  for (i = 0; list[i] != NULL; i++)
    {
      Entry *entry = wait_for_entry (self, list[i]);

      g_assert_cmpstr (entry->word, ==, list[i]);
      self->time = entry->time;
      free_entry (entry);
    }
}

/* Fails unless the signals that have not been expected, skipped or forgotten are exactly @words. */
void
signal_log_expect_now (SignalLog  *self,
                       const char *words)
{
  g_autoptr (GString) seen = g_string_new (NULL);
  Entry *entry;

  while ((entry = g_queue_pop_head (&self->entries)) != NULL)
    {
      g_string_append_printf (seen, "%s%s", seen->len > 0 ? " " : "", entry->word);
      self->time = entry->time;
      free_entry (entry);
    }

  g_assert_cmpstr (seen->str, ==, words);
}

void
signal_log_expect_quiet (SignalLog *self)
{
  signal_log_expect_now (self, "");
}

/* Waits for the signal @word, and ignores all signals before it. */
void
signal_log_skip_to (SignalLog  *self,
                    const char *word)
{
  gboolean found = FALSE;

  while (!found)
    {
      Entry *entry = wait_for_entry (self, word);

      found = strcmp (entry->word, word) == 0;
      self->time = entry->time;
      free_entry (entry);
    }
}

void
signal_log_forget (SignalLog *self)
{
  g_queue_clear_full (&self->entries, free_entry);
}

/* Returns the monotonic time, in microseconds, of the last expected or skipped signal. */
gint64
signal_log_get_time (SignalLog *self)
{
  return self->time;
}

const char *
signal_log_get_error (SignalLog *self)
{
  return self->error;
}

GBytes *
signal_log_get_message (SignalLog *self)
{
  return self->message;
}

/* Returns the number of words that begin with @prefix, expected or not. */
guint
signal_log_count (SignalLog  *self,
                  const char *prefix)
{
  guint n = 0;
  guint i;

  for (i = 0; i < self->all->len; i++)
    n += g_str_has_prefix (g_ptr_array_index (self->all, i), prefix);

  return n;
}

char *
signal_log_name_error (const GError *error)
{
  g_autoptr (GEnumClass) errors = g_type_class_ref (HB_TYPE_ERROR);

  if (error->domain == HB_ERROR)
    return g_strdup (g_enum_get_value (errors, error->code)->value_nick);

  return g_strdup_printf ("%s:%d", g_quark_to_string (error->domain), error->code);
}

const char *
signal_log_name_state (HbState state)
{
  g_autoptr (GEnumClass) states = g_type_class_ref (HB_TYPE_STATE);

  /* The values of the enumeration are static, so the name remains valid without the class. */
  return g_enum_get_value (states, state)->value_nick;
}
