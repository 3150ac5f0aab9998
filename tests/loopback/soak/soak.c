/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include <stdlib.h>
#include <unistd.h>

#include "certificate.h"
#include "soak-meter.h"
#include "soak-server.h"
#include "test-wait.h"

/* Each reading follows close (), because readings at other points in a connection would differ. */

/* The minimum fraction of the run before the growth is measured. The first use of a type, a quark
 * or a thread of the resolver takes memory that is never freed. */
#define WARM_UP 0.3

/* The minimum number of attempts before and after the end of the warm-up. Even on a slow machine,
 * connections must end many times in most ways. */
#define MIN_ATTEMPTS (32 * SOAK_SERVER_N_ENDS)

/* The maximum growth, in bytes, of the heap memory in use after the warm-up. Readings differ by a
 * few dozen bytes, and a table grows once by about 2 KiB. After MIN_ATTEMPTS attempts, a leak of 20
 * bytes in each attempt exceeds this maximum. */
#define MAX_GROWTH 8192

/* The maximum growth, in bytes, of resident memory, which malloc () rarely returns to the kernel */
#define MAX_RESIDENT_GROWTH (1024 * 1024)

/* Turns off the caches of malloc () for threads, and limits malloc () to one arena. Memory that
 * malloc () keeps for a thread's next call would otherwise count as in use. */
#define TUNABLES "glibc.malloc.tcache_count=0:glibc.malloc.arena_max=1"

typedef struct
{
  HbWebsocketTask *task;
  SoakServer      *server;
  SoakMeter       *meter;
  GTlsCertificate *certificate; /* (nullable) */
  SoakReading      warm;        /* the first reading after the warm-up */
  SoakReading      last;
  gint64           started_at;
  guint64          n_warm;      /* attempts by the end of the warm-up */
  guint64          n_attempts;
  guint64          n_opens;
  guint64          n_received;
  guint64          n_sent;
  guint64          n_errors;
  gboolean         is_warm;
  int              seconds;
} Soak;

static void
sent_cb (GObject      *source,
         GAsyncResult *result,
         gpointer      user_data)
{
  Soak *self = user_data;

  self->n_sent += hb_websocket_task_send_message_finish (HB_WEBSOCKET_TASK (source), result, NULL);
}

/* Sends as many messages as the server echoes on a connection. */
static void
open_cb (HbWebsocketTask *task,
         gpointer         user_data)
{
  Soak *self = user_data;
  static const guint8 data[1000] = { 0 };
  g_autoptr (GBytes) bytes = g_bytes_new_static (data, sizeof data);

  self->n_opens++;
  hb_websocket_task_send_text (task, "one", NULL);
  hb_websocket_task_send_bytes (task, bytes, NULL);
  hb_websocket_task_send_message_async (task, SOUP_WEBSOCKET_DATA_TEXT, bytes,
                                        HB_SEND_FLAGS_DEFAULT, NULL, sent_cb, self);
  hb_websocket_task_send_message_async (task, SOUP_WEBSOCKET_DATA_BINARY, bytes,
                                        HB_SEND_FLAGS_DEFAULT, NULL, sent_cb, self);
}

static void
message_cb (HbWebsocketTask       *task,
            SoupWebsocketDataType  type,
            GBytes                *message,
            gpointer               user_data)
{
  Soak *self = user_data;

  /* The client ends some connections itself. */
  if (++self->n_received % 1009 == 0)
    hb_websocket_task_reconnect_now (task);
}

static void
error_cb (Soak *self)
{
  self->n_errors++;
}

static void
connecting_cb (Soak *self)
{
  self->n_attempts++;
}

static HbWebsocketTask *
make_task (Soak *self)
{
  HbWebsocketTask *task = hb_websocket_task_new (soak_server_get_uri (self->server));

  hb_websocket_task_set_reconnect_timeout (task, 0);
  hb_websocket_task_set_close_timeout (task, 20);
  hb_websocket_task_set_ping_timeout (task, 20);
  hb_websocket_task_set_pong_timeout (task, 20);
  hb_websocket_task_set_heartbeat_mode (task, HB_HEARTBEAT_MODE_PING);
  g_signal_connect (task, "open", G_CALLBACK (open_cb), self);
  g_signal_connect (task, "message", G_CALLBACK (message_cb), self);
  g_signal_connect_swapped (task, "error", G_CALLBACK (error_cb), self);
  g_signal_connect_swapped (task, "connecting", G_CALLBACK (connecting_cb), self);
  if (self->certificate != NULL)
    certificate_accept (task, self->certificate);

  return task;
}

/* Closes the task, waits until the server has no connection, and iterates the main context a little
 * longer, so that the remaining sources are dispatched. */
static void
come_to_rest (Soak *self)
{
  hb_websocket_task_close (self->task, SOUP_WEBSOCKET_CLOSE_NORMAL, NULL);

  while (hb_websocket_task_get_state (self->task) != HB_STATE_CLOSED
         || !soak_server_is_idle (self->server))
    wait_pass (5);

  wait_pass (20);
}

static void
print_reading (Soak *self)
{
  g_print ("%6.1f s %8" G_GUINT64_FORMAT " attempts %8" G_GUINT64_FORMAT " links %9"
           G_GUINT64_FORMAT " messages %8" G_GUINT64_FORMAT " errors  resident %6" G_GINT64_FORMAT
           " KiB  in use %9" G_GINT64_FORMAT "  descriptors %2" G_GINT64_FORMAT
           "  sources %2" G_GINT64_FORMAT "%s\n",
           (double) (g_get_monotonic_time () - self->started_at) / G_USEC_PER_SEC,
           self->n_attempts, self->n_opens, self->n_received, self->n_errors,
           self->last.resident / 1024, self->last.in_use, self->last.n_descriptors,
           self->last.n_sources, self->is_warm ? "" : "  (warming up)");
}

