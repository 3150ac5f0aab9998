/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include <glib/gstdio.h>

#include "fixture.h"
#include "names.h"
#include "raw-frame.h"

#define OLD_ADDRESS "127.0.0.1"
#define NEW_ADDRESS "127.0.0.2"

typedef struct
{
  Fixture    base;  /* with the server at the old address */
  RawServer *there; /* the server at the new address */
} Move;

/* The task first tries the old address, which its session then caches. Then the name of the server
 * gets the new address. */
typedef struct
{
  const char *name;
  gboolean    was_open;   /* the task has had a connection to the old address */
  gboolean    is_silent;  /* the old server answers no handshake; if FALSE, it is stopped */
  gboolean    is_given;   /* the session is the application's */
  const char *replace_in; /* (nullable) the signal whose handler sets another session */
  void      (*act)        (HbWebsocketTask *task); /* (nullable) called after the move */
} MoveCase;

static void
close_and_open (HbWebsocketTask *task)
{
  hb_websocket_task_close (task, 1000, NULL);
  hb_websocket_task_open (task);
}

static const MoveCase moves[] = {
  { "never-open", FALSE, FALSE, FALSE, NULL, NULL },
  { "was-open", TRUE, FALSE, FALSE, NULL, NULL },
  { "timeout", FALSE, TRUE, FALSE, NULL, NULL },
  { "timeout/was-open", TRUE, TRUE, FALSE, NULL, NULL },
  { "check", FALSE, FALSE, FALSE, NULL, hb_websocket_task_check },
  { "reconnect-now", FALSE, FALSE, FALSE, NULL, hb_websocket_task_reconnect_now },
  { "reconnect-now/early", FALSE, TRUE, FALSE, NULL, hb_websocket_task_reconnect_now },
  { "close-and-open", FALSE, FALSE, FALSE, NULL, close_and_open },
  { "given/error", TRUE, FALSE, TRUE, "error", NULL },
  { "given/reconnect", TRUE, FALSE, TRUE, "reconnect", NULL },
  { "given/connecting", TRUE, FALSE, TRUE, "connecting", NULL },
};

static void
set_up (Move          *fixture,
        gconstpointer  data)
{
  g_autofree char *uri = NULL;

  fixture_set_up (&fixture->base, "raw");
  names_set_address (OLD_ADDRESS);
  fixture->there = raw_server_new_twin (fixture->base.raw, NEW_ADDRESS);
  uri = g_strdup_printf ("ws://relay.test:%u/", raw_server_get_port (fixture->there));
  hb_websocket_task_set_uri (fixture->base.task, uri);
}

static void
tear_down (Move          *fixture,
           gconstpointer  data)
{
  signal_log_forget (fixture->base.log);
  fixture_tear_down (&fixture->base, data);
  raw_server_free (fixture->there);
}

static void
replace_session (HbWebsocketTask *task)
{
  g_autoptr (SoupSession) session = soup_session_new ();

  hb_websocket_task_set_session (task, session);
}

static void
test_moved (Move          *fixture,
            gconstpointer  data)
{
  const MoveCase *move = data;
  HbWebsocketTask *task = fixture->base.task;

  g_test_summary ("If the name of a server gets another address, the next attempt after one that "
                  "failed or was ended early uses this address. If the session belongs to the "
                  "application, the application must replace the session first.");

  if (move->is_given)
    replace_session (task);

  if (move->replace_in != NULL)
    g_signal_connect_swapped (task, move->replace_in, G_CALLBACK (replace_session), task);

  if (move->was_open)
    raw_peer_drop (fixture_open_raw (&fixture->base));

  if (move->is_silent)
    {
      raw_server_set_answers (fixture->base.raw, FALSE);
      hb_websocket_task_set_connect_timeout (task, 200);
    }
  else
    {
      raw_server_stop (fixture->base.raw);
    }

  if (move->was_open)
    signal_log_skip_to (fixture->base.log, "reconnect:1:20");
  else
    hb_websocket_task_open (task);

  /* The attempt must look up the name before the name gets the new address. So the test waits for
   * the failure of the attempt, or for its request if the test ends the attempt early. */
  if (move->act == NULL || !move->is_silent)
    signal_log_skip_to (fixture->base.log,
                        move->is_silent ? "error:connect-timeout" : "error:g-io-error-quark:39");
  else
    raw_server_wait_peer (fixture->base.raw, 0);

  names_set_address (NEW_ADDRESS);
  hb_websocket_task_set_connect_timeout (task, 10000);
  if (move->act != NULL)
    move->act (task);

  signal_log_skip_to (fixture->base.log, "open");
  g_assert_cmpuint (names_get_n_lookups (), ==, 1);
  g_assert_cmpuint (raw_server_get_n_accepted (fixture->there), ==, 1);
}

