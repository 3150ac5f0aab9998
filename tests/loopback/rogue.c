/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include <string.h>

#include "rogue.h"

#define MAX_PEERS 6

/* The maximum number of numbered messages on a connection. Messages for a client that does not read
 * would otherwise accumulate. */
#define MAX_SENT 100

#define MAX_CLIENTS 4

typedef struct
{
  RawPeer *peer;      /* (not owned) */
  guint    id;
  guint    n_sent;
  gboolean is_open;
  gboolean is_broken; /* the server has sent invalid data, or either side has sent a close frame */
  gint64   last_number[MAX_CLIENTS];
} Peer;

struct _Rogue
{
  RawServer  *server;
  Dice       *dice;
  GQueue      peers;
  GHashTable *seen;       /* the messages received from all clients */
  guint       n_received[MAX_CLIENTS];
  guint       n_accepted; /* the connections that @peers contains or has contained */
  gboolean    is_stopped;
  gboolean    behaves;
};

static Peer *
find_peer (Rogue   *self,
           RawPeer *raw)
{
  GList *l;

  for (l = self->peers.head; l != NULL; l = l->next)
    {
      Peer *peer = l->data;

      if (peer->peer == raw)
        return peer;
    }

  return NULL;
}

static void
drop (Rogue    *self,
      Peer     *peer,
      gboolean  reset)
{
  if (reset)
    raw_peer_reset (peer->peer);
  else
    raw_peer_drop (peer->peer);

  g_queue_remove (&self->peers, peer);
  g_free (peer);
}

static void
notice_peers (Rogue *self)
{
  while (self->n_accepted < raw_server_get_n_accepted (self->server))
    {
      Peer *peer = g_new0 (Peer, 1);

      peer->id = self->n_accepted++;
      peer->peer = raw_server_get_peer (self->server, peer->id);
      memset (peer->last_number, 0xff, sizeof peer->last_number);
      g_queue_push_tail (&self->peers, peer);
    }
}

/* Drops connections so that descriptors do not accumulate. */
static void
forget_peers (Rogue *self)
{
  GList *l = self->peers.head;

  while (l != NULL)
    {
      Peer *peer = l->data;

      l = l->next;
      if (raw_peer_has_ended (peer->peer) || self->peers.length > MAX_PEERS)
        drop (self, peer, FALSE);
    }
}

static void
opened_cb (RawPeer  *raw,
           gpointer  user_data)
{
  Rogue *self = user_data;

  notice_peers (self);
  find_peer (self, raw)->is_open = TRUE;
}

/* rogue.h describes the format of @message. */
static void
check_message (Rogue      *self,
               Peer       *peer,
               const char *message)
{
  char *end;
  guint client = g_ascii_strtoull (message, &end, 10);
  gint64 number = g_ascii_strtoll (end + 1, &end, 10);

  g_assert_cmpuint (client, <, MAX_CLIENTS);
  if (g_hash_table_add (self->seen, g_strdup_printf ("%u.%" G_GINT64_FORMAT, client, number)))
    self->n_received[client]++;
  else
    g_assert_true (g_str_has_suffix (message, "*"));

  if (*end == '!')
    return;

  g_assert_cmpint (number, >, peer->last_number[client]);
  peer->last_number[client] = number;
}

static void
received_cb (RawPeer  *raw,
             gpointer  user_data)
{
  Rogue *self = user_data;
  Peer *peer = find_peer (self, raw);
  g_autofree char *word = raw_peer_take (raw);

  /* A connection that the server has dropped has no Peer. */
  if (peer == NULL)
    return;

  if (g_str_equal (word, "text:heartbeat"))
    {
      if (self->behaves || dice_roll (self->dice, 3) != 0)
        raw_peer_send_text (raw, "pong");
    }
  else if (g_str_has_prefix (word, "text:"))
    {
      check_message (self, peer, word + strlen ("text:"));
    }
  else if (g_str_has_prefix (word, "close:"))
    {
      if (!peer->is_broken && (self->behaves || dice_roll (self->dice, 4) != 0))
        raw_peer_send_close (raw, 1000, NULL);
      peer->is_broken = TRUE;
    }
}

/* Sends a numbered message in two fragments. */
static void
send_pieces (Peer *peer)
{
  g_autofree char *text = g_strdup_printf ("%u.%u", peer->id, peer->n_sent++);
  guint8 first[] = { 0x01, 1, text[0] };
  guint8 second[] = { 0x80, strlen (text) - 1 };

  raw_peer_write (peer->peer, first, sizeof first);
  raw_peer_write (peer->peer, second, sizeof second);
  raw_peer_write (peer->peer, text + 1, strlen (text) - 1);
}

static void
send_number (Peer *peer)
{
  g_autofree char *text = g_strdup_printf ("%u.%u", peer->id, peer->n_sent++);

  raw_peer_send_text (peer->peer, text);
}

