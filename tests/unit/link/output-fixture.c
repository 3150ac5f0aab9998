/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "output-fixture.h"

static void
event_cb (const HbEvent *event,
          gpointer       user_data)
{
  Fixture *fixture = user_data;

  g_assert_false (fixture->is_writing);

  if (event->kind == HB_EVENT_PROGRESS)
    g_assert_cmpuint (event->written, ==, hb_output_get_written (fixture->output));
  else if (event->kind == HB_EVENT_BLOCKED || event->kind == HB_EVENT_WRITABLE)
    g_assert_true (hb_output_is_writable (fixture->output) == (event->kind == HB_EVENT_WRITABLE));

  event_counts_add (&fixture->events, event);
}

void
turn (void)
{
  g_main_context_iteration (NULL, FALSE);
}

static void
watch_cb (GIOCondition ready,
          gpointer     user_data)
{
  Fixture *fixture = user_data;

  hb_output_run (fixture->output, (ready & G_IO_OUT) != 0);
}

void
fixture_set_up (Fixture       *fixture,
                gconstpointer  data)
{
  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM, 0, fixture->fds), ==, 0);
  fixture->base = scripted_output_new ();
  fixture->watch = hb_watch_new (fixture->fds[0], watch_cb, fixture);
  fixture->output = hb_output_new (G_POLLABLE_OUTPUT_STREAM (fixture->base), fixture->watch,
                                   event_cb, fixture);
  hb_watch_enter (fixture->watch, g_main_context_default ());
}

void
fixture_tear_down (Fixture       *fixture,
                   gconstpointer  data)
{
  hb_watch_leave (fixture->watch);
  g_assert_finalize_object (fixture->output);
  g_assert_finalize_object (fixture->base);
  hb_watch_unref (fixture->watch);
  close (fixture->fds[0]);
  close (fixture->fds[1]);
}

gssize
write_some (Fixture     *fixture,
            const void  *data,
            gsize        length,
            GError     **error)
{
  gssize n;

  fixture->is_writing = TRUE;
  n = g_pollable_output_stream_write_nonblocking (G_POLLABLE_OUTPUT_STREAM (fixture->output),
                                                  data, length, NULL, error);
  fixture->is_writing = FALSE;

  return n;
}

void
write_text (Fixture    *fixture,
            const char *text)
{
  g_autoptr (GError) error = NULL;

  g_assert_cmpint (write_some (fixture, text, strlen (text), &error), ==, strlen (text));
  g_assert_no_error (error);
}

HbSpan
send_message (Fixture  *fixture,
              HbOpcode  opcode,
              GBytes   *payload)
{
  HbSpan span;

  fixture->is_writing = TRUE;
  hb_output_send (fixture->output, opcode, payload, &span);
  fixture->is_writing = FALSE;
  g_assert_cmpuint (span.written, ==, hb_output_get_written (fixture->output));

  return span;
}

typedef struct
{
  GByteArray *bytes;      /* (owned) the unwritten bytes */
  gboolean    is_urgent;
  gboolean    is_pending; /* refused, or written in part */
} SoupFrame;

static gboolean soup_queue_cb (GObject  *stream,
                               gpointer  user_data);

static void
soup_frame_free (SoupFrame *self)
{
  g_byte_array_unref (self->bytes);
  g_free (self);
}

static void
stop (SoupQueue *self)
{
  if (self->source != NULL)
    g_source_destroy (self->source);

  g_clear_pointer (&self->source, g_source_unref);
}

static void
soup_queue_write (SoupQueue *self)
{
  GPollableOutputStream *output = G_POLLABLE_OUTPUT_STREAM (self->fixture->output);
  SoupFrame *frame = g_queue_peek_head (&self->frames);
  g_autoptr (GError) error = NULL;
  gssize n;

  stop (self);
  n = write_some (self->fixture, frame->bytes->data, frame->bytes->len, &error);
  if (n < 0)
    g_assert_error (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK);
  else
    g_byte_array_remove_range (frame->bytes, 0, n);

  frame->is_pending = TRUE;
  if (frame->bytes->len == 0)
    soup_frame_free (g_queue_pop_head (&self->frames));

  if (g_queue_is_empty (&self->frames))
    return;

  self->source = g_pollable_output_stream_create_source (output, NULL);
  g_source_set_callback (self->source, G_SOURCE_FUNC (soup_queue_cb), self, NULL);
  g_source_attach (self->source, NULL);
}

static gboolean
soup_queue_cb (GObject  *stream,
               gpointer  user_data)
{
  soup_queue_write (user_data);

  return G_SOURCE_REMOVE;
}

/* Takes ownership of @frame. An urgent frame precedes all frames that are neither urgent nor
 * pending. */
void
soup_queue_push (SoupQueue  *self,
                 GByteArray *frame,
                 gboolean    is_urgent)
{
  GList *link = is_urgent ? self->frames.head : NULL;
  SoupFrame *added = g_new0 (SoupFrame, 1);

  added->bytes = frame;
  added->is_urgent = is_urgent;

  while (link != NULL
         && (((SoupFrame *) link->data)->is_urgent || ((SoupFrame *) link->data)->is_pending))
    link = link->next;

  g_queue_insert_before (&self->frames, link, added);
  soup_queue_write (self);
}

gboolean
soup_queue_is_empty (SoupQueue *self)
{
  return g_queue_is_empty (&self->frames);
}

void
soup_queue_clear (SoupQueue *self)
{
  stop (self);
  g_queue_clear_full (&self->frames, (GDestroyNotify) soup_frame_free);
}
