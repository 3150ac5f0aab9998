/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include <string.h>

#include "hb-driver-private.h"
#include "hb-error.h"
#include "hb-i18n-private.h"
#include "hb-marshal-private.h"
#include "hb-websocket-task-private.h"

/* A function of the application. The function may replace itself while it runs, so this struct has
 * a reference count. */
struct _HbUserFunc
{
  GCallback      func;
  gpointer       user_data;
  GDestroyNotify destroy; /* (nullable) */
};

/**
 * HbWebsocketTask:
 *
 * A WebSocket connection that is kept open.
 *
 * A task checks the connection to the server at [property@WebsocketTask:uri] with a heartbeat, and
 * drops the connection when the server does not respond. The task then connects again, and sends
 * the messages that were queued in the meantime. Signal handlers stay connected across
 * reconnections.
 *
 * ```c
 * static void
 * message_cb (HbWebsocketTask       *task,
 *             SoupWebsocketDataType  type,
 *             GBytes                *message,
 *             gpointer               user_data)
 * {
 *   g_print ("%s\n", (const char *) g_bytes_get_data (message, NULL));
 * }
 *
 * task = hb_websocket_task_new ("wss://example.org/chat");
 * hb_websocket_task_set_heartbeat_mode (task, HB_HEARTBEAT_MODE_PING);
 * g_signal_connect (task, "message::text", G_CALLBACK (message_cb), NULL);
 * hb_websocket_task_open (task);
 * hb_websocket_task_send_text (task, "hello", NULL);
 * ```
 *
 * Writable properties may be changed at any time. A change takes effect at once, unless the
 * property's documentation says otherwise.
 *
 * A task belongs to the main context that is thread-default when the task is opened
 * ([method@GLib.MainContext.push_thread_default]). Its signals are emitted there. That context has
 * to stay thread-default while it is iterated, because libsoup uses the thread-default context.
 * While the task is not closed, only the thread that opened it may use it. A call from another
 * thread is refused with a critical message, and an asynchronous call also fails with
 * `HB_ERROR_INVALID_ARGUMENT`. Getters do not check the thread, so a call from another thread may
 * return a wrong value.
 *
 * Sending is the exception: [method@WebsocketTask.send_text],
 * [method@WebsocketTask.send_text_with_flags], [method@WebsocketTask.send_bytes],
 * [method@WebsocketTask.send_message], [method@WebsocketTask.send_message_async] and
 * [method@WebsocketTask.flush_async] may be called from any thread. The messages of each thread
 * keep their order, except that those of a handler for [signal@WebsocketTask::open] and those with
 * `HB_SEND_FLAGS_THIS_LINK` may precede earlier ones.
 *
 * When the last reference to a task is dropped, the connection is dropped too, without a closing
 * handshake or a signal. Pending asynchronous calls keep the task alive.
 *
 * A handler of any signal of the task may call any method, drop the last reference, or run a main
 * loop. A handler of a signal of [class@Soup.Message] or [class@Soup.Session] must not run one.
 *
 * Since: 1.0
 */
G_DEFINE_FINAL_TYPE (HbWebsocketTask, hb_websocket_task, G_TYPE_OBJECT)

enum {
  SIGNAL_OPEN,
  SIGNAL_MESSAGE,
  SIGNAL_CLOSE,
  SIGNAL_ERROR,
  SIGNAL_RECONNECT,
  SIGNAL_CONNECTING,
  SIGNAL_DRAIN,
  N_SIGNALS
};

static guint signals[N_SIGNALS];
static GQuark detail_text;
static GQuark detail_binary;

static gboolean
may_call (HbWebsocketTask *self,
          const char      *function)
{
  return hb_driver_check_thread (self->driver, function);
}

static gboolean
check_type (SoupWebsocketDataType   type,
            GError                **error)
{
  if (type == SOUP_WEBSOCKET_DATA_TEXT || type == SOUP_WEBSOCKET_DATA_BINARY)
    return TRUE;

  g_set_error (error, HB_ERROR, HB_ERROR_INVALID_ARGUMENT,
               _("A message is text or binary, not of type %d"), (int) type);
  return FALSE;
}

static gboolean
send_now (HbWebsocketTask        *self,
          SoupWebsocketDataType   type,
          GBytes                 *message,
          HbSendFlags             flags,
          GError                **error)
{
  if (!check_type (type, error))
    return FALSE;

  return hb_driver_send (self->driver, (HbOpcode) type, message, flags, NULL, error);
}

static gboolean
send_text_now (HbWebsocketTask  *self,
               const char       *text,
               HbSendFlags       flags,
               GError          **error)
{
  g_autoptr (GBytes) bytes = g_bytes_new (text, strlen (text));

  return send_now (self, SOUP_WEBSOCKET_DATA_TEXT, bytes, flags, error);
}

/* @function: (nullable): the name of the method, or NULL if any thread may call it
 *
 * Returns: (nullable): NULL if the call has already failed */
static GTask *
start_task (HbWebsocketTask     *self,
            GCancellable        *cancellable,
            GAsyncReadyCallback  callback,
            gpointer             user_data,
            gpointer             source_tag,
            const char          *function)
{
  g_autoptr (GTask) task = g_task_new (self, cancellable, callback, user_data);

  g_task_set_source_tag (task, source_tag);

  if (function != NULL && !may_call (self, function))
    {
      g_task_return_new_error (task, HB_ERROR, HB_ERROR_INVALID_ARGUMENT,
                               "%s", _("The call was made in a thread other than the task’s"));
      return NULL;
    }

  if (g_task_return_error_if_cancelled (task))
    return NULL;

  return g_steal_pointer (&task);
}

