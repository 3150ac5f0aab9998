/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include <string.h>

#include "acts.h"
#include "cell.h"
#include "raw-frame.h"

/* user:password in Base64: RFC 7617 */
#define CREDENTIALS "Authorization: Basic dXNlcjpwYXNzd29yZA=="

void
act_nothing (Cell    *cell,
             RawPeer *peer)
{
}

void
act_pause (Cell    *cell,
           RawPeer *peer)
{
  raw_peer_pause (peer);
}

void
act_drop (Cell    *cell,
          RawPeer *peer)
{
  raw_peer_gather (peer, FALSE);
  raw_peer_drop (peer);
}

void
act_cut (Cell    *cell,
         RawPeer *peer)
{
  raw_peer_gather (peer, FALSE);
  raw_peer_cut (peer);
}

void
act_reset (Cell    *cell,
           RawPeer *peer)
{
  raw_peer_gather (peer, FALSE);
  raw_peer_reset (peer);
}

void
act_half_close (Cell    *cell,
                RawPeer *peer)
{
  raw_peer_gather (peer, FALSE);
  raw_peer_half_close (peer);
}

/* Returns the data of the fault, with these placeholders replaced:
 *
 *   - {accept}: the valid Sec-WebSocket-Accept for the request
 *   - {self}: the URI of the faulty server
 *   - {ws} or {wss}: the URI of a second server, to which the faulty server redirects
 *   - {http}: that URI without its scheme, starting with the colon */
static char *
make_text (Cell    *cell,
           RawPeer *peer)
{
  const char *request = raw_peer_get_request (peer);
  g_autoptr (GString) text = g_string_new (cell->fault->data);
  g_autofree char *accept = NULL;

  if (request != NULL)
    {
      accept = raw_frame_make_accept (request);
      g_string_replace (text, "{accept}", accept, 0);
    }

  if (cell->elsewhere != NULL)
    {
      const char *uri = raw_server_get_uri (cell->elsewhere);

      g_string_replace (text, "{ws}", uri, 0);
      g_string_replace (text, "{wss}", uri, 0);
      g_string_replace (text, "{http}", uri + strlen ("ws"), 0);
    }

  g_string_replace (text, "{self}", raw_server_get_uri (cell->server), 0);

  return g_string_free (g_steal_pointer (&text), FALSE);
}

void
act_text (Cell    *cell,
          RawPeer *peer)
{
  g_autofree char *text = make_text (cell, peer);

  raw_peer_write_text (peer, text);
}

void
act_text_drop (Cell    *cell,
               RawPeer *peer)
{
  act_text (cell, peer);
  raw_peer_drop (peer);
}

void
act_text_flood (Cell    *cell,
                RawPeer *peer)
{
  guint i;

  raw_peer_gather (peer, TRUE);
  act_text (cell, peer);
  for (i = 0; i < cell->fault->number; i++)
    raw_peer_write_text (peer, "X-Filler: 0123456789012345678901234567890123456789012345678\r\n");
  raw_peer_gather (peer, FALSE);
}

void
act_accept_drip (Cell    *cell,
                 RawPeer *peer)
{
  raw_peer_drip (peer, 1);
  raw_peer_accept (peer);
}

void
act_challenge (Cell    *cell,
               RawPeer *peer)
{
  if (strstr (raw_peer_get_request (peer), CREDENTIALS) != NULL)
    raw_peer_accept (peer);
  else
    act_text (cell, peer);
}

void
act_hex (Cell    *cell,
         RawPeer *peer)
{
  g_autoptr (GByteArray) bytes = raw_frame_from_hex (cell->fault->data);

  raw_peer_write (peer, bytes->data, bytes->len);
}

void
act_hex_drip (Cell    *cell,
              RawPeer *peer)
{
  raw_peer_drip (peer, 1);
  act_hex (cell, peer);
}

void
act_hex_drop (Cell    *cell,
              RawPeer *peer)
{
  act_hex (cell, peer);
  act_drop (cell, peer);
}

void
act_hex_reset (Cell    *cell,
               RawPeer *peer)
{
  act_hex (cell, peer);
  act_reset (cell, peer);
}

void
act_hex_flood (Cell    *cell,
               RawPeer *peer)
{
  g_autoptr (GByteArray) bytes = raw_frame_from_hex (cell->fault->data);
  g_autoptr (GByteArray) flood = g_byte_array_new ();
  guint i;

  for (i = 0; i < cell->fault->number; i++)
    g_byte_array_append (flood, bytes->data, bytes->len);

  raw_peer_write (peer, flood->data, flood->len);
}

void
act_message (Cell    *cell,
             RawPeer *peer)
{
  g_autofree char *text = g_strnfill (cell->fault->number, 'x');

  raw_peer_send_text (peer, text);
}

static void
send_fragments (Cell    *cell,
                RawPeer *peer,
                guint8   last)
{
  g_autofree char *text = g_strnfill (600, 'x');
  g_autoptr (GByteArray) bytes = g_byte_array_new ();
  guint i;

  for (i = 1; i <= cell->fault->number; i++)
    raw_frame_append (bytes,
                      (i == 1 ? RAW_TEXT : 0) | (i == cell->fault->number ? last : 0),
                      text, 600);

  raw_peer_write (peer, bytes->data, bytes->len);
}

void
act_fragments (Cell    *cell,
               RawPeer *peer)
{
  send_fragments (cell, peer, RAW_FIN);
}

/* None of the fragments is the last of its message. */
void
act_endless (Cell    *cell,
             RawPeer *peer)
{
  send_fragments (cell, peer, 0);
}

void
act_close (Cell    *cell,
           RawPeer *peer)
{
  raw_peer_send_close (peer, cell->fault->number, cell->fault->data);
}

void
act_reply (Cell    *cell,
           RawPeer *peer)
{
  guint i;

  for (i = 0; i < cell->fault->number; i++)
    cell_reply (cell, peer);
}
