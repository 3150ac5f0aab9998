/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "socket.h"

/* The WebSocket over which the page controls the server.
 *
 * Any website that the user of this machine visits can open WebSockets to 127.0.0.1, so the server
 * accepts only the origins of its own page. A script cannot change the header Origin. A comparison
 * of Origin with the header Host would not be enough, because an attacker's domain name can resolve
 * to 127.0.0.1, and both headers then contain that name. */

#define PATH     "/control"
#define PROTOCOL "hb-control"

typedef struct
{
  EchoSocket              *socket;
  SoupWebsocketConnection *connection; /* (owned) */
  EchoWatcher             *watcher;    /* (owned) */
} Page;

struct _EchoSocket
{
  EchoControl *control;
  GPtrArray   *pages;      /* (owned) (element-type Page) */
  char        *origins[3]; /* (owned) (array zero-terminated=1) */
};

static void
page_free (Page *self)
{
  g_signal_handlers_disconnect_by_data (self->connection, self);
  echo_watcher_free (self->watcher);
  g_object_unref (self->connection);
  g_free (self);
}

static void
send_cb (gpointer    user_data,
         const char *json)
{
  Page *self = user_data;

  if (soup_websocket_connection_get_state (self->connection) == SOUP_WEBSOCKET_STATE_OPEN)
    soup_websocket_connection_send_text (self->connection, json);
}

/* Handles a binary message as an empty command, so that the page gets an error as the reply. */
static void
on_message (Page                  *self,
            SoupWebsocketDataType  type,
            GBytes                *message)
{
  g_autoptr (GBytes) nothing = g_bytes_new (NULL, 0);

  echo_watcher_command (self->watcher, type == SOUP_WEBSOCKET_DATA_TEXT ? message : nothing);
}

static void
on_closed (Page *self)
{
  g_ptr_array_remove_fast (self->socket->pages, self);
}

static void
request_cb (SoupServer        *soup,
            SoupServerMessage *message,
            const char        *path,
            GHashTable        *query,
            gpointer           user_data)
{
  EchoSocket *self = user_data;
  SoupMessageHeaders *headers = soup_server_message_get_request_headers (message);
  const char *origin = soup_message_headers_get_one (headers, "Origin");

  if (origin == NULL || !g_strv_contains ((const char *const *) self->origins, origin))
    soup_server_message_set_status (message, SOUP_STATUS_FORBIDDEN, NULL);
}

static void
websocket_cb (SoupServer              *soup,
              SoupServerMessage       *message,
              const char              *path,
              SoupWebsocketConnection *connection,
              gpointer                 user_data)
{
  EchoSocket *self = user_data;
  Page *page = g_new0 (Page, 1);

  page->socket = self;
  page->connection = g_object_ref (connection);
  page->watcher = echo_control_watch (self->control, send_cb, page);
  g_ptr_array_add (self->pages, page);

  soup_websocket_connection_set_max_incoming_payload_size (connection, ECHO_MAX_COMMAND);
  g_signal_connect_swapped (connection, "message", G_CALLBACK (on_message), page);
  g_signal_connect_swapped (connection, "closed", G_CALLBACK (on_closed), page);
}

EchoSocket *
echo_socket_new (EchoControl *control,
                 SoupServer  *soup,
                 guint16      port)
{
  char *protocols[] = { (char *) PROTOCOL, NULL };
  EchoSocket *self = g_new0 (EchoSocket, 1);

  self->control = control;
  self->origins[0] = g_strdup_printf ("http://127.0.0.1:%u", port);
  self->origins[1] = g_strdup_printf ("http://localhost:%u", port);
  self->pages = g_ptr_array_new_with_free_func ((GDestroyNotify) page_free);

  soup_server_add_handler (soup, PATH, request_cb, self, NULL);
  soup_server_add_websocket_handler (soup, PATH, NULL, protocols, websocket_cb, self, NULL);

  return self;
}

void
echo_socket_free (EchoSocket *self)
{
  g_ptr_array_unref (self->pages);
  g_free (self->origins[0]);
  g_free (self->origins[1]);
  g_free (self);
}