static void
test_moved_while_open (Move          *fixture,
                       gconstpointer  data)
{
  RawPeer *peer;

  g_test_summary ("If the name gets another address while a connection is open, the first attempt "
                  "after the loss of that connection uses the new address");

  hb_websocket_task_set_min_uptime (fixture->base.task, 0);
  peer = fixture_open_raw (&fixture->base);
  names_set_address (NEW_ADDRESS);
  raw_peer_drop (peer);
  signal_log_skip_to (fixture->base.log, "open");
  g_assert_cmpuint (raw_server_get_n_accepted (fixture->there), ==, 1);
}

/* The User-Agent identifies the requests of the session. */
static SoupSession *
new_session (const char *name)
{
  return soup_session_new_with_options ("user-agent", name, NULL);
}

static void
assert_user_agent (RawServer  *server,
                   guint       index,
                   const char *name)
{
  g_autofree char *line = g_strdup_printf ("\r\nUser-Agent: %s\r\n", name);

  g_assert_nonnull (strstr (raw_peer_get_request (raw_server_wait_peer (server, index)), line));
}

static void
test_replaced (Fixture       *fixture,
               gconstpointer  data)
{
  g_autoptr (SoupSession) first = new_session ("first");
  g_autoptr (SoupSession) second = new_session ("second");
  g_autoptr (HbWebsocketTask) task = NULL;

  g_test_summary ("Another session takes effect at the next attempt, and an open connection is "
                  "kept");

  task = hb_websocket_task_new_with_session (raw_server_get_uri (fixture->raw), first);
  g_assert_true (hb_websocket_task_get_session (task) == first);
  hb_websocket_task_open (task);
  wait_until (hb_websocket_task_get_state (task) == HB_STATE_OPEN);
  assert_user_agent (fixture->raw, 0, "first");

  hb_websocket_task_set_session (task, second);
  wait_idle ();
  assert_state (task, HB_STATE_OPEN);
  assert_sends (task, "hello");
  raw_peer_expect (raw_server_get_peer (fixture->raw, 0), "text:hello");

  hb_websocket_task_reconnect_now (task);
  assert_user_agent (fixture->raw, 1, "second");
  wait_until (hb_websocket_task_get_state (task) == HB_STATE_OPEN);
  g_assert_finalize_object (g_steal_pointer (&first));

  hb_websocket_task_set_session (task, NULL);
  g_assert_null (hb_websocket_task_get_session (task));
  hb_websocket_task_reconnect_now (task);
  g_assert_null (strstr (raw_peer_get_request (raw_server_wait_peer (fixture->raw, 2)),
                         "\r\nUser-Agent: "));
  wait_until (hb_websocket_task_get_state (task) == HB_STATE_OPEN);
}

/* If the session is replaced during an attempt, the attempt continues with the old session. */
static void
test_replaced_early (Fixture       *fixture,
                     gconstpointer  data)
{
  g_autoptr (SoupSession) session = new_session ("second");

  raw_server_set_answers (fixture->raw, FALSE);
  hb_websocket_task_open (fixture->task);
  raw_server_wait_peer (fixture->raw, 0);
  hb_websocket_task_set_session (fixture->task, session);
  raw_peer_accept (raw_server_get_peer (fixture->raw, 0));
  signal_log_expect (fixture->log, WORDS_OPEN);
  raw_server_set_answers (fixture->raw, TRUE);
  hb_websocket_task_reconnect_now (fixture->task);
  assert_user_agent (fixture->raw, 1, "second");
  signal_log_skip_to (fixture->log, "open");
}