static void
take_reading (Soak *self)
{
  gint64 elapsed = g_get_monotonic_time () - self->started_at;
  gboolean was_warm = self->is_warm;

  come_to_rest (self);
  soak_meter_read (self->meter, &self->last);
  self->is_warm = was_warm || (self->n_attempts >= MIN_ATTEMPTS
                               && (double) elapsed >= WARM_UP * self->seconds * G_USEC_PER_SEC);
  if (self->is_warm && !was_warm)
    {
      self->warm = self->last;
      self->n_warm = self->n_attempts;
    }

  print_reading (self);
}

static gboolean
check (gboolean    holds,
       const char *what)
{
  if (!holds)
    g_print ("failed: %s\n", what);

  return holds;
}

static gboolean
judge (Soak *self)
{
  gint64 growth = self->last.in_use - self->warm.in_use;
  gint64 resident_growth = self->last.resident - self->warm.resident;
  gboolean passed;

  passed = check (self->n_sent > 0 && self->n_received > 0, "no messages went both ways");
  passed = check (soak_server_has_used_all (self->server),
                  "the server has not ended connections in each way") && passed;
  passed = check (self->n_errors > 0, "the task has reported no errors") && passed;

  /* The malloc () of a sanitizer does not report the memory in use, and keeps freed memory. */
  if (self->last.in_use > 0)
    {
      passed = check (growth <= MAX_GROWTH, "memory in use has grown") && passed;
      passed = check (resident_growth <= MAX_RESIDENT_GROWTH, "resident memory has grown")
               && passed;
    }

  passed = check (self->last.n_descriptors <= self->warm.n_descriptors,
                  "the number of descriptors has grown") && passed;
  passed = check (self->last.n_sources <= self->warm.n_sources,
                  "the number of sources has grown") && passed;

  g_print ("%s: in use %+" G_GINT64_FORMAT " bytes, resident %+" G_GINT64_FORMAT
           " KiB since the warm-up; %.0f attempts a second\n",
           passed ? "passed" : "failed", growth, resident_growth / 1024,
           (double) self->n_attempts * G_USEC_PER_SEC
           / (double) (g_get_monotonic_time () - self->started_at));

  return passed;
}

/* The run takes longer than --seconds if too few attempts were made in this time. After the
 * warm-up, the same task is used until the end, because a new task would hide memory that is freed
 * only with the old one. */
static void
run (Soak *self)
{
  guint interval = MIN (self->seconds * 1000 / 20, 5000);

  self->started_at = g_get_monotonic_time ();

  while (g_get_monotonic_time () < self->started_at + self->seconds * G_USEC_PER_SEC
         || !self->is_warm || self->n_attempts < self->n_warm + MIN_ATTEMPTS)
    {
      hb_websocket_task_open (self->task);
      wait_pass (interval);
      take_reading (self);

      if (!self->is_warm)
        {
          g_object_unref (self->task);
          self->task = make_task (self);
        }
    }
}

/* Starts the program again with GLIBC_TUNABLES and G_SLICE set, because malloc () and GSlice read
 * these variables before main (). */
static void
settle_malloc (char *argv[])
{
  if (g_getenv ("GLIBC_TUNABLES") != NULL)
    return;

  g_setenv ("GLIBC_TUNABLES", TUNABLES, TRUE);
  g_setenv ("G_SLICE", "always-malloc", TRUE);
  execv ("/proc/self/exe", argv);
  g_printerr ("soak: cannot restart with the settings of malloc (), so the readings of memory are "
              "only approximate\n");
}

int
main (int   argc,
      char *argv[])
{
  Soak self = { .seconds = 60 };
  g_autofree char *certificate = NULL;
  const GOptionEntry entries[] = {
    { "seconds", 's', 0, G_OPTION_ARG_INT, &self.seconds,
      "Run for this number of seconds (60)", "N" },
    { "tls", 0, 0, G_OPTION_ARG_FILENAME, &certificate,
      "Use TLS, with the certificate and the key in this file", "FILE" },
    G_OPTION_ENTRY_NULL,
  };
  g_autoptr (GOptionContext) options = g_option_context_new (NULL);
  g_autoptr (GError) error = NULL;
  gboolean passed;

  settle_malloc (argv);
  g_option_context_set_summary (options,
                                "Reconnects as fast as possible, and fails if the use of memory, "
                                "descriptors or sources grows.");
  g_option_context_add_main_entries (options, entries, NULL);
  if (!g_option_context_parse (options, &argc, &argv, &error) || self.seconds < 1)
    {
      g_printerr ("soak: %s\n",
                  error != NULL ? error->message : "--seconds takes a number of 1 or more");
      return 2;
    }

  if (certificate != NULL)
    {
      self.certificate = g_tls_certificate_new_from_file (certificate, &error);
      if (self.certificate == NULL)
        {
          g_printerr ("soak: %s: %s\n", certificate, error->message);
          return 2;
        }
    }

  self.meter = soak_meter_new ();
  self.server = soak_server_new (self.certificate);
  self.task = make_task (&self);
  run (&self);
  passed = judge (&self);

  g_object_unref (self.task);
  soak_server_free (self.server);
  soak_meter_free (self.meter);
  g_clear_object (&self.certificate);

  return passed ? EXIT_SUCCESS : EXIT_FAILURE;
}
