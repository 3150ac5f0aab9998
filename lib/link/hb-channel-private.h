/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <libsoup/soup.h>

#include "hb-event-private.h"
#include "hb-handlers-private.h"

G_BEGIN_DECLS

/* @data: the object of the implementation */
typedef struct
{
  /* Whether the channel emits HB_EVENT_ACTIVITY for received bytes. If not, the link emits it for
   * each message and pong. */
  gboolean reports_activity;

  /* Returns whether a message may be sent now. If not, HB_EVENT_WRITABLE follows, unless the
   * connection ends. The result may be FALSE without a previous HB_EVENT_BLOCKED, because a pong
   * that libsoup writes while bytes are read may block the channel, and no event can be emitted
   * within a write. */
  gboolean (* may_send)             (gpointer   data);

  /* Sends a message or a ping. Sets @span to its position. If the span of a message is empty, the
   * connection has failed or is closing. Returns whether another frame could be sent without
   * waiting in the channel. Emits no event. */
  gboolean (* send)                 (gpointer   data,
                                     HbOpcode   opcode,
                                     GBytes    *payload,
                                     HbSpan    *span);

  /* Returns the position before which all bytes count as written. */
  guint64  (* get_written)          (gpointer   data);

  /* Begins to read which bytes the peer's TCP has acknowledged. This function and the next two
   * are NULL if the channel does not know which bytes the kernel has accepted. */
  void     (* begin_acknowledgements) (gpointer data);

  /* Stops reading acknowledgements. @get_acknowledged then returns the last position. */
  void     (* end_acknowledgements) (gpointer   data);

  /* Returns the position before which the peer's TCP has received all bytes. Sets @round_trip to
   * the round-trip time in microseconds, or to 0 if it is not known. */
  guint64  (* get_acknowledged)     (gpointer   data,
                                     guint     *round_trip);

  /* Writes the gathered bytes now. */
  void     (* flush)                (gpointer   data);

  /* Ends a pause of reading. Returns whether reading was paused. */
  gboolean (* read_on)              (gpointer   data);

  /* Starts or stops reading the socket, if the channel can. While reading is stopped, the end of
   * the connection is not reported either, because earlier bytes may be unread. */
  void     (* set_reading)          (gpointer   data,
                                     gboolean   is_reading);

  /* Limits the size of a received message, in bytes. Where possible, this is the size of all its
   * fragments together, after inflation. */
  void     (* set_max_message_size) (gpointer   data,
                                     guint64    bytes);

  /* Limits the payload of a frame, in bytes, in messages that are sent afterwards. Has no effect
   * if libsoup makes the frames. G_MAXSIZE means no limit. */
  void     (* set_fragment_size)    (gpointer   data,
                                     gsize      bytes);

  /* Lets a direct channel emit HB_EVENT_MESSAGE and HB_EVENT_PONG itself where it can. Until it is
   * detached, the channel ensures that @handlers, which handle libsoup's signals, are connected
   * whenever libsoup reads. If the channel is not direct, its owner must keep them connected. */
  void     (* open_fast_lane)       (gpointer    data,
                                     HbHandlers *handlers);

  /* Stops emitting events. */
  void     (* detach)               (gpointer   data);

  void     (* free)                 (gpointer   data);
} HbChannelFuncs;

/* Carries frames between a connection and its socket, either through streams of this library
 * (hb-stream), or through those of libsoup (hb-fallback). A channel may emit HB_EVENT_ACTIVITY,
 * _PROGRESS, _BLOCKED, _WRITABLE, _DELIVERY and _DELIVERED, and a direct one also _MESSAGE and
 * _PONG. */
typedef struct
{
  const HbChannelFuncs *funcs;
  gpointer              data;
  gboolean              is_direct; /* Messages may be sent at any time. libsoup does not send them,
                                    * so sending runs no handler of its signals. */
} HbChannel;

void     hb_channel_open    (HbChannel                *self,
                             SoupWebsocketConnection **connection,
                             GSocket                  *socket,
                             GMainContext             *context,
                             HbEventFunc               func,
                             gpointer                  user_data);
void     hb_channel_clear   (HbChannel                *self);

/* For the implementations */
gboolean hb_channel_is_open (SoupWebsocketConnection  *connection);
void     hb_channel_send    (SoupWebsocketConnection  *connection,
                             GMainContext             *context,
                             HbOpcode                  opcode,
                             GBytes                   *payload);

G_END_DECLS