/* A request of the application takes the only connection that the session may have to the host. The
 * error of the attempt must name this reason. */
static void
test_used_up (Fixture       *fixture,
              gconstpointer  data)
{
  g_autoptr (SoupSession) session = soup_session_new_with_options ("max-conns-per-host", 1, NULL);
  g_autofree char *uri = g_strdup_printf ("http://127.0.0.1:%u/",
                                          raw_server_get_port (fixture->raw));
  g_autoptr (SoupMessage) message = soup_message_new ("GET", uri);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GAsyncResult) result = NULL;

  raw_server_set_answers (fixture->raw, FALSE);
  soup_session_send_async (session, message, G_PRIORITY_DEFAULT, cancellable,
                           store_result_cb, &result);
  raw_server_wait_peer (fixture->raw, 0);

  hb_websocket_task_set_session (fixture->task, session);
  hb_websocket_task_set_connect_timeout (fixture->task, 50);
  hb_websocket_task_open (fixture->task);
  signal_log_skip_to (fixture->log, "error:connect-timeout");
  g_assert_nonnull (strstr (signal_log_get_error (fixture->log), "connections"));
  g_assert_cmpuint (raw_server_get_n_accepted (fixture->raw), ==, 1);

  g_cancellable_cancel (cancellable);
  wait_until (result != NULL);
  g_assert_null (soup_session_send_finish (session, result, NULL));
  signal_log_forget (fixture->log);
  raw_server_wait_peer (fixture->raw, 1);
  signal_log_skip_to (fixture->log, "error:connect-timeout");
  g_assert_null (strstr (signal_log_get_error (fixture->log), "connections"));

  raw_server_set_answers (fixture->raw, TRUE);
  hb_websocket_task_set_connect_timeout (fixture->task, 10000);
  signal_log_skip_to (fixture->log, "open");
}

/* While this number of attempts of one session run, further attempts wait until one ends, or until
 * none has started for half a second. All private sessions of a main context count as one. */
#define N_TURNS 64

/* A connect-timeout in milliseconds, shorter than the time for which an attempt waits for others */
#define SHORT 300

/* Begins N_TURNS attempts, which the server does not answer.
 *
 * @session: (nullable): NULL for private sessions */
static void
open_others (Fixture         *fixture,
             SoupSession     *session,
             HbWebsocketTask *others[N_TURNS])
{
  guint i;

  raw_server_set_answers (fixture->raw, FALSE);
  for (i = 0; i < N_TURNS; i++)
    {
      others[i] = hb_websocket_task_new (raw_server_get_uri (fixture->raw));
      hb_websocket_task_set_session (others[i], session);
      hb_websocket_task_set_connect_timeout (others[i], 0);
      hb_websocket_task_open (others[i]);
      wait_until (raw_server_get_n_accepted (fixture->raw) == i + 1);
    }
}

static void
drop_others (HbWebsocketTask *others[N_TURNS])
{
  guint i;

  for (i = 0; i < N_TURNS; i++)
    g_assert_finalize_object (others[i]);
}

static void
test_turn (Fixture       *fixture,
           gconstpointer  data)
{
  HbWebsocketTask *others[N_TURNS];

  g_test_summary ("connect-timeout does not run while an attempt waits for others");

  open_others (fixture, NULL, others);
  hb_websocket_task_set_connect_timeout (fixture->task, SHORT);
  hb_websocket_task_set_reconnect_timeout (fixture->task, 60000);
  hb_websocket_task_open (fixture->task);
  signal_log_skip_to (fixture->log, "reconnect:1:60000");
  wait_until (raw_server_get_n_accepted (fixture->raw) == N_TURNS + 1);
  drop_others (others);
}

static void
close_cb (SoupSession     *session,
          SoupMessage     *message,
          HbWebsocketTask *task)
{
  hb_websocket_task_close (task, 1000, NULL);
}

