/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "hb-error.h"
#include "hb-syntax-private.h"
#include "hb-trace-private.h"

/* Returns the name without @prefix, for example "OPEN". */
static const char *
get_name (GType       type,
          int         value,
          const char *prefix)
{
  g_autoptr (GEnumClass) enum_class = g_type_class_ref (type);
  const GEnumValue *found = g_enum_get_value (enum_class, value);

  g_assert (found != NULL && g_str_has_prefix (found->value_name, prefix));

  return found->value_name + strlen (prefix);
}

static char *
format_place (GUri *uri)
{
  return g_uri_join (G_URI_FLAGS_NONE, g_uri_get_scheme (uri), NULL, g_uri_get_host (uri),
                     g_uri_get_port (uri), "", NULL, NULL);
}

void
hb_trace_init (HbTrace *self)
{
  static int n_tasks;

  *self = (HbTrace) { .number = (guint) g_atomic_int_add (&n_tasks, 1) + 1 };
}

void
hb_trace_clear (HbTrace *self)
{
  g_clear_pointer (&self->marks, g_free);
}

/* Queries whether GLib would print the lines, which takes too long to be done for each line. When
 * lines become wanted, stores the metrics, so that earlier changes are not reported. */
void
hb_trace_refresh (HbTrace         *self,
                  const HbMachine *machine)
{
  gboolean is_wanted = !g_log_writer_default_would_drop (G_LOG_LEVEL_DEBUG, G_LOG_DOMAIN);

  if (is_wanted && !self->is_wanted)
    {
      if (self->marks == NULL)
        self->marks = g_new0 (HbTraceMarks, 1);

      self->marks->metrics = machine->metrics;
    }

  g_atomic_int_set (&self->is_wanted, is_wanted);
}

void
hb_trace_print (const HbTrace *self,
                const char    *format,
                ...)
{
  g_autofree char *text = NULL;
  va_list arguments;

  va_start (arguments, format);
  text = g_strdup_vprintf (format, arguments);
  va_end (arguments);

  g_debug ("task %u: %s", self->number, text);
}

/* libsoup sends the request again after a redirect or a challenge. */
static void
restarted_cb (SoupMessage *request,
              gpointer     number)
{
  g_autofree char *place = format_place (soup_message_get_uri (request));
  HbTrace trace = { .number = GPOINTER_TO_UINT (number) };

  hb_trace_print (&trace, "another request to %s, after HTTP status %u", place,
                  soup_message_get_status (request));
}

/* @attempt: the value of the property `attempt`, 0 after open () or reconnect_now () */
void
hb_trace_request (const HbTrace *self,
                  SoupMessage   *request,
                  guint          attempt)
{
  g_autofree char *place = format_place (soup_message_get_uri (request));

  g_signal_connect (request, "restarted", G_CALLBACK (restarted_cb),
                    GUINT_TO_POINTER (self->number));

  if (attempt == 0)
    hb_trace_print (self, "request to %s", place);
  else
    hb_trace_print (self, "request to %s, attempt %u", place, attempt);
}

void
hb_trace_loss (const HbTrace   *self,
               const HbMachine *machine,
               const HbEvent   *event)
{
  const HbLoss *loss = event->loss;

  if (event->serial != machine->serial)
    return;

  if (machine->state == HB_STATE_CONNECTING)
    hb_trace_print (self, "the attempt has failed");
  else if (loss->code != HB_CLOSE_ABNORMAL)
    hb_trace_print (self, "the server has closed the connection, code %u", loss->code);
  else if (loss->by_peer)
    hb_trace_print (self, "the server has ended the connection without a valid close frame");
  else
    hb_trace_print (self, "the connection has failed");
}

void
hb_trace_begin_tick (HbTrace   *self,
                     HbMachine *machine,
                     gint64     now)
{
  gint64 deadline = hb_machine_get_deadline (machine);

  self->marks->pong_timeouts = machine->metrics.pong_timeouts;
  self->marks->state = machine->state;
  self->marks->serial = machine->serial;

  if (deadline < now - HB_LATE)
    hb_trace_print (self,
                    "a deadline passed %" G_GINT64_FORMAT " ms ago: the process was suspended, "
                    "stopped or busy", (now - deadline) / G_TIME_SPAN_MILLISECOND);
}

void
hb_trace_end_tick (const HbTrace   *self,
                   const HbMachine *machine)
{
  const HbSettings *settings = &machine->settings;
  const HbTraceMarks *marks = self->marks;

  if (machine->state == marks->state && machine->serial == marks->serial)
    return;

  if (marks->state == HB_STATE_OPEN && machine->metrics.pong_timeouts > marks->pong_timeouts)
    hb_trace_print (self, "pong-timeout has expired: %u ms", settings->pong_timeout);
  else if (marks->state == HB_STATE_OPEN || marks->state == HB_STATE_CONNECTING)
    hb_trace_print (self, "connect-timeout has expired: %u ms", settings->connect_timeout);
  else if (marks->state == HB_STATE_CLOSING)
    hb_trace_print (self, "close-timeout has expired: %u ms", settings->close_timeout);
}

