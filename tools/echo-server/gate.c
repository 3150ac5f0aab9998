/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "gate.h"

#include <sys/socket.h>

/* A TCP connection that can be shut. While it is shut, libsoup receives no message, ping or close
 * frame, and the peer's kernel sees a slow reader. The gate also records when libsoup last read
 * data, including pings, because libsoup does not report this time.
 *
 * The gate shuts itself to a peer that sends data but reads none. libsoup keeps the data that it
 * cannot send yet, including pongs, and neither limits this data nor reports its size. libsoup
 * waits for the stream to become writable if and only if it keeps data. The gate counts the bytes
 * that have been received, and those that echo_gate_owe () adds, since libsoup last kept nothing.
 * For a client, libsoup cannot keep more, because a pong is no longer than its ping. */

/* The number of bytes that libsoup may keep before the gate shuts itself */
#define MAX_OWED (1024 * 1024)

#define ECHO_TYPE_GATE_INPUT (echo_gate_input_get_type ())

G_DECLARE_FINAL_TYPE (EchoGateInput, echo_gate_input, ECHO, GATE_INPUT, GFilterInputStream)

#define ECHO_TYPE_GATE_OUTPUT (echo_gate_output_get_type ())

G_DECLARE_FINAL_TYPE (EchoGateOutput, echo_gate_output, ECHO, GATE_OUTPUT, GFilterOutputStream)

struct _EchoGateOutput
{
  GFilterOutputStream  parent_instance;

  EchoGateInput       *input;   /* (not owned) (nullable) */
  GSource             *waiting; /* (owned) (nullable), waits for the stream to become writable */
};

struct _EchoGateInput
{
  GFilterInputStream  parent_instance;

  EchoGateOutput     *output;   /* (owned) (nullable) */
  GSource            *waiting;  /* (owned) (nullable), waits for the gate to be opened */
  gint64              heard_at; /* monotonic, in microseconds */
  guint64             n_owed;   /* the most that libsoup can keep, in bytes */
  gboolean            is_shut;
};

struct _EchoGate
{
  GTcpConnection  parent_instance;

  EchoGateInput  *input; /* (owned) */
};

