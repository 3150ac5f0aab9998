/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include <stdio.h>
#include <stdlib.h>

#include "hb-machine-private.h"
#include "machine-events.h"

/* Counts the attempts of many clients that have lost their connections to one server at the same
 * moment. Each client runs an HbMachine in virtual time.
 *
 * measure-herd CLIENTS DOWN CAPACITY RECONNECT-TIMEOUT RECONNECT-TIMEOUT-MAX RECONNECT-JITTER
 *
 * The server refuses all clients for DOWN seconds, and then accepts at most CAPACITY clients a
 * second. The program runs until all clients are connected or SECONDS_MAX seconds have passed, and
 * then prints a summary and the number of attempts in each second. The timeouts are in
 * milliseconds. */

#define SECONDS_MAX 600
#define TAKES       1000 /* microseconds until the server answers */
#define BEGAN_AT    (3600 * G_TIME_SPAN_SECOND)

typedef struct
{
  HbMachine machine;
  gint64    due_at;    /* the time of its next event, or HB_NEVER */
  gint64    answer_at; /* the time of the server's answer, or HB_NEVER if none is due */
} Client;

typedef struct
{
  Client  *clients;
  guint   *heap;       /* indices of clients, as a heap with the earliest `due_at` first */
  guint   *attempts;   /* in each second since the loss */
  guint   *accepted;
  gint64   lost_at;
  gint64   back_at;    /* the time at which a client last connected again, initially `lost_at` */
  guint    n_clients;
  guint    n_back;
  guint    down;       /* seconds */
  guint    capacity;
} Herd;

static gint64
get_due (Herd  *self,
         guint  place)
{
  return self->clients[self->heap[place]].due_at;
}

static void
sift_down (Herd  *self,
           guint  place)
{
  guint moving = self->heap[place];
  gint64 due_at = self->clients[moving].due_at;

  for (;;)
    {
      guint child = 2 * place + 1;

      if (child + 1 < self->n_clients && get_due (self, child + 1) < get_due (self, child))
        child++;
      if (child >= self->n_clients || get_due (self, child) >= due_at)
        break;

      self->heap[place] = self->heap[child];
      place = child;
    }

  self->heap[place] = moving;
}

static guint
get_second (Herd   *self,
            gint64  now)
{
  return MIN ((now - self->lost_at) / G_TIME_SPAN_SECOND, SECONDS_MAX - 1);
}

static void
carry_out (Herd   *self,
           Client *client,
           gint64  now)
{
  HbEffect effect;

  while (hb_machine_pop_effect (&client->machine, &effect))
    {
      if (effect.kind == HB_EFFECT_OPEN)
        {
          hb_machine_on_greeted (&client->machine, effect.serial);
        }
      else if (effect.kind == HB_EFFECT_CONNECT)
        {
          client->answer_at = now + TAKES;
          if (now >= self->lost_at)
            self->attempts[get_second (self, now)]++;
        }

      hb_effect_clear (&effect);
    }

  client->due_at = MIN (client->answer_at, hb_machine_get_deadline (&client->machine));
}

static void
answer (Herd   *self,
        Client *client,
        gint64  now)
{
  guint second = get_second (self, now);
  HbLoss refused = { .code = 1006 };

  client->answer_at = HB_NEVER;

  if (second < self->down || self->accepted[second] >= self->capacity)
    {
      handle_lost (&client->machine, now, &refused);
      return;
    }

  self->accepted[second]++;
  self->n_back++;
  self->back_at = now;
  handle_event (&client->machine, now, HB_EVENT_OPENED);
}