static void
test_turn_dropped (Fixture       *fixture,
                   gconstpointer  data)
{
  g_autoptr (SoupSession) session = soup_session_new_with_options ("max-conns", N_TURNS + 1,
                                                                   "max-conns-per-host",
                                                                   N_TURNS + 1, NULL);
  HbWebsocketTask *others[N_TURNS];

  g_test_summary ("A handler of the session may close the task when an attempt that has waited for "
                  "others sends its request");

  open_others (fixture, session, others);
  g_signal_connect_object (session, "request-queued", G_CALLBACK (close_cb), fixture->task,
                           G_CONNECT_DEFAULT);
  hb_websocket_task_set_session (fixture->task, session);
  hb_websocket_task_open (fixture->task);
  signal_log_skip_to (fixture->log, "state:closed");
  signal_log_forget (fixture->log);
  drop_others (others);
}

static void
test_no_tunnel (Fixture       *fixture,
                gconstpointer  data)
{
  g_autoptr (SoupSession) session = soup_session_new ();
  guint signal_id = g_signal_lookup ("request-queued", SOUP_TYPE_SESSION);

  g_test_summary ("An attempt that needs no tunnel adds no handler to the session, because the "
                  "handler would run for the requests of all tasks of the session");

  hb_websocket_task_set_session (fixture->task, session);
  hb_websocket_task_open (fixture->task);
  raw_server_wait_peer (fixture->raw, 0);
  g_assert_false (g_signal_has_handler_pending (session, signal_id, 0, TRUE));
  signal_log_skip_to (fixture->log, "open");
}

typedef struct
{
  HbWebsocketTask *tasks[8];
  gboolean         has_run;
} Nested;

static void
run_until_all_failed (Nested *self)
{
  guint i;

  if (self->has_run)
    return;

  self->has_run = TRUE;
  for (i = 0; i < G_N_ELEMENTS (self->tasks); i++)
    wait_until (hb_websocket_task_get_state (self->tasks[i]) == HB_STATE_WAITING);
}

static void
test_nested (Fixture       *fixture,
             gconstpointer  data)
{
  g_autoptr (SoupSession) session = soup_session_new_with_options ("max-conns-per-host", 8, NULL);
  Nested nested = { .has_run = FALSE };
  guint i;

  g_test_summary ("The attempts of all tasks of a session may end while a handler of one task runs "
                  "a main loop");

  raw_server_stop (fixture->raw);
  for (i = 0; i < G_N_ELEMENTS (nested.tasks); i++)
    {
      nested.tasks[i] = hb_websocket_task_new_with_session (raw_server_get_uri (fixture->raw),
                                                            session);
      hb_websocket_task_set_reconnect_timeout (nested.tasks[i], 60000);
      g_signal_connect_swapped (nested.tasks[i], "error", G_CALLBACK (run_until_all_failed),
                                &nested);
      hb_websocket_task_open (nested.tasks[i]);
    }

  wait_until (nested.has_run);
  for (i = 0; i < G_N_ELEMENTS (nested.tasks); i++)
    g_assert_finalize_object (nested.tasks[i]);
}

static void
opened_cb (SoupServer              *server,
           SoupServerMessage       *message,
           const char              *path,
           SoupWebsocketConnection *connection,
           gpointer                 user_data)
{
  SoupWebsocketConnection **place = user_data;

  g_set_object (place, connection);
}

static void
test_unix_socket (Fixture       *fixture,
                  gconstpointer  data)
{
  g_autofree char *dir = g_dir_make_tmp ("hb-test-XXXXXX", NULL);
  g_autofree char *path = g_build_filename (dir, "socket", NULL);
  g_autoptr (GSocketAddress) address = g_unix_socket_address_new (path);
  g_autoptr (SoupServer) server = soup_server_new (NULL, NULL);
  g_autoptr (SoupSession) session = NULL;
  g_autoptr (SoupWebsocketConnection) connection = NULL;
  g_autoptr (GError) error = NULL;

  soup_server_add_websocket_handler (server, "/feed", NULL, NULL, opened_cb, &connection, NULL);
  soup_server_listen (server, address, 0, &error);
  g_assert_no_error (error);

  session = soup_session_new_with_options ("remote-connectable", address, NULL);
  hb_websocket_task_set_session (fixture->task, session);
  hb_websocket_task_set_uri (fixture->task, "ws://nobody.invalid/feed");
  fixture_open (fixture);
  hb_websocket_task_reconnect_now (fixture->task);
  signal_log_skip_to (fixture->log, "open");
  wait_until (connection != NULL);
  soup_websocket_connection_send_text (connection, "hello");
  signal_log_skip_to (fixture->log, "message:text:hello");

  fixture_close (fixture);
  soup_server_disconnect (server);
  g_remove (path);
  g_rmdir (dir);
}