/* Prints the events that no effect reports. Changes in the metrics reveal them. */
static void
trace_metrics (HbTrace         *self,
               const HbMachine *machine)
{
  const HbMetrics *metrics = &machine->metrics;
  HbMetrics *before = &self->marks->metrics;
  guint64 expired = metrics->messages_expired - before->messages_expired;
  guint64 dropped = metrics->messages_dropped - before->messages_dropped - expired;
  guint64 resent = metrics->messages_resent - before->messages_resent;

  if (metrics->latency_sum != before->latency_sum)
    hb_trace_print (self, "reply to the ping after %d.%03d ms",
                    (int) (machine->latency / G_TIME_SPAN_MILLISECOND),
                    (int) (machine->latency % G_TIME_SPAN_MILLISECOND));
  else if (metrics->replies != before->replies)
    hb_trace_print (self, "reply to a ping");

  if (expired > 0)
    hb_trace_print (self, "messages dropped by queue-timeout: %" G_GUINT64_FORMAT, expired);

  if (resent > 0)
    hb_trace_print (self, "messages sent again, because they were not acknowledged: %"
                    G_GUINT64_FORMAT, resent);

  if (dropped > 0)
    hb_trace_print (self, "messages dropped: %" G_GUINT64_FORMAT, dropped);

  *before = *metrics;
}

static void
trace_notify (const HbTrace   *self,
              const HbMachine *machine,
              HbProperty       property)
{
  gboolean is_open = machine->state == HB_STATE_OPEN;

  if (property == HB_PROPERTY_STATE)
    hb_trace_print (self, "state %s", get_name (HB_TYPE_STATE, machine->state, "HB_STATE_"));
  else if (property == HB_PROPERTY_READY && is_open && machine->outbox.is_ready)
    hb_trace_print (self, "ready");
  else if (property == HB_PROPERTY_HTTP_STATUS && machine->http_status != 0)
    hb_trace_print (self, "HTTP status %u", machine->http_status);
  else if (property == HB_PROPERTY_ATTEMPT && is_open && machine->attempt == 0)
    hb_trace_print (self, "min-uptime has passed: attempts are counted from 0 again");
  else if (property == HB_PROPERTY_PAUSED)
    hb_trace_print (self, "paused by receive_async ()");
}

/* The message of an error about an argument or the URI is left out, because it may quote the
 * invalid value, and a subprotocol, for example, may be secret. */
static void
trace_error (const HbTrace *self,
             const char    *what,
             const GError  *error)
{
  if (error->domain != HB_ERROR)
    hb_trace_print (self, "%s %s %d: %s", what, g_quark_to_string (error->domain), error->code,
                    error->message);
  else if (error->code == HB_ERROR_INVALID_URI || error->code == HB_ERROR_INVALID_ARGUMENT)
    hb_trace_print (self, "%s %s", what, get_name (HB_TYPE_ERROR, error->code, "HB_ERROR_"));
  else
    hb_trace_print (self, "%s %s: %s", what, get_name (HB_TYPE_ERROR, error->code, "HB_ERROR_"),
                    error->message);
}

/* Returns: (nullable): NULL if hb_trace_effect () prints no line for @kind, or one that depends on
 *   other fields of the effect */
static const char *
get_line (const HbMachine *machine,
          HbEffectKind     kind)
{
  switch (kind)
    {
    case HB_EFFECT_DROP:
      return "connection dropped";
    case HB_EFFECT_PING:
      return machine->settings.heartbeat_mode == HB_HEARTBEAT_MODE_PING
             ? "ping, as a ping frame" : "ping, as a message";
    case HB_EFFECT_READ:
      return machine->stands_still ? "reading stopped, because received messages wait"
                                   : "reading continued";
    case HB_EFFECT_OPEN:
      return machine->state == HB_STATE_OPEN && !machine->outbox.is_ready
             ? "not ready until mark_ready () is called" : NULL;
    case HB_EFFECT_CONNECT:
    case HB_EFFECT_REQUEST:
    case HB_EFFECT_TRANSMIT:
    case HB_EFFECT_QUERY:
    case HB_EFFECT_SHUT_DOWN:
    case HB_EFFECT_NOTIFY:
    case HB_EFFECT_MESSAGE:
    case HB_EFFECT_YIELD:
    case HB_EFFECT_CLOSE:
    case HB_EFFECT_ERROR:
    case HB_EFFECT_RECONNECT:
    case HB_EFFECT_DRAIN:
    case HB_EFFECT_RESOLVE:
    case HB_EFFECT_RELEASE:
      return NULL;
    default:
      g_assert_not_reached ();
    }
}

/* Call this before the effect is carried out. */
void
hb_trace_effect (HbTrace         *self,
                 const HbMachine *machine,
                 const HbEffect  *effect)
{
  const char *line = get_line (machine, effect->kind);

  trace_metrics (self, machine);

  if (line != NULL)
    hb_trace_print (self, "%s", line);
  else if (effect->kind == HB_EFFECT_NOTIFY)
    trace_notify (self, machine, effect->property);
  else if (effect->kind == HB_EFFECT_SHUT_DOWN)
    hb_trace_print (self, "close frame, code %u", effect->close.code);
  else if (effect->kind == HB_EFFECT_CLOSE)
    hb_trace_print (self, "close, code %u", effect->close.code);
  else if (effect->kind == HB_EFFECT_ERROR)
    trace_error (self, "error", effect->error);
}

/* @error: (nullable): NULL if the caller does not ask for the reason */
void
hb_trace_refusal (const HbTrace *self,
                  const GError  *error)
{
  if (!g_atomic_int_get (&self->is_wanted))
    return;

  if (error != NULL)
    trace_error (self, "message not accepted,", error);
  else
    hb_trace_print (self, "message not accepted");
}