/* Opens and loses all connections, without heartbeats, which do not affect attempts. */
static void
start (Herd       *self,
       HbSettings *settings)
{
  HbLoss loss = { .code = 1006 };
  guint i;

  for (i = 0; i < self->n_clients; i++)
    {
      Client *client = &self->clients[i];

      hb_machine_init (&client->machine, g_random_int ());
      client->machine.settings.uri = g_strdup ("ws://127.0.0.1/");
      client->machine.settings.ping_timeout = 0;
      client->machine.settings.reconnect_timeout = settings->reconnect_timeout;
      client->machine.settings.reconnect_timeout_max = settings->reconnect_timeout_max;
      client->machine.settings.reconnect_jitter = settings->reconnect_jitter;

      hb_machine_open (&client->machine, BEGAN_AT, NULL);
      carry_out (self, client, BEGAN_AT);
      handle_event (&client->machine, BEGAN_AT, HB_EVENT_OPENED);
      client->answer_at = HB_NEVER;
      handle_lost (&client->machine, self->lost_at, &loss);
      carry_out (self, client, self->lost_at);
      self->heap[i] = i;
    }

  for (i = self->n_clients; i-- > 0;)
    sift_down (self, i);
}

static void
run (Herd *self)
{
  while (self->n_back < self->n_clients)
    {
      Client *client = &self->clients[self->heap[0]];
      gint64 now = client->due_at;

      if (now - self->lost_at >= SECONDS_MAX * G_TIME_SPAN_SECOND)
        return;

      if (now == client->answer_at)
        answer (self, client, now);
      else
        handle_tick (&client->machine, now, HB_READING_DONE);

      carry_out (self, client, now);

      /* The server never ends this connection, so the client makes no further attempt. */
      if (client->machine.state == HB_STATE_OPEN)
        client->due_at = HB_NEVER;
      sift_down (self, 0);
    }
}

static void
report (Herd *self)
{
  guint last = self->n_back < self->n_clients ? SECONDS_MAX - 1 : get_second (self, self->back_at);
  guint64 total = 0;
  guint peak = 0;
  guint i;

  for (i = 0; i <= last; i++)
    {
      total += self->attempts[i];
      peak = MAX (peak, self->attempts[i]);
    }

  printf ("{\"clients\": %u, \"peak_per_second\": %u, \"attempts\": %" G_GUINT64_FORMAT ", "
          "\"back\": %u, \"seconds\": %.1f, \"histogram\": [",
          self->n_clients, peak, total, self->n_back,
          (double) (self->back_at - self->lost_at) / G_TIME_SPAN_SECOND);
  for (i = 0; i <= last; i++)
    printf ("%s%u", i > 0 ? ", " : "", self->attempts[i]);
  printf ("]}\n");
  fflush (stdout);
}

int
main (int    argc,
      char **argv)
{
  HbSettings settings = { 0 };
  Herd self = {
    .lost_at = BEGAN_AT + G_TIME_SPAN_MINUTE,
    .back_at = BEGAN_AT + G_TIME_SPAN_MINUTE,
  };

  if (argc < 7)
    g_error ("Usage: %s CLIENTS DOWN CAPACITY RECONNECT-TIMEOUT RECONNECT-TIMEOUT-MAX "
             "RECONNECT-JITTER", argv[0]);

  self.n_clients = MAX (1, g_ascii_strtoull (argv[1], NULL, 10));
  self.down = g_ascii_strtoull (argv[2], NULL, 10);
  self.capacity = MAX (1, g_ascii_strtoull (argv[3], NULL, 10));
  settings.reconnect_timeout = g_ascii_strtoull (argv[4], NULL, 10);
  settings.reconnect_timeout_max = g_ascii_strtoull (argv[5], NULL, 10);
  settings.reconnect_jitter = g_ascii_strtod (argv[6], NULL);

  self.clients = g_new0 (Client, self.n_clients);
  self.heap = g_new (guint, self.n_clients);
  self.attempts = g_new0 (guint, SECONDS_MAX);
  self.accepted = g_new0 (guint, SECONDS_MAX);

  start (&self, &settings);
  run (&self);
  report (&self);

  /* The kernel frees the memory of the state machines. */
  _Exit (0);
}