static void
send_garbage (Rogue *self,
              Peer  *peer)
{
  guint8 bytes[32];
  guint i;

  for (i = 0; i < sizeof bytes; i++)
    bytes[i] = dice_roll (self->dice, 256);

  /* The first frame must not be a text or binary message, because the client could mistake it for a
   * numbered one. */
  bytes[0] |= 0x08;
  raw_peer_write (peer->peer, bytes, 1 + dice_roll (self->dice, sizeof bytes));
  peer->is_broken = TRUE;
}

static void
send_something (Rogue *self,
                Peer  *peer)
{
  static const guint codes[] = { 0, 1000, 1001, 1002, 1006, 1009, 1012, 1015, 3000, 4999 };

  if (peer->is_broken || peer->n_sent >= MAX_SENT)
    return;

  switch (dice_roll (self->dice, 12))
    {
    case 0:
      raw_peer_send_close (peer->peer, codes[dice_roll (self->dice, G_N_ELEMENTS (codes))], NULL);
      peer->is_broken = TRUE;
      break;
    case 1:
      raw_peer_send_nonsense (peer->peer);
      peer->is_broken = TRUE;
      break;
    case 2:
      send_garbage (self, peer);
      break;
    case 3:
      raw_peer_send (peer->peer, 0xa, "heartbeat", 9);
      break;
    case 4:
      raw_peer_send (peer->peer, 0x9, "are you there", 13);
      break;
    case 5:
      raw_peer_send_text (peer->peer, "pong");
      break;
    case 6:
      send_pieces (peer);
      break;
    default:
      send_number (peer);
      break;
    }
}

static void
change_handshake (Rogue *self)
{
  static const char * const answers[] = {
    "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n",
    "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 0\r\nContent-Length: 0\r\n\r\n",
    "HTTP/1.1 429 Too Many Requests\r\nRetry-After: soon\r\nContent-Length: 2\r\n\r\nno",
    "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nhello",
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Accept: wrong\r\n\r\n",
    "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm=\"r\"\r\n"
    "Content-Length: 0\r\n\r\n",
    "220 mail.example.com ESMTP\r\n",
  };
  guint which = dice_roll (self->dice, 4 * G_N_ELEMENTS (answers));

  raw_server_set_answers (self->server, dice_roll (self->dice, 6) != 5);
  raw_server_set_answer (self->server,
                         which < G_N_ELEMENTS (answers) ? answers[which] : NULL);
}

static void
stop_or_start (Rogue *self)
{
  if (!self->is_stopped && dice_roll (self->dice, 4) != 3)
    return;

  if (self->is_stopped)
    raw_server_start (self->server);
  else
    raw_server_stop (self->server);

  self->is_stopped = !self->is_stopped;
}

Rogue *
rogue_new (Dice *dice)
{
  Rogue *self = g_new0 (Rogue, 1);

  self->dice = dice;
  self->server = raw_server_new ();
  self->seen = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  raw_server_set_opened (self->server, opened_cb, self);
  raw_server_set_received (self->server, received_cb, self);

  return self;
}

void
rogue_free (Rogue *self)
{
  raw_server_free (self->server);
  g_queue_clear_full (&self->peers, g_free);
  g_hash_table_unref (self->seen);
  g_free (self);
}

const char *
rogue_get_uri (Rogue *self)
{
  return raw_server_get_uri (self->server);
}

void
rogue_act (Rogue *self)
{
  Peer *peer;

  notice_peers (self);
  forget_peers (self);
  if (self->behaves)
    return;

  switch (dice_roll (self->dice, 16))
    {
    case 0:
      change_handshake (self);
      return;
    case 1:
      stop_or_start (self);
      return;
    default:
      break;
    }

  peer = g_queue_peek_nth (&self->peers, dice_roll (self->dice, MAX (self->peers.length, 1)));
  if (peer == NULL)
    return;

  switch (dice_roll (self->dice, 16))
    {
    case 0:
      drop (self, peer, FALSE);
      break;
    case 1:
      drop (self, peer, TRUE);
      break;
    case 2:
      raw_peer_pause (peer->peer);
      break;
    case 3:
    case 4:
      raw_peer_resume (peer->peer);
      break;
    default:
      if (peer->is_open)
        send_something (self, peer);
      break;
    }
}

/* Drops all connections, and causes no faults from now on. */
void
rogue_behave (Rogue *self)
{
  self->behaves = TRUE;
  raw_server_set_answers (self->server, TRUE);
  raw_server_set_answer (self->server, NULL);
  if (self->is_stopped)
    raw_server_start (self->server);
  self->is_stopped = FALSE;

  notice_peers (self);
  while (!g_queue_is_empty (&self->peers))
    drop (self, g_queue_peek_head (&self->peers), FALSE);
}

/* Counts repeated messages once. */
guint
rogue_get_n_received (Rogue *self,
                      guint  client)
{
  return self->n_received[client];
}