/* An extension that swaps the hexadecimal digits of each byte */
typedef struct
{
  SoupWebsocketExtension parent_instance;
} Swap;

typedef SoupWebsocketExtensionClass SwapClass;

static GType swap_get_type (void);

G_DEFINE_TYPE (Swap, swap, SOUP_TYPE_WEBSOCKET_EXTENSION)

static GBytes *
swap_process (SoupWebsocketExtension  *extension,
              guint8                  *header,
              GBytes                  *payload,
              GError                 **error)
{
  g_autoptr (GBytes) owned = payload;
  g_autoptr (GByteArray) bytes = g_byte_array_new ();
  guint i;

  if ((*header & 0x08) != 0)
    return g_steal_pointer (&owned);

  g_byte_array_append (bytes, g_bytes_get_data (owned, NULL), g_bytes_get_size (owned));
  for (i = 0; i < bytes->len; i++)
    bytes->data[i] = bytes->data[i] << 4 | bytes->data[i] >> 4;

  return g_byte_array_free_to_bytes (g_steal_pointer (&bytes));
}

static void
swap_class_init (SwapClass *klass)
{
  klass->name = "swap";
  klass->process_incoming_message = swap_process;
  klass->process_outgoing_message = swap_process;
}

static void
swap_init (Swap *self)
{
}

/* The header line with the extensions that the server chooses, and the server's frame with the text
 * “hello” */
typedef struct
{
  const char *name;
  const char *chosen;
  const char *hello;
} Extensions;

static const Extensions extensions[] = {
  { "own", "Sec-WebSocket-Extensions: swap\r\n", "81 05 8656c6c6f6" },
  { "deflate-and-own", "Sec-WebSocket-Extensions: permessage-deflate, swap\r\n",
    "c1 07 6a0b3b76ec1b00" },
};

static void
test_extensions (Fixture       *fixture,
                 gconstpointer  data)
{
  const Extensions *row = data;
  g_autoptr (SoupSession) session = soup_session_new ();
  g_autoptr (GByteArray) hello = raw_frame_from_hex (row->hello);
  RawPeer *peer;

  g_test_summary ("Messages pass through the extensions that the application adds to its session");

  soup_session_add_feature_by_type (session, SOUP_TYPE_WEBSOCKET_EXTENSION_MANAGER);
  soup_session_add_feature_by_type (session, swap_get_type ());
  hb_websocket_task_set_session (fixture->task, session);
  hb_websocket_task_set_compression (fixture->task, TRUE);
  raw_server_set_requested (fixture->raw, raw_peer_accept_with_cb, (char *) row->chosen);
  peer = fixture_open_raw (fixture);
  raw_peer_write (peer, hello->data, hello->len);
  signal_log_expect (fixture->log, "message:text:hello");
  fixture_close_raw (fixture, peer);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_summary ("The session of a task: its replacement, its limits, its extensions, and the "
                  "addresses that it caches or is given.");
  names_install ();

  test_rows_add_with ("/loopback/session/moved/", moves, Move, set_up, test_moved, tear_down);
  g_test_add ("/loopback/session/moved/while-open", Move, NULL, set_up, test_moved_while_open,
              tear_down);
  add_raw_test ("/loopback/session/replaced", test_replaced);
  add_raw_test ("/loopback/session/replaced/early", test_replaced_early);
  add_raw_test ("/loopback/session/used-up", test_used_up);
  add_raw_test ("/loopback/session/turn", test_turn);
  add_raw_test ("/loopback/session/turn/dropped", test_turn_dropped);
  add_raw_test ("/loopback/session/no-tunnel", test_no_tunnel);
  add_raw_test ("/loopback/session/nested", test_nested);
  add_raw_test ("/loopback/session/unix-socket", test_unix_socket);
  add_raw_rows ("/loopback/session/extensions/", extensions, test_extensions);

  return g_test_run ();
}
