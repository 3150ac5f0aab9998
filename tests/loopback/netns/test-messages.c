/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "outage.h"

/* The messages of a connection that is lost. test-lost-link.c explains the requirements, and how to
 * run the test. */

/* The approximate number of bytes of an upload. Its messages differ in size, so that the server can
 * identify them. */
#define UPLOAD (6 * 1000 * 1000)

/* The maximum number of bytes that the kernel holds for a lost connection. TCP_NOTSENT_LOWAT limits
 * the unsent bytes, and the server's window limits the bytes in transit. */
#define KERNEL_HOLDS (256 * 1024)

static void
send_two_cb (HbWebsocketTask *task,
             SoupMessage     *message,
             gpointer         user_data)
{
  assert_sends (task, "two");
}

static void
test_queued (Outage        *self,
             gconstpointer  data)
{
  outage_open (self);
  outage_converse (self);
  outage_cut ();
  outage_expect_loss (self);
  assert_sends (self->task, "one");
  g_signal_connect (self->task, "connecting", G_CALLBACK (send_two_cb), NULL);
  outage_expect_failure (self, 1, HB_ERROR, HB_ERROR_CONNECT_TIMEOUT);
  g_signal_handlers_disconnect_by_func (self->task, send_two_cb, NULL);
  assert_sends (self->task, "three");
  network_restore ();
  outage_expect_return (self);
  assert_sends (self->task, "four");
  signal_log_expect (self->log, "drain");
  outage_expect_heard (self, 1, "text:one text:two text:three text:four");
}

/* The server receives the messages, but its acknowledgements are lost. By default, the messages are
 * not sent again. */
static void
test_unacknowledged (Outage        *self,
                     gconstpointer  data)
{
  outage_open (self);
  outage_converse (self);
  network_filter (NETWORK_NEAR, "drop");
  assert_sends (self->task, "one");
  assert_sends (self->task, "two");
  outage_expect_heard (self, 0, "text:one text:two");
  outage_expect_loss (self);
  assert_sends (self->task, "three");
  network_restore ();
  outage_expect_return (self);
  signal_log_expect (self->log, "drain");
  outage_expect_heard (self, 1, "text:three");
}

/* The kernel has accepted the first message. The message may be lost, or arrive late on the old
 * connection, but never on the new one. */
static void
test_unheard (Outage        *self,
              gconstpointer  data)
{
  g_autofree char *late = NULL;

  outage_open (self);
  outage_converse (self);
  outage_cut ();
  assert_sends (self->task, "one");
  g_assert_cmpuint (hb_websocket_task_get_buffered_amount (self->task), ==, 0);
  outage_expect_loss (self);
  assert_sends (self->task, "two");
  network_restore ();
  outage_expect_return (self);
  signal_log_expect (self->log, "drain");
  outage_expect_heard (self, 1, "text:two");
  wait_pass (LATEST);
  late = outage_take_heard (self, 0);
  g_test_message ("received late, from the old connection: %s", late);
  g_assert_true (strcmp (late, "") == 0 || strcmp (late, "text:one") == 0);
}

typedef struct
{
  const char *name;
  guint       size; /* of the first message, in bytes */
} Upload;

/* Messages that are shorter than the data that the kernel accepts at once, and longer ones */
static const Upload uploads[] = {
  { "short", 60000 },
  { "long", 300000 },
};

static guint
get_length (const Upload *upload)
{
  return UPLOAD / upload->size;
}

/* Returns the words of the messages from @first to the last. */
static char *
name_rest (const Upload *upload,
           guint         first)
{
  g_autoptr (GString) words = g_string_new (NULL);
  guint i;

  for (i = first; i < get_length (upload); i++)
    g_string_append_printf (words, "%stext:%u", words->len > 0 ? " " : "", upload->size + i);

  return g_string_free (g_steal_pointer (&words), FALSE);
}

static void
send_all (Outage       *self,
          const Upload *upload)
{
  guint i;

  for (i = 0; i < get_length (upload); i++)
    {
      g_autofree char *text = g_strnfill (upload->size + i, 'x');

      assert_sends (self->task, text);
    }
}

/* Returns the number of the first message that the task still holds. */
static guint
find_first_kept (Outage       *self,
                 const Upload *upload)
{
  guint64 kept = hb_websocket_task_get_buffered_amount (self->task);
  guint i = get_length (upload);

  while (kept > 0)
    {
      i--;
      g_assert_cmpuint (kept, >=, upload->size + i);
      kept -= upload->size + i;
    }

  return i;
}

static void
test_upload (Outage        *self,
             gconstpointer  data)
{
  const Upload *upload = data;
  g_autofree char *all = name_rest (upload, 0);
  g_autofree char *kept = NULL;
  g_autofree char *by_old = NULL;
  guint n_heard;
  guint first_kept;

  outage_open (self);
  send_all (self, upload);
  wait_until (self->heard->len >= get_length (upload) / 5);
  outage_cut ();
  signal_log_expect (self->log, "state:waiting error:pong-timeout close:1006 reconnect:1:100");
  n_heard = self->heard->len;
  first_kept = find_first_kept (self, upload);
  network_restore ();
  outage_expect_return (self);
  signal_log_expect (self->log, "drain");

  kept = name_rest (upload, first_kept);
  outage_expect_heard (self, 1, kept);
  by_old = outage_take_heard (self, 0);
  g_test_message ("%u messages were received, %u sent again, and %u written without being received",
                  n_heard, get_length (upload) - first_kept, first_kept - n_heard);
  g_assert_true (g_str_has_prefix (all, by_old));
  g_assert_cmpuint (first_kept, <, get_length (upload));
  g_assert_cmpuint (first_kept, >=, n_heard);
  g_assert_cmpuint (first_kept - n_heard, <=, 1 + KERNEL_HOLDS / upload->size);
}

int
main (int   argc,
      char *argv[])
{
  network_init ();
  g_test_init (&argc, &argv, NULL);
  g_test_summary ("Messages that the kernel has not accepted completely on a lost connection "
                  "arrive once and in order on the next connection");

  add_outage ("/netns/messages/queued", test_queued);
  add_outage ("/netns/messages/unacknowledged", test_unacknowledged);
  add_outage ("/netns/messages/unheard", test_unheard);
  add_outage_rows ("/netns/messages/upload/", uploads, test_upload);

  return g_test_run ();
}
