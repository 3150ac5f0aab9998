/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "gate.h"

#include <sys/socket.h>

/* A TCP connection that can be shut: then nothing is read from it, and the kernel at the other end
 * learns no more than that this one is slow. Whatever is above it answers neither message nor ping
 * nor close frame, and goes on where it was once the gate is opened. It knows when the peer was
 * last heard of, pings included, of which libsoup tells nothing. */

#define ECHO_TYPE_GATE_INPUT (echo_gate_input_get_type ())

G_DECLARE_FINAL_TYPE (EchoGateInput, echo_gate_input, ECHO, GATE_INPUT, GFilterInputStream)

struct _EchoGateInput
{
  GFilterInputStream  parent_instance;

  GSource            *waiting;  /* (owned) (nullable): for the gate to be opened */
  gint64              heard_at; /* monotonic, in microseconds */
  gboolean            is_shut;
};

struct _EchoGate
{
  GTcpConnection  parent_instance;

  EchoGateInput  *input; /* (owned) */
};

static void echo_gate_input_init_pollable (GPollableInputStreamInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (EchoGateInput, echo_gate_input, G_TYPE_FILTER_INPUT_STREAM,
                               G_IMPLEMENT_INTERFACE (G_TYPE_POLLABLE_INPUT_STREAM,
                                                      echo_gate_input_init_pollable))

G_DEFINE_FINAL_TYPE (EchoGate, echo_gate, G_TYPE_TCP_CONNECTION)

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

  return !self->is_shut && g_pollable_input_stream_is_readable (get_base (self));
}

/* A source that was made before the gate was shut may still fire once; who then tries to read is
 * told to wait, and comes here for another. */
static GSource *
echo_gate_input_create_source (GPollableInputStream *stream,
                               GCancellable         *cancellable)
{
  EchoGateInput *self = ECHO_GATE_INPUT (stream);
  g_autoptr (GSource) base = NULL;
  GSource *source;

  if (!self->is_shut)
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

  if (self->is_shut)
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK, "The gate is shut");
      return -1;
    }

  n_read = g_pollable_input_stream_read_nonblocking (get_base (self), buffer, count, NULL, error);
  if (n_read > 0)
    self->heard_at = g_get_monotonic_time ();

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

  if (is_shut || self->waiting == NULL)
    return;

  g_source_set_ready_time (self->waiting, 0);
  g_clear_pointer (&self->waiting, g_source_unref);
}

static GInputStream *
echo_gate_get_input_stream (GIOStream *stream)
{
  return G_INPUT_STREAM (ECHO_GATE (stream)->input);
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
}

/* Not before the parent has closed the connection, which it does on the stream's behalf */
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

/* As a crash or a firewall would do it: the peer is sent a reset, and nothing that it had still to
 * be sent. */
void
echo_gate_abort (EchoGate *self)
{
  struct linger linger = { .l_onoff = 1, .l_linger = 0 };
  GSocket *socket = g_socket_connection_get_socket (G_SOCKET_CONNECTION (self));

  setsockopt (g_socket_get_fd (socket), SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
  g_socket_close (socket, NULL);
}

/* Returns: in monotonic microseconds */
gint64
echo_gate_get_heard_at (EchoGate *self)
{
  return self->input->heard_at;
}
