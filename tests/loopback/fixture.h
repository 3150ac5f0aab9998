/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <string.h>

#include "../test-rows.h"
#include "hb-websocket.h"
#include "raw-server.h"
#include "signal-log.h"
#include "test-server.h"
#include "test-wait.h"

G_BEGIN_DECLS

/* A task that is closed at first, its server, and a log of the task's signals. The task reconnects
 * after RECONNECT milliseconds, and sends no pings. */
typedef struct
{
  TestServer      *server;      /* (nullable) NULL unless fixture_set_up () is called with "soup" */
  RawServer       *raw;         /* (nullable) NULL unless fixture_set_up () is called with "raw" */
  HbWebsocketTask *task;        /* (nullable) NULL if the test has dropped it */
  SignalLog       *log;
  guint            n_connections; /* connections that have not been freed yet */
} Fixture;

#define RECONNECT 20

/* Whether connections use the library's own stream. In the suite `fallback`, libsoup writes to the
 * socket itself. */
extern const gboolean has_stream;

/* Whether the fixture reads the property `connection`. After a read, the task passes pongs to
 * libsoup, and also messages if libsoup's `message` has a handler. */
extern const gboolean is_exposed;

#define add_test(path, function) \
  g_test_add (path, Fixture, "soup", fixture_set_up, function, fixture_tear_down)
#define add_raw_test(path, function) \
  g_test_add (path, Fixture, "raw", fixture_set_up, function, fixture_tear_down)

/* Adds a test like add_raw_test () for each row: see test_rows_add (). */
#define add_raw_rows(prefix, rows, function) \
  test_rows_add_with (prefix, rows, Fixture, fixture_set_up_raw, function, fixture_tear_down)

/* Adds a test like add_raw_test () for each state. The name of the state ends the path, and the
 * HbState is the data of the test. */
void     add_state_tests       (const char      *prefix,
                                void           (*function) (Fixture       *fixture,
                                                            gconstpointer  data));

void     fixture_set_up        (Fixture         *fixture,
                                gconstpointer    data);
void     fixture_set_up_raw    (Fixture         *fixture,
                                gconstpointer    data);
void     fixture_tear_down     (Fixture         *fixture,
                                gconstpointer    data);
gboolean fixture_use_tls       (Fixture         *fixture);

void     fixture_open          (Fixture         *fixture);
RawPeer *fixture_open_raw      (Fixture         *fixture);
void     fixture_close         (Fixture         *fixture);
void     fixture_close_raw     (Fixture         *fixture,
                                RawPeer         *peer);
void     fixture_lose_raw      (Fixture         *fixture,
                                RawPeer         *peer);
void     fixture_enter         (Fixture         *fixture,
                                HbState          state);

/* Calls that close or dispose of a task, for tables */
void     close_task            (HbWebsocketTask *task);
void     dispose_task          (HbWebsocketTask *task);

void     assert_sends          (HbWebsocketTask *task,
                                const char      *text);
void     assert_sends_bytes    (HbWebsocketTask *task,
                                GBytes          *bytes);

/* Calls send_message_async (), and stores the result with store_result_cb (). */
void     send_async            (HbWebsocketTask *task,
                                const char      *text,
                                GCancellable    *cancellable,
                                GAsyncResult   **place);

/* Takes back the whole queue. @expected contains words such as text:hello or binary:hello,
 * separated by spaces. */
void     assert_takes_back     (HbWebsocketTask *task,
                                const char      *expected);

#define assert_state(task, expected) \
  g_assert_cmpstr (signal_log_name_state (hb_websocket_task_get_state (task)), ==, \
                   signal_log_name_state (expected))

/* Makes a call that must print a critical message. The call may be a macro whose expansion contains
 * commas. */
#define expect_critical(pattern, ...) \
  G_STMT_START { \
    g_test_expect_message ("hb-websocket", G_LOG_LEVEL_CRITICAL, pattern); \
    __VA_ARGS__; \
    g_test_assert_expected_messages (); \
  } G_STMT_END

/* Functions for a task that must not call them */
char    *no_ping_cb            (HbWebsocketTask *task,
                                gpointer         user_data);
guint    no_delay_cb           (HbWebsocketTask *task,
                                guint            attempt,
                                gpointer         user_data);
gboolean no_pong_cb            (HbWebsocketTask *task,
                                SoupWebsocketDataType type,
                                GBytes          *message,
                                gpointer         user_data);

/* Counts the dispatches of a source in the guint at @user_data. */
gboolean count_turn_cb         (gpointer         user_data);

/* Stores a reference to the result in the pointer at @user_data. That pointer must be NULL. */
void     store_result_cb       (GObject         *source,
                                GAsyncResult    *result,
                                gpointer         user_data);

typedef gboolean (*Finish) (HbWebsocketTask *,
                            GAsyncResult *,
                            GError **);

/* Wait for the call whose result store_result_cb () stores in @place. */
void     expect_success        (HbWebsocketTask *task,
                                GAsyncResult   **place,
                                Finish           finish);
void     expect_error          (HbWebsocketTask *task,
                                GAsyncResult   **place,
                                Finish           finish,
                                GQuark           domain,
                                int              code);

/* Counts in @n_emissions how often libsoup's connections emit @signal. */
void     count_emissions       (const char      *signal,
                                guint           *n_emissions);

/* Ignores libsoup's debug messages for each frame, which are long and slow down a test. */
void     ignore_debug_messages (void);

guint    count_descriptors     (void);
guint64  get_metric            (HbWebsocketTask *task,
                                guint64        (*getter) (const HbMetrics *));

G_END_DECLS