static gboolean
finish_task (HbWebsocketTask  *self,
             GAsyncResult     *result,
             gpointer          source_tag,
             GError          **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);
  g_return_val_if_fail (g_async_result_is_tagged (result, source_tag), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

/* Returns whether the error is due to a mistake by the program's author. */
static gboolean
is_slip (const GError *error)
{
  return g_error_matches (error, HB_ERROR, HB_ERROR_INVALID_URI)
         || g_error_matches (error, HB_ERROR, HB_ERROR_INVALID_ARGUMENT);
}

/* Returns whether a handler or a failing call reports the error to the application. */
static gboolean
is_heard (HbWebsocketTask *self,
          const GError    *error)
{
  return g_signal_has_handler_pending (self, signals[SIGNAL_ERROR], 0, TRUE)
         || hb_driver_will_fail_call (self->driver, error);
}

/* An error may quote an invalid subprotocol, which may be a secret token and must not be logged. A
 * message about a URI quotes no secret part of the URI. */
static const char *
get_loggable (const GError *error)
{
  return error->code == HB_ERROR_INVALID_URI
         ? error->message
         : "A subprotocol, the origin or a close code is not valid";
}

/* A task whose URI, subprotocols or origin is not valid makes no attempt, and close () with an
 * invalid code has no effect. Without a handler or a failing call, the application would not learn
 * the reason, so the first of these errors of each task is logged. */
static void
emit_error (HbWebsocketTask *self,
            const GError    *error)
{
  if (is_slip (error) && !self->has_warned && !is_heard (self, error))
    {
      self->has_warned = TRUE;
      g_warning ("%s. To receive such errors, connect a handler to the signal “error”",
                 get_loggable (error));
    }

  g_signal_emit (self, signals[SIGNAL_ERROR], 0, error);
}

static void
emit (gpointer        owner,
      const HbEffect *effect)
{
  HbWebsocketTask *self = owner;

  switch (effect->kind)
    {
    case HB_EFFECT_MESSAGE:
      g_signal_emit (self, signals[SIGNAL_MESSAGE],
                     effect->message.opcode == HB_OPCODE_TEXT ? detail_text : detail_binary,
                     (SoupWebsocketDataType) effect->message.opcode, effect->message.bytes);
      break;
    case HB_EFFECT_NOTIFY:
      hb_websocket_task_notify (self, effect->property);
      break;
    case HB_EFFECT_OPEN:
      g_signal_emit (self, signals[SIGNAL_OPEN], 0);
      break;
    case HB_EFFECT_CLOSE:
      g_signal_emit (self, signals[SIGNAL_CLOSE], 0, effect->close.code, effect->close.reason);
      break;
    case HB_EFFECT_ERROR:
      emit_error (self, effect->error);
      break;
    case HB_EFFECT_RECONNECT:
      g_signal_emit (self, signals[SIGNAL_RECONNECT], 0,
                     effect->reconnect.attempt, effect->reconnect.delay);
      break;
    case HB_EFFECT_DRAIN:
      g_signal_emit (self, signals[SIGNAL_DRAIN], 0);
      break;
    case HB_EFFECT_DROP:
    case HB_EFFECT_CONNECT:
    case HB_EFFECT_REQUEST:
    case HB_EFFECT_TRANSMIT:
    case HB_EFFECT_QUERY:
    case HB_EFFECT_PING:
    case HB_EFFECT_SHUT_DOWN:
    case HB_EFFECT_READ:
    case HB_EFFECT_YIELD:
    case HB_EFFECT_RESOLVE:
    case HB_EFFECT_RELEASE:
    default:
      g_assert_not_reached ();
    }
}

static void
connecting (gpointer     owner,
            SoupMessage *request)
{
  g_signal_emit (owner, signals[SIGNAL_CONNECTING], 0, request);
}

static void
free_user_func (gpointer data)
{
  HbUserFunc *self = data;

  if (self->destroy != NULL)
    self->destroy (self->user_data);
}

static void
unref_user_func (HbUserFunc *self)
{
  g_rc_box_release_full (self, free_user_func);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (HbUserFunc, unref_user_func)

static void
set_user_func (HbUserFunc       **field,
               GCallback        func,
               gpointer         user_data,
               GDestroyNotify   destroy)
{
  G_GNUC_UNUSED g_autoptr (HbUserFunc) old = g_steal_pointer (field);
  g_autoptr (HbUserFunc) new = g_rc_box_new0 (HbUserFunc);

  new->func = func;
  new->user_data = user_data;
  new->destroy = destroy;

  if (func != NULL)
    *field = g_steal_pointer (&new);
}

static char *
make_ping (gpointer owner)
{
  HbWebsocketTask *self = owner;
  g_autoptr (HbUserFunc) ping = NULL;
  g_autofree char *text = NULL;

  if (self->ping == NULL)
    return NULL;

  ping = g_rc_box_acquire (self->ping);
  text = ((HbPingFunc) ping->func) (self, ping->user_data);
  g_return_val_if_fail (text == NULL || g_utf8_validate (text, -1, NULL), NULL);

  return g_steal_pointer (&text);
}

static gboolean
is_pong (gpointer  owner,
         HbOpcode  opcode,
         GBytes   *message)
{
  HbWebsocketTask *self = owner;
  g_autoptr (HbUserFunc) pong = NULL;

  if (self->pong == NULL)
    return FALSE;

  pong = g_rc_box_acquire (self->pong);

  return ((HbPongFunc) pong->func) (self, (SoupWebsocketDataType) opcode, message,
                                    pong->user_data);
}

static gboolean
get_delay (gpointer  owner,
           guint     attempt,
           guint    *delay)
{
  HbWebsocketTask *self = owner;
  g_autoptr (HbUserFunc) reconnect = NULL;

  if (self->reconnect == NULL)
    return FALSE;

  reconnect = g_rc_box_acquire (self->reconnect);
  *delay = ((HbReconnectFunc) reconnect->func) (self, attempt, reconnect->user_data);

  return TRUE;
}

static const HbDriverFuncs driver_funcs = {
  .emit = emit,
  .connecting = connecting,
  .make_ping = make_ping,
  .is_pong = is_pong,
  .get_delay = get_delay,
};

static void
hb_websocket_task_dispose (GObject *object)
{
  HbWebsocketTask *self = HB_WEBSOCKET_TASK (object);

  hb_driver_dispose (self->driver);
  g_clear_pointer (&self->ping, unref_user_func);
  g_clear_pointer (&self->pong, unref_user_func);
  g_clear_pointer (&self->reconnect, unref_user_func);

  G_OBJECT_CLASS (hb_websocket_task_parent_class)->dispose (object);
}

static void
hb_websocket_task_finalize (GObject *object)
{
  HbWebsocketTask *self = HB_WEBSOCKET_TASK (object);

  g_clear_pointer (&self->driver, hb_driver_unref);

  G_OBJECT_CLASS (hb_websocket_task_parent_class)->finalize (object);
}

static void
install_signals (GType type)
{
  /**
   * HbWebsocketTask::open:
   * @self: a task
   *
   * Emitted when a connection is open.
   *
   * Authenticate and subscribe in a handler, because the signal is emitted for each connection.
   * Messages that a handler sends precede those that have been waiting. If
   * [property@WebsocketTask:manual-ready] is set, only messages with `HB_SEND_FLAGS_THIS_LINK` are
   * sent before [method@WebsocketTask.mark_ready] is called.
   *
   * Since: 1.0
   */
  signals[SIGNAL_OPEN] =
    g_signal_new ("open", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);

  /**
   * HbWebsocketTask::message:
   * @self: a task
   * @type: whether the message is text or binary
   * @message: the payload, followed by a NUL that its size does not include
   *
   * Emitted when a message has been received.
   *
   * The signal is not emitted for a message that is recognized as the reply to a ping, while
   * [property@WebsocketTask:paused] is `TRUE`, or after [method@WebsocketTask.close] has been
   * called.
   *
   * The detail is `text` or `binary`. Text is valid UTF-8, and may contain a NUL.
   *
   * Messages are delivered one at a time. While a handler runs a main loop of its own, the next
   * message waits, and the task may stop reading the socket, as during a pause. A message that has
   * waited may follow the signal `close` of its connection.
   *
   * Since: 1.0
   */
  signals[SIGNAL_MESSAGE] =
    g_signal_new ("message", type, G_SIGNAL_RUN_LAST | G_SIGNAL_DETAILED, 0, NULL, NULL,
                  hb_marshal_message,
                  G_TYPE_NONE, 2, SOUP_TYPE_WEBSOCKET_DATA_TYPE, G_TYPE_BYTES);
  g_signal_set_va_marshaller (signals[SIGNAL_MESSAGE], type, hb_marshal_message_va);

  /**
   * HbWebsocketTask::close:
   * @self: a task
   * @code: the server's close code
   * @reason: (nullable): the server's reason, up to its first NUL
   *
   * Emitted when an open connection has ended.
   *
   * The signal is emitted once for each [signal@WebsocketTask::open], unless the last reference to
   * the task is dropped first. The code is 1005 if the server's close frame has no code, and 1006
   * if no valid close frame was received ([RFC 6455,
   * 7.1.5](https://www.rfc-editor.org/rfc/rfc6455#section-7.1.5)), or if the server answers
   * [method@WebsocketTask.close] without a code and keeps the connection open.
   *
   * [property@WebsocketTask:state] already has its next value, such as `WAITING` or `CLOSED`. To
   * prevent the next attempt, call [method@WebsocketTask.close] in a handler.
   *
   * Since: 1.0
   */
  signals[SIGNAL_CLOSE] =
    g_signal_new ("close", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                  G_TYPE_NONE, 2, G_TYPE_UINT, G_TYPE_STRING);

  /**
   * HbWebsocketTask::error:
   * @self: a task
   * @error: the error
   *
   * Emitted when an error has occurred.
   *
   * Most errors need no action, because the task continues by itself unless
   * [property@WebsocketTask:state] is `CLOSING` or `CLOSED`. The domain of the error is
   * [error@Error], or a domain of GIO, TLS, the resolver or libsoup.
   *
   * For each task, the first `HB_ERROR_INVALID_URI` or `HB_ERROR_INVALID_ARGUMENT` that no handler
   * receives, and with which no call fails, is logged as a warning.
   *
   * Since: 1.0
   */
  signals[SIGNAL_ERROR] =
    g_signal_new ("error", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                  G_TYPE_NONE, 1, G_TYPE_ERROR);

  /**
   * HbWebsocketTask::reconnect:
   * @self: a task
   * @attempt: the number of the next attempt: see [property@WebsocketTask:attempt]
   * @delay: the delay before the attempt, in milliseconds
   *
   * Emitted when an attempt to reconnect has been scheduled.
   *
   * Since: 1.0
   */
  signals[SIGNAL_RECONNECT] =
    g_signal_new ("reconnect", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                  G_TYPE_NONE, 2, G_TYPE_UINT, G_TYPE_UINT);

  /**
   * HbWebsocketTask::connecting:
   * @self: a task
   * @message: the request that is about to be sent
   *
   * Emitted when an attempt begins.
   *
   * A handler may add headers to the request, for example one with a new token, or connect to
   * signals of the request, such as [signal@Soup.Message::accept-certificate]. Each attempt has its
   * own request. To fetch data first, call [method@WebsocketTask.hold] in the handler. When the
   * data has been added to the request, call [method@WebsocketTask.release].
   *
   * If the handler sets [property@WebsocketTask:session], [property@WebsocketTask:protocols],
   * [property@WebsocketTask:origin] or [property@WebsocketTask:compression], this attempt uses the
   * new value.
   *
   * Since: 1.0
   */
  signals[SIGNAL_CONNECTING] =
    g_signal_new ("connecting", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                  G_TYPE_NONE, 1, SOUP_TYPE_MESSAGE);

  /**
   * HbWebsocketTask::drain:
   * @self: a task
   *
   * Emitted when no more messages are waiting to be sent, if some had to wait.
   *
   * Messages that wait only for an acknowledgement do not cause this signal, but they delay it.
   *
   * The messages have been sent, dropped or taken back. The signal is not emitted when the task
   * becomes `CLOSED`, or if [method@WebsocketTask.close] has dropped the messages.
   *
   * Since: 1.0
   */
  signals[SIGNAL_DRAIN] =
    g_signal_new ("drain", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
}

static void
hb_websocket_task_class_init (HbWebsocketTaskClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->dispose = hb_websocket_task_dispose;
  object_class->finalize = hb_websocket_task_finalize;

  hb_websocket_task_install_properties (object_class);
  install_signals (G_TYPE_FROM_CLASS (klass));

  detail_text = g_quark_from_static_string ("text");
  detail_binary = g_quark_from_static_string ("binary");
}

static void
hb_websocket_task_init (HbWebsocketTask *self)
{
  self->driver = hb_driver_new (&driver_funcs, G_OBJECT (self));
}

/**
 * hb_websocket_task_new:
 * @uri: (nullable): the URI: see [property@WebsocketTask:uri]
 *
 * Creates a task.
 *
 * The task is `CLOSED` at first. To connect, call [method@WebsocketTask.open].
 *
 * Returns: (transfer full): a new task
 *
 * Since: 1.0
 */
HbWebsocketTask *
hb_websocket_task_new (const char *uri)
{
  return g_object_new (HB_TYPE_WEBSOCKET_TASK,
                       "uri", uri,
                       NULL);
}

/**
 * hb_websocket_task_new_with_session:
 * @uri: (nullable): the URI: see [property@WebsocketTask:uri]
 * @session: (nullable): the session: see [property@WebsocketTask:session]
 *
 * Creates a task that connects through a session of the application.
 *
 * The task is `CLOSED` at first. To connect, call [method@WebsocketTask.open].
 *
 * Returns: (transfer full): a new task
 *
 * Since: 1.0
 */
HbWebsocketTask *
hb_websocket_task_new_with_session (const char  *uri,
                                    SoupSession *session)
{
  g_return_val_if_fail (session == NULL || SOUP_IS_SESSION (session), NULL);

  return g_object_new (HB_TYPE_WEBSOCKET_TASK,
                       "uri", uri,
                       "session", session,
                       NULL);
}

/**
 * hb_websocket_task_open:
 * @self: a task
 *
 * Starts to connect, and keeps the connection open from then on.
 *
 * The call has an effect only in the state `CLOSED`. To connect again while the task is `CLOSING`,
 * call [method@WebsocketTask.reconnect_now].
 *
 * If the properties do not allow an attempt, the task stays `CLOSED`, and
 * [signal@WebsocketTask::error] gives the reason (`HB_ERROR_INVALID_URI`,
 * `HB_ERROR_INVALID_ARGUMENT`).
 *
 * Messages with `HB_SEND_FLAGS_DEFAULT` are accepted immediately after the call, and wait until the
 * connection is [property@WebsocketTask:ready].
 *
 * Since: 1.0
 */
void
hb_websocket_task_open (HbWebsocketTask *self)
{
  g_return_if_fail (HB_IS_WEBSOCKET_TASK (self));

  if (may_call (self, G_STRFUNC))
    hb_driver_open (self->driver, NULL);
}

/**
 * hb_websocket_task_open_async:
 * @self: a task
 * @cancellable: (nullable): a cancellable, which closes the task
 * @callback: (scope async): called when a connection is open, or the call has failed
 * @user_data: data for @callback
 *
 * Starts to connect like [method@WebsocketTask.open], and waits until a connection is open.
 *
 * The call continues through failed attempts. If the state is already `OPEN`, the call succeeds.
 * The call does not wait until the connection is [property@WebsocketTask:ready]. If @cancellable is
 * already triggered, the call fails and does nothing else.
 *
 * Since: 1.0
 */
void
hb_websocket_task_open_async (HbWebsocketTask     *self,
                              GCancellable        *cancellable,
                              GAsyncReadyCallback  callback,
                              gpointer             user_data)
{
  g_autoptr (GTask) task = NULL;

  g_return_if_fail (HB_IS_WEBSOCKET_TASK (self));

  task = start_task (self, cancellable, callback, user_data,
                     hb_websocket_task_open_async, G_STRFUNC);
  if (task != NULL)
    hb_driver_open (self->driver, task);
}

/**
 * hb_websocket_task_open_finish:
 * @self: a task
 * @result: the result that the callback received
 * @error: return location for an error
 *
 * Finishes [method@WebsocketTask.open_async].
 *
 * The call fails with the error with which the task became `CLOSED` (`HB_ERROR_REPEAT_LIMIT`,
 * `HB_ERROR_MESSAGE_TOO_BIG`, `HB_ERROR_HANDSHAKE`, `HB_ERROR_INVALID_URI`,
 * `HB_ERROR_INVALID_ARGUMENT`), with `HB_ERROR_CLOSED` if the task was closed without an error, or
 * with `G_IO_ERROR_CANCELLED`.
 *
 * Returns: whether a connection was open
 *
 * Since: 1.0
 */
gboolean
hb_websocket_task_open_finish (HbWebsocketTask  *self,
                               GAsyncResult     *result,
                               GError          **error)
{
  g_return_val_if_fail (HB_IS_WEBSOCKET_TASK (self), FALSE);

  return finish_task (self, result, hb_websocket_task_open_async, error);
}

/**
 * hb_websocket_task_close:
 * @self: a task
 * @code: the close code, 1000 for a normal end, 0 for none
 * @reason: (nullable): the reason, in at most 123 bytes of UTF-8, up to the first NUL
 *
 * Closes the connection, and makes no further attempts.
 *
 * The task stays closed until [method@WebsocketTask.open] or [method@WebsocketTask.reconnect_now]
 * is called.
 *
 * The call does not wait. Run the main loop until [property@WebsocketTask:state] is `CLOSED`, or
 * call [method@WebsocketTask.close_async].
 *
 * If a connection is open, the task sends the waiting messages and then the close frame, and waits
 * for the server's close frame. All of this takes at most [property@WebsocketTask:close-timeout].
 * No more messages are delivered. [signal@WebsocketTask::close] is emitted at the end. If no
 * connection is open, the task becomes `CLOSED` at once, and the call causes no `close`.
 *
 * If messages could not be sent, [signal@WebsocketTask::error] is emitted with `HB_ERROR_CLOSED`.
 * If the connection is open but not [property@WebsocketTask:ready], the messages that wait for
 * [method@WebsocketTask.mark_ready] are dropped at once, and count as not sent.
 *
 * With `HB_DELIVERY_ACKNOWLEDGED`, messages that the peer has not acknowledged when the connection
 * ends, or when the timeout expires, count as not sent, although some may have arrived.
 *
 * A client may send the codes 1000 to 1003, 1007 to 1010, and 3000 to 4999 ([RFC 6455,
 * 7.4](https://www.rfc-editor.org/rfc/rfc6455#section-7.4)). With 0 or 1005, the close frame has no
 * code and no reason. With 1006, 1011, 1015 or a code above 65535, the call has no effect, and
 * [signal@WebsocketTask::error] is emitted with `HB_ERROR_INVALID_ARGUMENT`. With any other code,
 * the close frame has the code 1002, a protocol error, and no reason. A reason that is too long is
 * truncated at a character boundary.
 *
 * Since: 1.0
 */
void
hb_websocket_task_close (HbWebsocketTask *self,
                         guint            code,
                         const char      *reason)
{
  g_return_if_fail (HB_IS_WEBSOCKET_TASK (self));

  if (may_call (self, G_STRFUNC))
    hb_driver_close (self->driver, code, reason, NULL);
}

/**
 * hb_websocket_task_close_async:
 * @self: a task
 * @code: the close code, 1000 for a normal end, 0 for none
 * @reason: (nullable): the reason, in at most 123 bytes of UTF-8, up to the first NUL
 * @cancellable: (nullable): a cancellable, which ends the call but not the closing
 * @callback: (scope async): called when the task is closed, or the call has failed
 * @user_data: data for @callback
 *
 * Closes the connection like [method@WebsocketTask.close], and waits until the task is `CLOSED`.
 *
 * If @cancellable is already triggered, the call fails and does nothing else.
 *
 * Since: 1.0
 */
void
hb_websocket_task_close_async (HbWebsocketTask     *self,
                               guint                code,
                               const char          *reason,
                               GCancellable        *cancellable,
                               GAsyncReadyCallback  callback,
                               gpointer             user_data)
{
  g_autoptr (GTask) task = NULL;

  g_return_if_fail (HB_IS_WEBSOCKET_TASK (self));

  task = start_task (self, cancellable, callback, user_data,
                     hb_websocket_task_close_async, G_STRFUNC);
  if (task != NULL)
    hb_driver_close (self->driver, code, reason, task);
}

/**
 * hb_websocket_task_close_finish:
 * @self: a task
 * @result: the result that the callback received
 * @error: return location for an error
 *
 * Finishes [method@WebsocketTask.close_async].
 *
 * The call fails with `HB_ERROR_INVALID_ARGUMENT` for the codes with which
 * [method@WebsocketTask.close] has no effect, and with `G_IO_ERROR_CANCELLED` if the cancellable
 * was triggered or [method@WebsocketTask.reconnect_now] was called before the task was closed.
 *
 * Returns: whether the task was closed
 *
 * Since: 1.0
 */
gboolean
hb_websocket_task_close_finish (HbWebsocketTask  *self,
                                GAsyncResult     *result,
                                GError          **error)
{
  g_return_val_if_fail (HB_IS_WEBSOCKET_TASK (self), FALSE);

  return finish_task (self, result, hb_websocket_task_close_async, error);
}

/**
 * hb_websocket_task_reconnect_now:
 * @self: a task
 *
 * Drops the connection, if any, and connects again at once.
 *
 * The call works in every state, including `CLOSED`, and resets the count of attempts. An open
 * connection ends with code 1006. If attempts are held, the attempt waits for
 * [method@WebsocketTask.release].
 *
 * If the properties do not allow an attempt, the task becomes or stays `CLOSED`, and
 * [signal@WebsocketTask::error] gives the reason (`HB_ERROR_INVALID_URI`,
 * `HB_ERROR_INVALID_ARGUMENT`).
 *
 * Since: 1.0
 */
void
hb_websocket_task_reconnect_now (HbWebsocketTask *self)
{
  g_return_if_fail (HB_IS_WEBSOCKET_TASK (self));

  if (may_call (self, G_STRFUNC))
    hb_driver_reconnect_now (self->driver);
}

/**
 * hb_websocket_task_reconnect_later:
 * @self: a task
 *
 * Drops the connection as if it had been lost.
 *
 * Call this method when a server asks its clients to reconnect, or after a failure that only the
 * application can detect. Unlike [method@WebsocketTask.reconnect_now], it increases
 * [property@WebsocketTask:attempt], and the task waits before it connects. An open connection ends
 * with code 1006. An attempt that is under way counts as failed.
 *
 * If [property@WebsocketTask:repeat-limit] is reached, the task becomes `CLOSED`. In the states
 * `WAITING`, `CLOSING` and `CLOSED`, the call has no effect.
 *
 * Since: 1.0
 */
void
hb_websocket_task_reconnect_later (HbWebsocketTask *self)
{
  g_return_if_fail (HB_IS_WEBSOCKET_TASK (self));

  if (may_call (self, G_STRFUNC))
    hb_driver_reconnect_later (self->driver);
}

/**
 * hb_websocket_task_check:
 * @self: a task
 *
 * Checks the connection now.
 *
 * Call this method, for example, when a window is shown again.
 *
 * In the state `OPEN`, the task sends a ping, even if [property@WebsocketTask:ping-timeout] is 0.
 * The task sends no ping if it is already waiting for a reply within
 * [property@WebsocketTask:pong-timeout], if the mode is `MESSAGE` and the connection is not
 * [property@WebsocketTask:ready], or while the function set with
 * [method@WebsocketTask.set_ping_func] is running.
 *
 * In the state `WAITING`, the task makes the next attempt at once, unless attempts are held. In
 * other states, the call has no effect.
 *
 * If the properties do not allow an attempt, the task becomes `CLOSED`, as in
 * [method@WebsocketTask.reconnect_now].
 *
 * Since: 1.0
 */
void
hb_websocket_task_check (HbWebsocketTask *self)
{
  g_return_if_fail (HB_IS_WEBSOCKET_TASK (self));

  if (may_call (self, G_STRFUNC))
    hb_driver_check (self->driver);
}

/**
 * hb_websocket_task_mark_ready:
 * @self: a task
 *
 * Marks the open connection as [property@WebsocketTask:ready].
 *
 * If [property@WebsocketTask:manual-ready] is set, call this method for each connection once the
 * server has accepted the login. The task then sends the messages that have been waiting: first
 * those of handlers for [signal@WebsocketTask::open], then the others.
 *
 * In states other than `OPEN`, or if the connection is already ready, the call has no effect.
 *
 * Since: 1.0
 */
void
hb_websocket_task_mark_ready (HbWebsocketTask *self)
{
  g_return_if_fail (HB_IS_WEBSOCKET_TASK (self));

  if (may_call (self, G_STRFUNC))
    hb_driver_mark_ready (self->driver);
}

/**
 * hb_websocket_task_hold:
 * @self: a task
 *
 * Delays attempts until [method@WebsocketTask.release] is called.
 *
 * If this method is called several times, attempts wait until `release` has been called as many
 * times. An open connection, or an attempt that is under way, continues. Call this method, in any
 * state, if the application has to fetch a token before an attempt, or wants no attempts for some
 * time.
 *
 * A call in a handler for [signal@WebsocketTask::connecting] holds that attempt. The request is
 * sent when [method@WebsocketTask.release] is called, and [property@WebsocketTask:connect-timeout]
 * starts at that time. If [property@WebsocketTask:uri] has changed by then, the task makes a
 * request for the new URI, and [signal@WebsocketTask::connecting] is emitted for that request too.
 * A handler that holds each attempt and sets another URI would prevent every request, so call
 * [method@Soup.Message.set_uri] on the request instead.
 *
 * Since: 1.0
 */
void
hb_websocket_task_hold (HbWebsocketTask *self)
{
  g_return_if_fail (HB_IS_WEBSOCKET_TASK (self));

  if (may_call (self, G_STRFUNC))
    hb_driver_hold (self->driver);
}

/**
 * hb_websocket_task_release:
 * @self: a task
 *
 * Reverses one [method@WebsocketTask.hold].
 *
 * When the last hold is released, the task immediately makes an attempt that has become due in the
 * meantime, or sends the request of the attempt that is held. If the properties do not allow the
 * attempt, the task becomes `CLOSED`, as in [method@WebsocketTask.reconnect_now]. A call without a
 * hold is a programmer error.
 *
 * Since: 1.0
 */
void
hb_websocket_task_release (HbWebsocketTask *self)
{
  g_return_if_fail (HB_IS_WEBSOCKET_TASK (self));

  if (may_call (self, G_STRFUNC) && !hb_driver_release (self->driver))
    g_critical ("%s: the task is not held", G_STRFUNC);
}

/**
 * hb_websocket_task_send_text:
 * @self: a task
 * @text: the text, in UTF-8, up to its first NUL
 * @error: return location for an error
 *
 * Sends a text message.
 *
 * If no connection is [property@WebsocketTask:ready], or the socket is full, the message waits in
 * the queue.
 *
 * Send a text that contains a NUL, such as a STOMP frame, as bytes with
 * [method@WebsocketTask.send_message], even in a scripting language.
 *
 * The method may be called from any thread.
 *
 * The call fails with `HB_ERROR_CLOSED` or `HB_ERROR_QUEUE_FULL`, or with
 * `HB_ERROR_INVALID_ARGUMENT` if the text is not UTF-8. Bindings throw these errors. In Python and
 * Vala, the method returns nothing, so in Python, a main loop that calls it as a source function
 * removes the source. In JavaScript, the method returns true.
 *
 * Returns: (skip): whether the message was accepted
 *
 * Since: 1.0
 */
gboolean
hb_websocket_task_send_text (HbWebsocketTask  *self,
                             const char       *text,
                             GError          **error)
{
  g_return_val_if_fail (HB_IS_WEBSOCKET_TASK (self), FALSE);
  g_return_val_if_fail (text != NULL, FALSE);

  return send_text_now (self, text, HB_SEND_FLAGS_DEFAULT, error);
}

/**
 * hb_websocket_task_send_text_with_flags:
 * @self: a task
 * @text: the text, in UTF-8, up to its first NUL
 * @flags: options for sending
 * @error: return location for an error
 *
 * Sends a text message with flags, for example a login for the current connection only.
 *
 * The method may be called from any thread, and fails with the errors of
 * [method@WebsocketTask.send_message]. Bindings behave as for [method@WebsocketTask.send_text].
 *
 * Returns: (skip): whether the message was accepted
 *
 * Since: 1.0
 */
gboolean
hb_websocket_task_send_text_with_flags (HbWebsocketTask  *self,
                                        const char       *text,
                                        HbSendFlags       flags,
                                        GError          **error)
{
  g_return_val_if_fail (HB_IS_WEBSOCKET_TASK (self), FALSE);
  g_return_val_if_fail (text != NULL, FALSE);

  return send_text_now (self, text, flags, error);
}

/**
 * hb_websocket_task_send_bytes:
 * @self: a task
 * @bytes: the payload
 * @error: return location for an error
 *
 * Sends a binary message.
 *
 * If no connection is [property@WebsocketTask:ready], or the socket is full, the message waits in
 * the queue.
 *
 * The method may be called from any thread.
 *
 * The call fails with `HB_ERROR_CLOSED` or `HB_ERROR_QUEUE_FULL`. Bindings behave as for
 * [method@WebsocketTask.send_text].
 *
 * Returns: (skip): whether the message was accepted
 *
 * Since: 1.0
 */
gboolean
hb_websocket_task_send_bytes (HbWebsocketTask  *self,
                              GBytes           *bytes,
                              GError          **error)
{
  g_return_val_if_fail (HB_IS_WEBSOCKET_TASK (self), FALSE);
  g_return_val_if_fail (bytes != NULL, FALSE);

  return send_now (self, SOUP_WEBSOCKET_DATA_BINARY, bytes, HB_SEND_FLAGS_DEFAULT, error);
}

/**
 * hb_websocket_task_send_message:
 * @self: a task
 * @type: text or binary
 * @message: the payload, in UTF-8 if it is text
 * @flags: options for sending
 * @error: return location for an error
 *
 * Sends a message.
 *
 * A text message may contain NULs.
 *
 * The method may be called from any thread. In a thread other than the task's, the call does not
 * check the flags. The task's thread drops the message later if they do not allow it to be sent.
 *
 * The call fails with:
 *
 * - `HB_ERROR_CLOSED` if the task is `CLOSED` or `CLOSING`
 * - `HB_ERROR_QUEUE_FULL` if the queue has no room for the message
 *   ([property@WebsocketTask:overflow]), or a message with `HB_SEND_FLAGS_VOLATILE` would have to
 *   wait
 * - `HB_ERROR_INVALID_ARGUMENT` if a text message is not UTF-8, or the type is neither text nor
 *   binary
 * - `HB_ERROR_NOT_OPEN` if a message has `HB_SEND_FLAGS_THIS_LINK` and no connection is open, or
 *   has only `HB_SEND_FLAGS_VOLATILE` and no connection is ready
 *
 * Bindings behave as for [method@WebsocketTask.send_text].
 *
 * A function that frees the bytes of @message may be called during any call to the task, in any
 * thread, and in any iteration of the task's main context. In the task's thread, the function may
 * do anything that a handler of a signal may do.
 *
 * Returns: (skip): whether the message was accepted
 *
 * Since: 1.0
 */
gboolean
hb_websocket_task_send_message (HbWebsocketTask        *self,
                                SoupWebsocketDataType   type,
                                GBytes                 *message,
                                HbSendFlags             flags,
                                GError                **error)
{
  g_return_val_if_fail (HB_IS_WEBSOCKET_TASK (self), FALSE);
  g_return_val_if_fail (message != NULL, FALSE);

  return send_now (self, type, message, flags, error);
}

/**
 * hb_websocket_task_send_message_async:
 * @self: a task
 * @type: text or binary
 * @message: the payload, in UTF-8 if it is text
 * @flags: options for sending
 * @cancellable: (nullable): a cancellable, which takes back a message that is still waiting, and
 *   prevents a message that waits for an acknowledgement from being sent again
 * @callback: (scope async): called when the message has been sent, or will not be sent
 * @user_data: data for @callback
 *
 * Sends a message, and waits until it has been sent.
 *
 * The call completes when the kernel has accepted all bytes of the message. If
 * [property@WebsocketTask:delivery] is `ACKNOWLEDGED`, it completes when the peer's TCP has
 * acknowledged them. Only the server can confirm that its application has received the message.
 *
 * The callbacks of several calls need not be called in the order of their messages.
 *
 * The method may be called from any thread. @callback is called in the thread-default main
 * context of the caller.
 *
 * Since: 1.0
 */
void
hb_websocket_task_send_message_async (HbWebsocketTask       *self,
                                      SoupWebsocketDataType  type,
                                      GBytes                *message,
                                      HbSendFlags            flags,
                                      GCancellable          *cancellable,
                                      GAsyncReadyCallback    callback,
                                      gpointer               user_data)
{
  g_autoptr (GTask) task = NULL;
  GError *error = NULL;

  g_return_if_fail (HB_IS_WEBSOCKET_TASK (self));
  g_return_if_fail (message != NULL);

  task = start_task (self, cancellable, callback, user_data,
                     hb_websocket_task_send_message_async, NULL);
  if (task == NULL)
    return;

  if (check_type (type, &error))
    hb_driver_send_async (self->driver, (HbOpcode) type, message, flags, task);
  else
    g_task_return_error (task, error);
}

/**
 * hb_websocket_task_send_message_finish:
 * @self: a task
 * @result: the result that the callback received
 * @error: return location for an error
 *
 * Finishes [method@WebsocketTask.send_message_async].
 *
 * The call fails with the errors of [method@WebsocketTask.send_message]. Other errors are:
 *
 * - `HB_ERROR_QUEUE_FULL` if the message was dropped later to make room
 * - `HB_ERROR_NOT_OPEN` if the connection ended before a message with `HB_SEND_FLAGS_VOLATILE` or
 *   `HB_SEND_FLAGS_THIS_LINK` was sent, or if it could not accept a message with
 *   `HB_SEND_FLAGS_VOLATILE`
 * - `HB_ERROR_MESSAGE_REFUSED` if the server does not accept the message: see [error@Error]
 * - `HB_ERROR_EXPIRED` if the message has waited longer than [property@WebsocketTask:queue-timeout]
 * - the error with which the task became `CLOSED` before the message could be sent:
 *   `HB_ERROR_REPEAT_LIMIT`, `HB_ERROR_MESSAGE_TOO_BIG`, `HB_ERROR_HANDSHAKE`,
 *   `HB_ERROR_INVALID_URI` or `HB_ERROR_INVALID_ARGUMENT`
 * - `HB_ERROR_CLOSED` if, before the message could be sent, the application closed the task, or the
 *   server closed the connection normally while [property@WebsocketTask:repeat-limit] was 0
 * - `G_IO_ERROR_CANCELLED` if the cancellable was triggered before the call, if the message was
 *   taken back, or if the cancellable was triggered or [method@WebsocketTask.take_queue] was called
 *   while the message waited for an acknowledgement that did not arrive
 *
 * Returns: whether the message was sent
 *
 * Since: 1.0
 */
gboolean
hb_websocket_task_send_message_finish (HbWebsocketTask  *self,
                                       GAsyncResult     *result,
                                       GError          **error)
{
  g_return_val_if_fail (HB_IS_WEBSOCKET_TASK (self), FALSE);

  return finish_task (self, result, hb_websocket_task_send_message_async, error);
}

/**
 * hb_websocket_task_flush_async:
 * @self: a task
 * @cancellable: (nullable): a cancellable, which ends only the call
 * @callback: (scope async): called when no message is waiting to be sent, or the call has failed
 * @user_data: data for @callback
 *
 * Waits until no message is waiting to be sent.
 *
 * Messages that wait until the connection is [property@WebsocketTask:ready] count too, and so do
 * those that wait for an acknowledgement ([property@WebsocketTask:delivery]). If no message is
 * waiting, the call succeeds, even on a `CLOSED` task.
 *
 * The method may be called from any thread. The call waits for the messages of all threads,
 * including those that are accepted while it waits. @callback is called in the thread-default main
 * context of the caller.
 *
 * Since: 1.0
 */
void
hb_websocket_task_flush_async (HbWebsocketTask     *self,
                               GCancellable        *cancellable,
                               GAsyncReadyCallback  callback,
                               gpointer             user_data)
{
  g_autoptr (GTask) task = NULL;

  g_return_if_fail (HB_IS_WEBSOCKET_TASK (self));

  task = start_task (self, cancellable, callback, user_data,
                     hb_websocket_task_flush_async, NULL);
  if (task != NULL)
    hb_driver_flush (self->driver, task);
}

/**
 * hb_websocket_task_flush_finish:
 * @self: a task
 * @result: the result that the callback received
 * @error: return location for an error
 *
 * Finishes [method@WebsocketTask.flush_async].
 *
 * The call fails with the error with which the task became `CLOSED` (`HB_ERROR_REPEAT_LIMIT`,
 * `HB_ERROR_MESSAGE_TOO_BIG`, `HB_ERROR_HANDSHAKE`, `HB_ERROR_INVALID_URI`,
 * `HB_ERROR_INVALID_ARGUMENT`), with `HB_ERROR_CLOSED`, or with `G_IO_ERROR_CANCELLED`.
 * `HB_ERROR_CLOSED` means that the application has closed the task, that the server has closed the
 * connection normally and [property@WebsocketTask:repeat-limit] is 0, or that the task became
 * `CLOSED` immediately after a call from another thread.
 *
 * Returns: whether each message was sent, taken back or dropped
 *
 * Since: 1.0
 */
gboolean
hb_websocket_task_flush_finish (HbWebsocketTask  *self,
                                GAsyncResult     *result,
                                GError          **error)
{
  g_return_val_if_fail (HB_IS_WEBSOCKET_TASK (self), FALSE);

  return finish_task (self, result, hb_websocket_task_flush_async, error);
}

/**
 * hb_websocket_task_receive_async:
 * @self: a task
 * @cancellable: (nullable): a cancellable, which ends only the call and consumes no message
 * @callback: (scope async): called when a message has been received, or the call has failed
 * @user_data: data for @callback
 *
 * Receives the next message.
 *
 * The call sets [property@WebsocketTask:paused], so a message that arrives between two calls waits
 * for the next call, and [signal@WebsocketTask::message] is not emitted for it. Pending calls
 * receive messages in the order of the calls.
 *
 * The call continues across reconnections until the task is `CLOSED`. On a `CLOSED` task, the call
 * returns a message that was received earlier, and fails if none is left.
 *
 * Iterate the main context of the call until @callback has been called, even after the call was
 * cancelled. Until then, [signal@WebsocketTask::message] is not emitted for the messages that
 * follow.
 *
 * Since: 1.0
 */
void
hb_websocket_task_receive_async (HbWebsocketTask     *self,
                                 GCancellable        *cancellable,
                                 GAsyncReadyCallback  callback,
                                 gpointer             user_data)
{
  g_autoptr (GTask) task = NULL;
  GError *error = NULL;

  g_return_if_fail (HB_IS_WEBSOCKET_TASK (self));

  task = start_task (self, NULL, callback, user_data, hb_websocket_task_receive_async, G_STRFUNC);
  if (task == NULL)
    return;

  if (g_cancellable_set_error_if_cancelled (cancellable, &error))
    g_task_return_error (task, error);
  else
    hb_driver_receive (self->driver, cancellable, task);
}

/**
 * hb_websocket_task_receive_finish:
 * @self: a task
 * @result: the result that the callback received
 * @error: return location for an error
 *
 * Finishes [method@WebsocketTask.receive_async].
 *
 * The call fails with the error with which the task became `CLOSED` (`HB_ERROR_REPEAT_LIMIT`,
 * `HB_ERROR_MESSAGE_TOO_BIG`, `HB_ERROR_HANDSHAKE`, `HB_ERROR_INVALID_URI`,
 * `HB_ERROR_INVALID_ARGUMENT`), with `HB_ERROR_CLOSED`, or with `G_IO_ERROR_CANCELLED`.
 * `HB_ERROR_CLOSED` means that the application has closed the task or has not opened it, or that
 * the server has closed the connection normally and [property@WebsocketTask:repeat-limit] is 0.
 *
 * Returns: (transfer full): the message
 *
 * Since: 1.0
 */
HbMessage *
hb_websocket_task_receive_finish (HbWebsocketTask  *self,
                                  GAsyncResult     *result,
                                  GError          **error)
{
  g_return_val_if_fail (HB_IS_WEBSOCKET_TASK (self), NULL);
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);
  g_return_val_if_fail (g_async_result_is_tagged (result, hb_websocket_task_receive_async), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

/**
 * hb_websocket_task_take_queue:
 * @self: a task
 *
 * Takes back the messages that wait to be sent.
 *
 * The array is in the order in which the messages would have been sent. To drop the messages, free
 * the array.
 *
 * Messages that the connection has already accepted, completely or in part, are not in the array.
 * If such messages wait for an acknowledgement and the connection is lost, they are not sent again,
 * and their calls fail.
 *
 * The [method@WebsocketTask.send_message_async] call for a message that is taken back fails with
 * `G_IO_ERROR_CANCELLED`.
 *
 * Returns: (transfer container) (element-type HbMessage): the messages, which the array owns; empty
 *   if no message is waiting
 *
 * Since: 1.0
 */
GPtrArray *
hb_websocket_task_take_queue (HbWebsocketTask *self)
{
  g_return_val_if_fail (HB_IS_WEBSOCKET_TASK (self), NULL);

  return may_call (self, G_STRFUNC) ? hb_driver_take_queue (self->driver)
                                    : g_ptr_array_new ();
}

/**
 * hb_websocket_task_set_ping_func:
 * @self: a task
 * @func: (nullable) (scope notified) (closure user_data) (destroy destroy): generates the text;
 *   `NULL` for none
 * @user_data: data for @func
 * @destroy: (nullable): frees @user_data
 *
 * Sets a function that generates the text of each ping.
 *
 * Starting with the next ping, the function replaces [property@WebsocketTask:ping-message] and
 * [property@WebsocketTask:ping-bytes]. If @func is `NULL`, the properties apply again. In mode
 * `PING`, the first 125 bytes of the text are the payload of the ping frame. If the text is not
 * UTF-8, which is a programmer error, the task uses the properties instead.
 *
 * Since: 1.0
 */
void
hb_websocket_task_set_ping_func (HbWebsocketTask *self,
                                 HbPingFunc       func,
                                 gpointer         user_data,
                                 GDestroyNotify   destroy)
{
  g_return_if_fail (HB_IS_WEBSOCKET_TASK (self));

  if (may_call (self, G_STRFUNC))
    set_user_func (&self->ping, G_CALLBACK (func), user_data, destroy);
  else if (destroy != NULL)
    destroy (user_data);
}

/**
 * hb_websocket_task_set_pong_func:
 * @self: a task
 * @func: (nullable) (scope notified) (closure user_data) (destroy destroy): recognizes a reply;
 *   `NULL` for none
 * @user_data: data for @func
 * @destroy: (nullable): frees @user_data
 *
 * Sets a function that recognizes the reply to a ping.
 *
 * Use such a function if the reply is not the same text each time, for example because it repeats a
 * number, or if the reply is binary.
 *
 * Starting with the next message, the function replaces [property@WebsocketTask:pong-message]. With
 * `NULL`, the property applies again. In mode `PING`, a pong frame is a reply too. The function is
 * called even while [property@WebsocketTask:paused] is `TRUE`, so a reply does not wait behind
 * other messages while the task reads the socket.
 *
 * The function may call any method, replace itself, drop the last reference, or run a main loop.
 * The next message is not received until the function returns. If the function closes the task or
 * drops the connection, the message is not delivered.
 *
 * The function is called for every message, so test whether a message can be a reply before you
 * parse the message.
 *
 * If [property@WebsocketTask:liveness] is `REPLY`, and a ping is waiting for its reply, each call
 * to this method makes the task send another ping, so do not call the method for each message.
 *
 * Since: 1.0
 */
void
hb_websocket_task_set_pong_func (HbWebsocketTask *self,
                                 HbPongFunc       func,
                                 gpointer         user_data,
                                 GDestroyNotify   destroy)
{
  g_return_if_fail (HB_IS_WEBSOCKET_TASK (self));

  if (!may_call (self, G_STRFUNC))
    {
      if (destroy != NULL)
        destroy (user_data);
      return;
    }

  hb_driver_set_has_pong_func (self->driver, func != NULL);
  set_user_func (&self->pong, G_CALLBACK (func), user_data, destroy);
}

/**
 * hb_websocket_task_set_reconnect_func:
 * @self: a task
 * @func: (nullable) (scope notified) (closure user_data) (destroy destroy): returns the delay;
 *   `NULL` for none
 * @user_data: data for @func
 * @destroy: (nullable): frees @user_data
 *
 * Sets a function that returns the delay before each attempt to reconnect.
 *
 * Starting with the next delay, the function replaces [property@WebsocketTask:reconnect-timeout],
 * `reconnect-timeout-max` and `reconnect-jitter`. With `NULL`, the properties apply again.
 * [property@WebsocketTask:repeat-limit] still applies.
 *
 * Since: 1.0
 */
void
hb_websocket_task_set_reconnect_func (HbWebsocketTask *self,
                                      HbReconnectFunc  func,
                                      gpointer         user_data,
                                      GDestroyNotify   destroy)
{
  g_return_if_fail (HB_IS_WEBSOCKET_TASK (self));

  if (may_call (self, G_STRFUNC))
    set_user_func (&self->reconnect, G_CALLBACK (func), user_data, destroy);
  else if (destroy != NULL)
    destroy (user_data);
}