static void echo_gate_input_init_pollable (GPollableInputStreamInterface *iface);
static void echo_gate_output_init_pollable (GPollableOutputStreamInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (EchoGateInput, echo_gate_input, G_TYPE_FILTER_INPUT_STREAM,
                               G_IMPLEMENT_INTERFACE (G_TYPE_POLLABLE_INPUT_STREAM,
                                                      echo_gate_input_init_pollable))

G_DEFINE_FINAL_TYPE_WITH_CODE (EchoGateOutput, echo_gate_output, G_TYPE_FILTER_OUTPUT_STREAM,
                               G_IMPLEMENT_INTERFACE (G_TYPE_POLLABLE_OUTPUT_STREAM,
                                                      echo_gate_output_init_pollable))

G_DEFINE_FINAL_TYPE (EchoGate, echo_gate, G_TYPE_TCP_CONNECTION)

/* Lets a reader that is waiting for the gate try again. */
static void
wake (EchoGateInput *self)
{
  if (self->waiting == NULL)
    return;

  g_source_set_ready_time (self->waiting, 0);
  g_clear_pointer (&self->waiting, g_source_unref);
}

static GPollableOutputStream *
get_output_base (EchoGateOutput *self)
{
  GFilterOutputStream *filter = G_FILTER_OUTPUT_STREAM (self);

  return G_POLLABLE_OUTPUT_STREAM (g_filter_output_stream_get_base_stream (filter));
}

static gboolean
echo_gate_output_is_writable (GPollableOutputStream *stream)
{
  return g_pollable_output_stream_is_writable (get_output_base (ECHO_GATE_OUTPUT (stream)));
}

/* Keeps the source of the base stream, because a reference to the returned source would keep this
 * stream alive. Both sources are destroyed together. */
static GSource *
echo_gate_output_create_source (GPollableOutputStream *stream,
                                GCancellable          *cancellable)
{
  EchoGateOutput *self = ECHO_GATE_OUTPUT (stream);

  g_clear_pointer (&self->waiting, g_source_unref);
  self->waiting = g_pollable_output_stream_create_source (get_output_base (self), NULL);

  return g_pollable_source_new_full (self, self->waiting, cancellable);
}

static gssize
echo_gate_output_write_nonblocking (GPollableOutputStream  *stream,
                                    const void             *buffer,
                                    gsize                   count,
                                    GError                **error)
{
  EchoGateOutput *self = ECHO_GATE_OUTPUT (stream);
  gssize n_written;

  n_written = g_pollable_output_stream_write_nonblocking (get_output_base (self), buffer, count,
                                                          NULL, error);

  /* libsoup may have nothing left to send now, which opens the gate. */
  if (n_written > 0 && self->input != NULL && !self->input->is_shut)
    wake (self->input);

  return n_written;
}

static void
echo_gate_output_init_pollable (GPollableOutputStreamInterface *iface)
{
  iface->is_writable = echo_gate_output_is_writable;
  iface->create_source = echo_gate_output_create_source;
  iface->write_nonblocking = echo_gate_output_write_nonblocking;
}

static void
echo_gate_output_finalize (GObject *object)
{
  EchoGateOutput *self = ECHO_GATE_OUTPUT (object);

  g_clear_pointer (&self->waiting, g_source_unref);

  G_OBJECT_CLASS (echo_gate_output_parent_class)->finalize (object);
}

static void
echo_gate_output_class_init (EchoGateOutputClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = echo_gate_output_finalize;
}

static void
echo_gate_output_init (EchoGateOutput *self)
{
}

/* Returns whether libsoup may be keeping too much data. If it keeps nothing, resets the count. */
static gboolean
is_behind (EchoGateInput *self)
{
  GSource *waiting = self->output->waiting;

  if (waiting == NULL || g_source_is_destroyed (waiting))
    self->n_owed = 0;

  return self->n_owed > MAX_OWED;
}

static GPollableInputStream *
get_base (EchoGateInput *self)
{
  GFilterInputStream *filter = G_FILTER_INPUT_STREAM (self);

  return G_POLLABLE_INPUT_STREAM (g_filter_input_stream_get_base_stream (filter));
}

static gboolean
echo_gate_input_is_readable (GPollableInputStream *stream)
{
  EchoGateInput *self = ECHO_GATE_INPUT (stream);

  return !self->is_shut && !is_behind (self)
         && g_pollable_input_stream_is_readable (get_base (self));
}

/* A source that was created before the gate was shut may still be dispatched once. The read that
 * follows then returns G_IO_ERROR_WOULD_BLOCK. */
static GSource *
echo_gate_input_create_source (GPollableInputStream *stream,
                               GCancellable         *cancellable)
{
  EchoGateInput *self = ECHO_GATE_INPUT (stream);
  g_autoptr (GSource) base = NULL;
  GSource *source;

  if (!self->is_shut && !is_behind (self))
    {
      base = g_pollable_input_stream_create_source (get_base (self), NULL);
      return g_pollable_source_new_full (self, base, cancellable);
    }

  source = g_pollable_source_new_full (self, NULL, cancellable);
  g_clear_pointer (&self->waiting, g_source_unref);
  self->waiting = g_source_ref (source);

  return source;
}

static gssize
echo_gate_input_read_nonblocking (GPollableInputStream  *stream,
                                  void                  *buffer,
                                  gsize                  count,
                                  GError               **error)
{
  EchoGateInput *self = ECHO_GATE_INPUT (stream);
  gssize n_read;

  if (self->is_shut || is_behind (self))
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK, "The gate is shut");
      return -1;
    }

  n_read = g_pollable_input_stream_read_nonblocking (get_base (self), buffer, count, NULL, error);
  if (n_read > 0)
    {
      self->heard_at = g_get_monotonic_time ();
      self->n_owed += n_read;
    }

  return n_read;
}

