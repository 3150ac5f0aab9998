/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include <string.h>

#include "hb-driver-private.h"
#include "hb-error.h"
#include "hb-i18n-private.h"
#include "hb-marshal-private.h"
#include "hb-websocket-task-private.h"

/* A function of the application with its data; counted, since it may replace itself */
struct _HbUserFunc
{
  GCallback      func;
  gpointer       user_data;
  GDestroyNotify destroy; /* (nullable) */
};

/**
 * HbWebsocketTask:
 *
 * A WebSocket that is kept alive.
 *
 * A task holds one link to the server at [property@WebsocketTask:uri]. It watches the link with a
 * heartbeat, drops it when the peer is dead, connects again by itself, and sends then what was sent
 * meanwhile. Signal handlers are connected to the task once, and stay connected through all of it.
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
 * Every property that can be written may be changed at any time, and acts from then on.
 *
 * A task belongs to the main context that is thread-default when it is opened
 * ([method@GLib.MainContext.push_thread_default]); its signals are emitted there. That context has
 * to stay thread-default while it is iterated, since libsoup goes by it. While the task is not
 * closed, it is to be used from that context's thread alone; a call from another one is refused
 * with a critical message.
 *
 * A task that is open is not kept alive by that: who drops the last reference drops the link,
 * without a closing handshake and without a signal. Calls that are under way keep the task alive.
 *
 * A handler of any signal may call any method, drop the last reference, or run a main loop.
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
          const char             *function,
          GError                **error)
{
  if (!may_call (self, function))
    {
      g_set_error_literal (error, HB_ERROR, HB_ERROR_INVALID_ARGUMENT,
                           _("The call came from another thread than the task’s"));
      return FALSE;
    }

  if (!check_type (type, error))
    return FALSE;

  return hb_driver_send (self->driver, (HbOpcode) type, message, flags, error);
}

/* Returns NULL where there is nothing to be done: a call from the wrong thread is refused, and one
 * that is cancelled already fails at once. */
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

  if (!may_call (self, function))
    {
      g_task_return_new_error (task, HB_ERROR, HB_ERROR_INVALID_ARGUMENT,
                               "%s", _("The call came from another thread than the task’s"));
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

static gboolean
is_slip (const GError *error)
{
  return g_error_matches (error, HB_ERROR, HB_ERROR_INVALID_URI)
         || g_error_matches (error, HB_ERROR, HB_ERROR_INVALID_ARGUMENT);
}

static gboolean
is_heard (HbWebsocketTask *self,
          const GError    *error)
{
  return g_signal_has_handler_pending (self, signals[SIGNAL_ERROR], 0, TRUE)
         || hb_driver_will_fail_call (self->driver, error);
}

/* An error quotes a subprotocol that is not valid, and that may be a token: so it stays out of the
 * log. What an error says of a URI is no secret. */
static const char *
get_loggable (const GError *error)
{
  return error->code == HB_ERROR_INVALID_URI
         ? error->message
         : "A subprotocol, the origin or a close code is not valid";
}

/* A program without a handler would do nothing, and would not say why. A slip of its author is
 * worth a warning. Faults of the network are not, because they are no slip. */
static void
emit_error (HbWebsocketTask *self,
            const GError    *error)
{
  if (is_slip (error) && !self->has_warned && !is_heard (self, error))
    {
      self->has_warned = TRUE;
      g_warning ("%s. A handler of the signal “error” would receive this",
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
    case HB_EFFECT_PING:
    case HB_EFFECT_SHUT_DOWN:
    case HB_EFFECT_RESOLVE:
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
  .get_delay = get_delay,
};

static void
hb_websocket_task_dispose (GObject *object)
{
  HbWebsocketTask *self = HB_WEBSOCKET_TASK (object);

  hb_driver_dispose (self->driver);
  g_clear_pointer (&self->ping, unref_user_func);
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
   * The link is open.
   *
   * It is emitted again for each link: this is the place to authenticate and to subscribe. What is
   * sent from a handler goes out before what has been waiting.
   *
   * Since: 1.0
   */
  signals[SIGNAL_OPEN] =
    g_signal_new ("open", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);

  /**
   * HbWebsocketTask::message:
   * @self: a task
   * @type: whether the message is text or binary
   * @message: the payload, with a NUL after it that is not part of its size
   *
   * A message has come.
   *
   * The details `text` and `binary` select one type. Text is valid UTF-8, and may contain a NUL.
   *
   * Messages come one at a time: while a handler runs a main loop of its own, no further one is
   * delivered, and the heartbeat does not judge the peer by its silence.
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
   * @code: the peer's close code
   * @reason: (nullable): the peer's reason, up to its first NUL
   *
   * Emitted when an open connection has ended.
   *
   * It is emitted once for each [signal@WebsocketTask::open]. The code is 1005 if the peer gave
   * none, 1006 if the link ended without a close frame ([RFC 6455,
   * 7.1.5](https://www.rfc-editor.org/rfc/rfc6455#section-7.1.5)). [property@WebsocketTask:state]
   * says already what follows: `WAITING` for another attempt, or `CLOSED`.
   * [method@WebsocketTask.close] in a handler prevents the attempt.
   *
   * Since: 1.0
   */
  signals[SIGNAL_CLOSE] =
    g_signal_new ("close", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                  G_TYPE_NONE, 2, G_TYPE_UINT, G_TYPE_STRING);

  /**
   * HbWebsocketTask::error:
   * @self: a task
   * @error: what went wrong
   *
   * Something went wrong.
   *
   * Mostly there is nothing to do: unless [property@WebsocketTask:state] is `CLOSED`, the task goes
   * on by itself. The error may be of the domain [error@Error], or of GIO, TLS, the resolver or
   * libsoup.
   *
   * Without a handler, the first `HB_ERROR_INVALID_URI` or `HB_ERROR_INVALID_ARGUMENT` of a task is
   * logged as a warning, unless a call fails with it. Faults of the network are never logged.
   *
   * Since: 1.0
   */
  signals[SIGNAL_ERROR] =
    g_signal_new ("error", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                  G_TYPE_NONE, 1, G_TYPE_ERROR);

  /**
   * HbWebsocketTask::reconnect:
   * @self: a task
   * @attempt: the number of the attempt to come, 1 for the first after a loss
   * @delay: the wait before it, in milliseconds
   *
   * An attempt to reconnect has been scheduled.
   *
   * Since: 1.0
   */
  signals[SIGNAL_RECONNECT] =
    g_signal_new ("reconnect", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                  G_TYPE_NONE, 2, G_TYPE_UINT, G_TYPE_UINT);

  /**
   * HbWebsocketTask::connecting:
   * @self: a task
   * @message: the request that is about to go out
   *
   * An attempt begins.
   *
   * A handler may add headers to the request, a fresh token for example, and connect to its
   * signals, [signal@Soup.Message::accept-certificate] for example. Each attempt has a request of
   * its own. To fetch something first, call [method@WebsocketTask.hold] in the handler, and
   * [method@WebsocketTask.release] when the request is complete.
   *
   * If the handler sets [property@WebsocketTask:session], [property@WebsocketTask:protocols],
   * [property@WebsocketTask:origin] or [property@WebsocketTask:compression], this attempt uses the
   * new value. A subprotocol or origin that is not valid ends the task with
   * `HB_ERROR_INVALID_ARGUMENT`.
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
   * The buffer has become empty, after messages had to wait in it.
   *
   * They have gone out, were dropped, or were taken back by [method@WebsocketTask.take_queue] or a
   * cancelled call. A task that becomes `CLOSED` does not drain.
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
 * @uri: (nullable): where to connect to, see [property@WebsocketTask:uri]
 *
 * Makes a task.
 *
 * It is `CLOSED` until [method@WebsocketTask.open]. To use a session of your own, call
 * [ctor@WebsocketTask.new_with_session].
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
 * @uri: (nullable): the URI, see [property@WebsocketTask:uri]
 * @session: (nullable): the session, see [property@WebsocketTask:session]
 *
 * Makes a task that connects through a session of the application.
 *
 * The task is `CLOSED` until [method@WebsocketTask.open].
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
 * Starts, and keeps the link from then on.
 *
 * From any state but `CLOSED` it changes nothing. Where an attempt cannot be made with the
 * properties as they are, the task stays `CLOSED` and [signal@WebsocketTask::error] tells why
 * (`HB_ERROR_INVALID_URI`, `HB_ERROR_INVALID_ARGUMENT`).
 *
 * Messages can be sent at once: they wait for the link.
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
 * @callback: (scope async): called when the link is open, or the task has given up
 * @user_data: data for @callback
 *
 * Starts like [method@WebsocketTask.open], and waits for the link.
 *
 * It goes on through failed attempts for as long as the task does. If the link is open already, the
 * call succeeds.
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
 * @result: what the callback was given
 * @error: return location for an error
 *
 * Finishes [method@WebsocketTask.open_async].
 *
 * Errors are the one with which the task ended `CLOSED` (`HB_ERROR_REPEAT_LIMIT`,
 * `HB_ERROR_MESSAGE_TOO_BIG`, `HB_ERROR_HANDSHAKE`, `HB_ERROR_INVALID_URI`,
 * `HB_ERROR_INVALID_ARGUMENT`), `HB_ERROR_CLOSED` if it was closed by the application, and
 * `G_IO_ERROR_CANCELLED`.
 *
 * Returns: whether the link was open
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
 * @reason: (nullable): why, for the peer, in at most 123 bytes of UTF-8, up to the first NUL
 *
 * Ends the link for good, until [method@WebsocketTask.open].
 *
 * From an open link what is buffered goes out, then the close frame; then the peer's close frame is
 * waited for, all within [property@WebsocketTask:close-timeout]. No message is delivered any more.
 * [signal@WebsocketTask::close] tells the end. While there is no open link, the task is `CLOSED` at
 * once, and there is no signal. Messages that could not be sent are told by
 * [signal@WebsocketTask::error], with `HB_ERROR_CLOSED`.
 *
 * The code is one that a client may send ([RFC 6455,
 * 7.4](https://www.rfc-editor.org/rfc/rfc6455#section-7.4)): 1000 to 1003, 1007 to 1010, or 3000 to
 * 4999. With 0 or 1005 the close frame has no code and no reason. With 1006, 1011, 1015 or a code
 * over 65535 nothing is done, and [signal@WebsocketTask::error] is emitted with
 * `HB_ERROR_INVALID_ARGUMENT`. Any other code closes with 1002, a protocol error. A longer reason
 * is cut at the end of a character.
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
 * @reason: (nullable): why, for the peer, in at most 123 bytes of UTF-8, up to the first NUL
 * @cancellable: (nullable): a cancellable, which ends the call but not the closing
 * @callback: (scope async): called when the task is closed
 * @user_data: data for @callback
 *
 * Ends the link like [method@WebsocketTask.close], and waits until the task is `CLOSED`.
 *
 * If it is already, the call succeeds.
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
 * @result: what the callback was given
 * @error: return location for an error
 *
 * Finishes [method@WebsocketTask.close_async].
 *
 * Errors are `HB_ERROR_INVALID_ARGUMENT` for the code, and `G_IO_ERROR_CANCELLED`,
 * also where [method@WebsocketTask.reconnect_now] came in between.
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
 * Drops the connection, if there is one, and connects again at once.
 *
 * It works in every state, `CLOSED` included, and counts attempts from the start. An open link ends
 * with code 1006. Messages that wait go to the new link.
 *
 * Where an attempt cannot be made with the properties as they are, the task is `CLOSED` instead,
 * and [signal@WebsocketTask::error] tells why (`HB_ERROR_INVALID_URI`,
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
 * Gives the link up as if it were lost.
 *
 * It is for a server that asks its clients to reconnect, or for a failure that only the application
 * sees. [property@WebsocketTask:attempt] counts and the waits grow, while
 * [method@WebsocketTask.reconnect_now] starts the count again and connects at once. An open link
 * ends with code 1006. Messages that wait go to the next link. An attempt that is under way counts
 * as failed.
 *
 * If [property@WebsocketTask:repeat-limit] is reached, the task becomes `CLOSED`, as after a loss.
 * From `WAITING`, `CLOSING` and `CLOSED` it changes nothing.
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
 * Makes sure of the link now.
 *
 * An open link gets a ping, even with [property@WebsocketTask:ping-timeout] 0, unless a reply is
 * being waited for within [property@WebsocketTask:pong-timeout]; a task that waits makes its
 * attempt. In other states nothing happens. It is what to call when a window is shown again or the
 * user asks for a retry.
 *
 * An attempt that cannot be made with the properties as they are ends the task, as in
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
 * hb_websocket_task_hold:
 * @self: a task
 *
 * Puts off attempts, until as many calls of [method@WebsocketTask.release].
 *
 * An open link, or an attempt that is under way, goes on. It is for fetching a token before an
 * attempt, or for a pause. It may be called in any state, and before [method@WebsocketTask.open].
 *
 * A call from a handler of [signal@WebsocketTask::connecting] holds that very attempt. Its request
 * goes out on [method@WebsocketTask.release], and [property@WebsocketTask:connect-timeout] starts
 * then. If [property@WebsocketTask:uri] has changed by then, a request is made for the new URI,
 * and [signal@WebsocketTask::connecting] is emitted for it too. A handler that sets another URI
 * each time it is called never lets a request go out. Set the URI in a handler of
 * [signal@WebsocketTask::reconnect] instead.
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
 * Takes back one [method@WebsocketTask.hold].
 *
 * With the last one, an attempt that has become due meanwhile is made at once; if it cannot be made
 * with the properties as they are, it ends the task, as in [method@WebsocketTask.reconnect_now]. A
 * call without a hold is a programmer's error.
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
 * If the link is not open, or takes no more at the moment, the message waits.
 *
 * A string of a script is cut at its first NUL too. Send a text that contains one, a frame of STOMP
 * for example, as bytes with [method@WebsocketTask.send_message].
 *
 * Errors are `HB_ERROR_CLOSED`, `HB_ERROR_QUEUE_FULL`, and `HB_ERROR_INVALID_ARGUMENT` for what is
 * not UTF-8. Bindings throw them. In Python and Vala the call returns nothing, so a main loop that
 * calls it does not call it again; in JavaScript it returns true.
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
  g_autoptr (GBytes) bytes = NULL;

  g_return_val_if_fail (HB_IS_WEBSOCKET_TASK (self), FALSE);
  g_return_val_if_fail (text != NULL, FALSE);

  bytes = g_bytes_new (text, strlen (text));

  return send_now (self, SOUP_WEBSOCKET_DATA_TEXT, bytes, HB_SEND_FLAGS_DEFAULT,
                   G_STRFUNC, error);
}

/**
 * hb_websocket_task_send_bytes:
 * @self: a task
 * @bytes: the payload
 * @error: return location for an error
 *
 * Sends a binary message.
 *
 * If the link is not open, or takes no more at the moment, the message waits.
 *
 * Errors are `HB_ERROR_CLOSED` and `HB_ERROR_QUEUE_FULL`. Bindings throw them, and return as
 * [method@WebsocketTask.send_text] does.
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

  return send_now (self, SOUP_WEBSOCKET_DATA_BINARY, bytes, HB_SEND_FLAGS_DEFAULT,
                   G_STRFUNC, error);
}

/**
 * hb_websocket_task_send_message:
 * @self: a task
 * @type: text or binary
 * @message: the payload, for text in UTF-8
 * @flags: how to send
 * @error: return location for an error
 *
 * Sends a message.
 *
 * A text may contain a NUL, and is sent whole.
 *
 * Errors are `HB_ERROR_CLOSED`, `HB_ERROR_QUEUE_FULL`, `HB_ERROR_INVALID_ARGUMENT` for a text that
 * is not UTF-8 or a type that is neither, and, for a volatile message, `HB_ERROR_NOT_OPEN`.
 * Bindings throw them, and return as [method@WebsocketTask.send_text] does.
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

  return send_now (self, type, message, flags, G_STRFUNC, error);
}

/**
 * hb_websocket_task_send_message_async:
 * @self: a task
 * @type: text or binary
 * @message: the payload, for text in UTF-8
 * @flags: how to send
 * @cancellable: (nullable): a cancellable, which takes the message back if it still waits
 * @callback: (scope async): called when the message has gone out, or will not
 * @user_data: data for @callback
 *
 * Sends a message, and waits until it has gone out.
 *
 * That is when the kernel has it; whether the peer gets it, only the peer can tell.
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
                     hb_websocket_task_send_message_async, G_STRFUNC);
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
 * @result: what the callback was given
 * @error: return location for an error
 *
 * Finishes [method@WebsocketTask.send_message_async].
 *
 * Errors are those of [method@WebsocketTask.send_message]; `HB_ERROR_QUEUE_FULL` also where the
 * message was dropped later to make room; `HB_ERROR_MESSAGE_REFUSED` where the server ended the
 * connection 3 times in a row in the midst of the message, or once with close code 1009; the one
 * with which the task ended `CLOSED` where that was before the message could go out
 * (`HB_ERROR_REPEAT_LIMIT`, `HB_ERROR_MESSAGE_TOO_BIG`, `HB_ERROR_HANDSHAKE`,
 * `HB_ERROR_INVALID_URI`, `HB_ERROR_INVALID_ARGUMENT`, and `HB_ERROR_CLOSED` if it was closed by
 * the application);
 * `G_IO_ERROR_CANCELLED` where the message was taken back.
 *
 * Returns: whether the message has gone out
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
 * @cancellable: (nullable): a cancellable, which ends the call alone
 * @callback: (scope async): called when nothing waits any more
 * @user_data: data for @callback
 *
 * Waits until no message waits to be sent.
 *
 * If none does, the call succeeds, on a `CLOSED` task too.
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
                     hb_websocket_task_flush_async, G_STRFUNC);
  if (task != NULL)
    hb_driver_flush (self->driver, task);
}

/**
 * hb_websocket_task_flush_finish:
 * @self: a task
 * @result: what the callback was given
 * @error: return location for an error
 *
 * Finishes [method@WebsocketTask.flush_async].
 *
 * Errors are the one with which the task ended `CLOSED` (`HB_ERROR_REPEAT_LIMIT`,
 * `HB_ERROR_MESSAGE_TOO_BIG`, `HB_ERROR_HANDSHAKE`, `HB_ERROR_INVALID_URI`,
 * `HB_ERROR_INVALID_ARGUMENT`), `HB_ERROR_CLOSED` if it was closed by the application, and
 * `G_IO_ERROR_CANCELLED`.
 *
 * Returns: whether no message waits any more: each has gone out, was taken back or was dropped
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
 * hb_websocket_task_take_queue:
 * @self: a task
 *
 * Takes back the messages that wait to be sent.
 *
 * The array has them in the order in which they would have gone out, so they can be stored, or sent
 * again later. To drop them, free the array. What is already at the connection, in whole or in
 * part, is not among them.
 *
 * The [method@WebsocketTask.send_message_async] of a message that is taken back fails with
 * `G_IO_ERROR_CANCELLED`.
 *
 * Returns: (transfer container) (element-type HbMessage): the messages, which the array owns; empty
 *   if no message waits
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
 * @func: (nullable) (scope notified) (closure user_data) (destroy destroy): makes the text; `NULL`
 *   for none
 * @user_data: data for @func
 * @destroy: (nullable): frees @user_data
 *
 * Sets a function that makes the text of each ping.
 *
 * It stands in for [property@WebsocketTask:ping-message] from the next ping on, until it is
 * replaced by another; with `NULL`, `ping-message` is sent again. In mode `PING` the first 125
 * bytes of the text are sent. For a text that is not UTF-8, which is a programmer's error,
 * `ping-message` is sent.
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
 * hb_websocket_task_set_reconnect_func:
 * @self: a task
 * @func: (nullable) (scope notified) (closure user_data) (destroy destroy): tells how long to wait;
 *   `NULL` for none
 * @user_data: data for @func
 * @destroy: (nullable): frees @user_data
 *
 * Sets a function that tells how long to wait before each attempt to reconnect.
 *
 * It stands in for [property@WebsocketTask:reconnect-timeout] and what goes with it, from the next
 * wait on and until it is replaced by another; with `NULL`, the properties hold again. A longer
 * wait that the server has asked for (`Retry-After`) is kept. [property@WebsocketTask:repeat-limit]
 * still holds.
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