static void
echo_gate_input_init_pollable (GPollableInputStreamInterface *iface)
{
  iface->is_readable = echo_gate_input_is_readable;
  iface->create_source = echo_gate_input_create_source;
  iface->read_nonblocking = echo_gate_input_read_nonblocking;
}

static void
echo_gate_input_finalize (GObject *object)
{
  EchoGateInput *self = ECHO_GATE_INPUT (object);

  g_clear_pointer (&self->waiting, g_source_unref);
  if (self->output != NULL)
    self->output->input = NULL;
  g_clear_object (&self->output);

  G_OBJECT_CLASS (echo_gate_input_parent_class)->finalize (object);
}

static void
echo_gate_input_class_init (EchoGateInputClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = echo_gate_input_finalize;
}

static void
echo_gate_input_init (EchoGateInput *self)
{
  self->heard_at = g_get_monotonic_time ();
}

static void
echo_gate_input_set_shut (EchoGateInput *self,
                          gboolean       is_shut)
{
  self->is_shut = is_shut;

  if (!is_shut)
    wake (self);
}

static GInputStream *
echo_gate_get_input_stream (GIOStream *stream)
{
  return G_INPUT_STREAM (ECHO_GATE (stream)->input);
}

static GOutputStream *
echo_gate_get_output_stream (GIOStream *stream)
{
  return G_OUTPUT_STREAM (ECHO_GATE (stream)->input->output);
}

static void
echo_gate_constructed (GObject *object)
{
  EchoGate *self = ECHO_GATE (object);
  GIOStreamClass *parent_class = G_IO_STREAM_CLASS (echo_gate_parent_class);

  G_OBJECT_CLASS (echo_gate_parent_class)->constructed (object);

  self->input = g_object_new (ECHO_TYPE_GATE_INPUT,
                              "base-stream", parent_class->get_input_stream (G_IO_STREAM (self)),
                              NULL);
  self->input->output = g_object_new (ECHO_TYPE_GATE_OUTPUT,
                                      "base-stream",
                                      parent_class->get_output_stream (G_IO_STREAM (self)),
                                      NULL);
  self->input->output->input = self->input;
}

/* Frees the streams here and not in dispose, because the other functions use them without a check
 * for NULL. */
static void
echo_gate_finalize (GObject *object)
{
  EchoGate *self = ECHO_GATE (object);

  g_clear_object (&self->input);

  G_OBJECT_CLASS (echo_gate_parent_class)->finalize (object);
}

static void
echo_gate_class_init (EchoGateClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->constructed = echo_gate_constructed;
  object_class->finalize = echo_gate_finalize;
  G_IO_STREAM_CLASS (klass)->get_input_stream = echo_gate_get_input_stream;
  G_IO_STREAM_CLASS (klass)->get_output_stream = echo_gate_get_output_stream;
}

static void
echo_gate_init (EchoGate *self)
{
}

EchoGate *
echo_gate_new (GSocket *socket)
{
  return g_object_new (ECHO_TYPE_GATE, "socket", socket, NULL);
}

void
echo_gate_set_shut (EchoGate *self,
                    gboolean  is_shut)
{
  echo_gate_input_set_shut (self->input, is_shut);
}

/* Counts @size bytes that libsoup sends, and may keep until the peer reads. */
void
echo_gate_owe (EchoGate *self,
               gsize     size)
{
  self->input->n_owed += size;
}

gboolean
echo_gate_is_behind (EchoGate *self)
{
  return is_behind (self->input);
}

/* Resets the connection, as a crash or a firewall can. */
void
echo_gate_abort (EchoGate *self)
{
  struct linger linger = { .l_onoff = 1, .l_linger = 0 };
  GSocket *socket = g_socket_connection_get_socket (G_SOCKET_CONNECTION (self));

  setsockopt (g_socket_get_fd (socket), SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
  g_socket_close (socket, NULL);
}

/* Returns: the monotonic time, in microseconds, of libsoup's last read or, before the first, of the
 * gate's creation */
gint64
echo_gate_get_heard_at (EchoGate *self)
{
  return self->input->heard_at;
}
