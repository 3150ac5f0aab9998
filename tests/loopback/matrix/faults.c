/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "acts.h"

/* Frames (RFC 6455, 5.2) are in the syntax of raw_frame_from_hex (). */

#define GOES_ON       { .end = END_NONE }
#define LOST          { .end = END_LOST, .code = 1006 }
#define FAILS(word)   { .end = END_LOST, .code = 1006, .error = word }
#define CLOSES(...)   { END_LOST, __VA_ARGS__ }
#define TOO_BIG       { .end = END_FINAL, .code = 1006, .error = "message-too-big" }

/* Errors outside of HbError, each with its domain and code */
#define BROKEN_FRAME  "soup-websocket-error-quark:1002"
#define BROKEN_TEXT   "soup-websocket-error-quark:1007"
#define TOO_MANY_PINGS "soup-websocket-error-quark:1008"
#define REFUSED       "g-io-error-quark:39"
#define RESET         "g-io-error-quark:44"
#define CUT_SHORT     "g-io-error-quark:34"
#define NO_HTTP       "soup-session-error-quark:0"
#define TLS_BROKEN    "g-tls-error-quark:1"
#define TLS_NONE      "g-tls-error-quark:3"

#define SWITCHING     "HTTP/1.1 101 Switching Protocols\r\n"
#define UPGRADE       "Upgrade: websocket\r\nConnection: Upgrade\r\n"
#define ACCEPT        "Sec-WebSocket-Accept: {accept}\r\n"
#define EMPTY         "Content-Length: 0\r\n\r\n"
#define MOVED         "HTTP/1.1 301 Moved Permanently\r\n"
#define ASKS          "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm=\"hb\"\r\n" EMPTY
#define TOO_MANY      "HTTP/1.1 429 Too Many Requests\r\n"
#define UNAVAILABLE   "HTTP/1.1 503 Service Unavailable\r\n"
#define FAR_FUTURE    "Fri, 01 Jan 2100 00:00:00 GMT"

#define HOUR          (3600 * 1000)

#define ATTEMPT(step, function, text) \
  .phase = PHASE_ ## step, .act = act_ ## function, .data = text
#define ANSWER(answer) \
  ATTEMPT (REQUEST, text, answer), .result = FAILS ("handshake")
#define LINK(function) \
  .phase = PHASE_LINK, .act = act_ ## function
#define FRAMES(frames) \
  LINK (hex), .data = frames
#define BREAKS(frames) \
  FRAMES (frames), .result = FAILS (BROKEN_FRAME)
/* pong-timeout detects a silent server. On a connection that is not marked ready, connect-timeout
 * does, because such a connection still counts as an attempt. While the task is closing,
 * close-timeout does. */
#define UNREADY_IS_ATTEMPT { IN (UNREADY), OVER_BOTH, FAILS ("connect-timeout") }
#define SILENT \
  .result = FAILS ("pong-timeout"), .slow = ANY_STATE, .but = { UNREADY_IS_ATTEMPT }
/* libsoup refuses the codes of FORBIDDEN only if the server begins the closing handshake. */
#define FORBIDDEN(code_) \
  LINK (close), .number = code_, .result = FAILS (BROKEN_FRAME), \
  .but = { { IN (CLOSING), OVER_BOTH, CLOSES (code_) } }
#define CLOSE_FRAME(code_) \
  LINK (close), .number = code_, .result = CLOSES (code_)

/* With a backlog, a reset follows the close frame. The result varies, because the task may find the
 * reset first, when it writes. */
#define NOT_BACKLOG \
  .without = IN (BACKLOG)

/* A frame that begins a message within another message breaks the protocol. */
#define IS_MESSAGE(words) \
  .messages = words, .but = { { IN (MIDWAY), OVER_BOTH, FAILS (BROKEN_FRAME) } }

const Fault faults[] = {

  /* Faults before and during the handshake */

  { "nobody", "does not listen on its port",
    .phase = PHASE_NOBODY, .result = FAILS (REFUSED) },
  { "silent-at-once", "accepts the connection and sends nothing",
    ATTEMPT (ACCEPT, pause, NULL), .result = FAILS ("connect-timeout"), .slow = ANY_STATE },
  { "gone-at-once", "accepts the connection and closes it",
    ATTEMPT (ACCEPT, drop, NULL), .result = FAILS (CUT_SHORT),
    .but = { { ANY_STATE, OVER_TLS, FAILS (TLS_NONE) } } },
  { "reset-at-once", "accepts the connection and resets it",
    ATTEMPT (ACCEPT, reset, NULL), .result = FAILS (RESET) },
  { "garbage-at-once", "sends garbage before it receives the request",
    ATTEMPT (ACCEPT, hex, "00 ff 13 37 de ad be ef 0d 0a 0d 0a 00 00 00 00"),
    .result = FAILS (NO_HTTP), .but = { { ANY_STATE, OVER_TLS, FAILS (TLS_BROKEN) } } },
  { "silent", "reads the request and does not answer",
    ATTEMPT (REQUEST, nothing, NULL), .result = FAILS ("connect-timeout"), .slow = ANY_STATE },
  { "silent-in-line", "stops sending in the first line of its response",
    ATTEMPT (REQUEST, text, "HTTP/1.1 101 Swit"), .result = FAILS ("connect-timeout"),
    .slow = ANY_STATE },
  { "silent-in-headers", "stops sending before the end of its headers",
    ATTEMPT (REQUEST, text, SWITCHING UPGRADE ACCEPT), .result = FAILS ("connect-timeout"),
    .slow = ANY_STATE },
  { "gone", "reads the request and closes the connection",
    ATTEMPT (REQUEST, drop, NULL), .result = FAILS (CUT_SHORT) },
  { "reset-asked", "reads the request and resets the connection",
    ATTEMPT (REQUEST, reset, NULL), .result = FAILS (RESET) },
  { "gone-in-headers", "closes the connection before the end of its headers",
    ATTEMPT (REQUEST, text_drop, SWITCHING UPGRADE "Sec-WebSocket-Ac"),
    .result = FAILS (NO_HTTP) },
  { "drip-answer", "sends a valid response byte by byte",
    ATTEMPT (REQUEST, accept_drip, NULL), .result = GOES_ON },
  { "garbage", "answers with garbage",
    ATTEMPT (REQUEST, text, "\x01\x02\xff\xfe nonsense\r\n\r\n"), .result = FAILS (NO_HTTP) },
  { "megabyte", "answers with a megabyte of headers",
    ATTEMPT (REQUEST, text_flood, SWITCHING UPGRADE ACCEPT), .number = 17000,
    .result = FAILS (CUT_SHORT) },

  /* Answers with a status other than 101 */

  { "200", "answers 200, with a page",
    ANSWER ("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi") },
  { "200-endless", "answers 200, with a page that does not end",
    ANSWER ("HTTP/1.1 200 OK\r\n\r\nonce upon a time") },
  { "301-ws", "redirects with 301 to another server, without TLS",
    ATTEMPT (REQUEST, text, MOVED "Location: {ws}\r\n" EMPTY), .result = GOES_ON,
    .but = { { ANY_STATE, OVER_TLS, FAILS ("handshake") } } },
  { "301-wss", "redirects with 301 to another server, with TLS",
    ATTEMPT (REQUEST, text, MOVED "Location: {wss}\r\n" EMPTY), .result = GOES_ON },
  { "301-loop", "redirects with 301 to itself",
    ANSWER (MOVED "Location: {self}\r\n" EMPTY) },
  { "301-http", "redirects with 301 to a URI with the scheme http",
    ATTEMPT (REQUEST, text, MOVED "Location: http{http}\r\n" EMPTY), .result = GOES_ON,
    .but = { { ANY_STATE, OVER_TLS, FAILS ("handshake") } } },
  { "301-mail", "redirects with 301 to a mailto URI",
    ANSWER (MOVED "Location: mailto:somebody@example.org\r\n" EMPTY) },
  { "301-nowhere", "answers 301, without a Location header",
    ANSWER (MOVED EMPTY) },
  { "401", "answers 401, and the application has no password",
    ANSWER (ASKS) },
  { "401-wrong", "answers 401, and refuses the application's password",
    ANSWER (ASKS), .number = 2 },
  { "401-right", "answers 401, and the application has the password",
    ATTEMPT (REQUEST, challenge, ASKS), .number = 1, .result = GOES_ON },
  { "403", "answers 403",
    ANSWER ("HTTP/1.1 403 Forbidden\r\n" EMPTY) },
  { "404", "answers 404",
    ANSWER ("HTTP/1.1 404 Not Found\r\n" EMPTY) },
  { "429", "answers 429",
    ANSWER (TOO_MANY EMPTY) },
  { "429-seconds", "answers 429, with a Retry-After of 120 seconds",
    ANSWER (TOO_MANY "Retry-After: 120\r\n" EMPTY), .delay = 120 * 1000 },
  { "429-date", "answers 429, with a Retry-After date in the far future",
    ANSWER (TOO_MANY "Retry-After: " FAR_FUTURE "\r\n" EMPTY), .delay = HOUR },
  { "429-nonsense", "answers 429, with the invalid Retry-After value “soon”",
    ANSWER (TOO_MANY "Retry-After: soon\r\n" EMPTY) },
  { "500-seconds", "answers 500, with a Retry-After of 120 seconds",
    ANSWER ("HTTP/1.1 500 Internal Server Error\r\nRetry-After: 120\r\n" EMPTY) },
  { "503", "answers 503",
    ANSWER (UNAVAILABLE EMPTY) },
  { "503-seconds", "answers 503, with a Retry-After of 120 seconds",
    ANSWER (UNAVAILABLE "Retry-After: 120\r\n" EMPTY), .delay = 120 * 1000 },
  { "503-date", "answers 503, with a Retry-After date in the far future",
    ANSWER (UNAVAILABLE "Retry-After: " FAR_FUTURE "\r\n" EMPTY), .delay = HOUR },
  { "503-past", "answers 503, with a Retry-After date in the past",
    ANSWER (UNAVAILABLE "Retry-After: Sat, 01 Jan 2000 00:00:00 GMT\r\n" EMPTY) },
  { "503-nonsense", "answers 503, with the invalid Retry-After value -5",
    ANSWER (UNAVAILABLE "Retry-After: -5\r\n" EMPTY) },

  /* Answers with status 101 that are invalid */

  { "wrong-accept", "answers 101, with a wrong Sec-WebSocket-Accept header",
    ANSWER (SWITCHING UPGRADE "Sec-WebSocket-Accept: AAAAAAAAAAAAAAAAAAAAAAAAAAA=\r\n\r\n") },
  { "no-accept", "answers 101, without the Sec-WebSocket-Accept header",
    ANSWER (SWITCHING UPGRADE "\r\n") },
  { "no-upgrade", "answers 101, without the Upgrade header",
    ANSWER (SWITCHING "Connection: Upgrade\r\n" ACCEPT "\r\n") },
  { "no-connection", "answers 101, without the Connection header",
    ANSWER (SWITCHING "Upgrade: websocket\r\n" ACCEPT "\r\n") },
  { "other-upgrade", "answers 101, with an upgrade to another protocol",
    ANSWER (SWITCHING "Upgrade: h2c\r\nConnection: Upgrade\r\n" ACCEPT "\r\n") },
  { "unasked-protocol", "answers 101, with a subprotocol that was not offered",
    ANSWER (SWITCHING UPGRADE ACCEPT "Sec-WebSocket-Protocol: chat\r\n\r\n") },
  { "unasked-extension", "answers 101, with an extension that was not offered",
    ANSWER (SWITCHING UPGRADE ACCEPT "Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n") },

  /* Faults of the TCP or TLS connection */

  { "fin", "closes the connection without a close frame",
    LINK (drop), .result = LOST,
    /* If the server has not read all bytes, the kernel sends a reset: RFC 2525, 2.17. */
    .but = { { IN (BACKLOG), OVER_BOTH, FAILS (RESET) } } },
  { "cut", "closes the connection without TLS's close_notify",
    LINK (cut), .result = LOST,
    .but = { { IN (BACKLOG), OVER_BOTH, FAILS (RESET) } } },
  { "half-close", "closes its half of the connection",
    LINK (half_close), .result = LOST },
  { "rst", "resets the connection",
    LINK (reset), .result = FAILS (RESET) },
  { "mute", "continues to read, but stops sending",
    LINK (nothing), SILENT },
  { "stuck", "stops reading and sending",
    LINK (pause), SILENT },

  /* Faults with pings and their replies */

  { "pong-late", "replies to a ping after the task has dropped the connection",
    LINK (nothing), SILENT, .is_late = TRUE,
    .without = IN (LAST) | IN (BACKLOG) | IN (CLOSING) | IN (LEFT) },
  { "pong-twice", "sends two replies to one ping, or two pongs without a ping",
    LINK (reply), .number = 2, .result = GOES_ON, .without = IN (MIDWAY) },
  { "pong-strange", "sends a pong whose payload differs from that of the ping",
    FRAMES ("8a 03 3f3f3f"), .result = GOES_ON },
  { "ping-flood", "sends a thousand pings at once",
    LINK (hex_flood), .data = "89 04 70696e67", .number = 1000, .result = GOES_ON,
    .n_pongs = 1000, .n_kept = 64 },
  { "ping-torrent", "sends three thousand pings, and does not read the pongs",
    LINK (hex_flood), .data = "89 04 70696e67", .number = 3000, .result = FAILS (TOO_MANY_PINGS),
    .without = ~IN (BACKLOG) },
  { "ping-long", "sends a ping of 125 bytes",
    FRAMES ("89 7d 61*125"), .result = GOES_ON, .n_pongs = 1 },

  /* Valid messages, most of them in unusual forms */

  { "text", "sends a message",
    FRAMES ("81 02 6869"), .result = GOES_ON, IS_MESSAGE ("message:text:hi") },
  { "text-empty", "sends an empty message",
    FRAMES ("81 00"), .result = GOES_ON, IS_MESSAGE ("message:text:") },
  { "text-drip", "sends a message byte by byte",
    LINK (hex_drip), .data = "81 05 68656c6c6f", .result = GOES_ON,
    IS_MESSAGE ("message:text:hello") },
  { "text-fragments", "sends a message in empty fragments and fragments of one byte",
    FRAMES ("01 01 68  00 01 65  00 00  00 01 6c  00 01 6c  80 01 6f"), .result = GOES_ON,
    IS_MESSAGE ("message:text:hello") },
  { "text-fragments-drip", "sends the same fragments byte by byte",
    LINK (hex_drip), .data = "01 01 68  00 01 65  00 00  00 01 6c  00 01 6c  80 01 6f",
    .result = GOES_ON, IS_MESSAGE ("message:text:hello") },
  { "text-cut-character", "splits a character between two fragments",
    FRAMES ("01 02 68c3  80 01 a4"), .result = GOES_ON, IS_MESSAGE ("message:text:hä") },
  { "ping-amid", "sends a ping between two fragments",
    FRAMES ("01 01 68  89 01 3f  80 01 69"), .result = GOES_ON, .n_pongs = 1,
    IS_MESSAGE ("message:text:hi") },
  { "exact", "sends a message of exactly max-message-size",
    LINK (message), .number = 1000, .limit = 1000, .result = GOES_ON,
    IS_MESSAGE ("message:text:1000") },

  /* Frames that break the protocol */

  { "masked", "masks a frame", BREAKS ("81 82 00000000 6869") },
  { "rsv1", "sets the first reserved bit", BREAKS ("c1 02 6869") },
  { "rsv2", "sets the second reserved bit", BREAKS ("a1 02 6869") },
  { "rsv3", "sets the third reserved bit", BREAKS ("91 02 6869") },
  { "opcode-3", "uses the reserved opcode 3", BREAKS ("83 02 6869") },
  { "opcode-7", "uses the reserved opcode 7", BREAKS ("87 02 6869") },
  { "opcode-11", "uses the reserved opcode 11", BREAKS ("8b 02 6869") },
  { "opcode-15", "uses the reserved opcode 15", BREAKS ("8f 02 6869") },
  { "ping-fragment", "fragments a ping", BREAKS ("09 01 3f") },
  { "pong-fragment", "fragments a pong", BREAKS ("0a 01 3f") },
  { "close-fragment", "fragments a close frame", BREAKS ("08 02 03e8") },
  { "continuation", "sends a continuation frame outside of a message",
    BREAKS ("80 02 6869"), .without = IN (MIDWAY) },
  { "interrupted", "begins a message within another",
    BREAKS ("01 02 6869  81 02 6869") },
  { "length-16", "uses 16 bits for a length that fits into 7", BREAKS ("81 7e 0002 6869") },
  { "length-64", "uses 64 bits for a length that fits into 16",
    BREAKS ("81 7f 0000000000000100 6869") },
  { "http-amid", "sends an HTTP response on the open connection",
    BREAKS ("485454502f312e31203430300d0a 0d0a*80") },
  { "not-utf8", "sends a text that is not UTF-8",
    FRAMES ("81 03 68c328"), .result = FAILS (BROKEN_TEXT),
    .but = { { IN (MIDWAY), OVER_BOTH, FAILS (BROKEN_FRAME) } } },
  { "not-utf8-cut", "sends a text that is not UTF-8, in two fragments",
    FRAMES ("01 02 68c3  80 01 28"), .result = FAILS (BROKEN_TEXT),
    .but = { { IN (MIDWAY), OVER_BOTH, FAILS (BROKEN_FRAME) } } },

  /* Wrong lengths, and messages that are too long or do not end */

  { "length-stall", "announces more bytes than it sends, and stops sending",
    FRAMES ("81 64 6869"), SILENT },
  { "length-fin", "announces more bytes than it sends, and closes the connection",
    LINK (hex_drop), .data = "81 64 6869", .result = LOST,
    .but = { { IN (BACKLOG), OVER_BOTH, FAILS (RESET) } } },
  { "length-63", "announces 2⁶³ - 1 bytes",
    FRAMES ("81 7f 7fffffffffffffff 6869"), .result = TOO_BIG },
  { "length-msb", "announces 2⁶⁴ - 1 bytes",
    FRAMES ("81 7f ffffffffffffffff 6869"), .result = TOO_BIG },
  { "length-63-no-limit", "announces 2⁶³ - 1 bytes, and max-message-size is 0",
    FRAMES ("81 7f 7fffffffffffffff 6869"), .limit = NO_LIMIT, .result = TOO_BIG },
  { "length-msb-no-limit", "announces 2⁶⁴ - 1 bytes, and max-message-size is 0",
    FRAMES ("81 7f ffffffffffffffff 6869"), .limit = NO_LIMIT, .result = TOO_BIG },
  { "over", "sends a message that is one byte longer than max-message-size",
    LINK (message), .number = 1001, .limit = 1000, .result = TOO_BIG },

  { "over-fragments", "sends a message longer than max-message-size in shorter fragments",
    LINK (fragments), .number = 2, .limit = 1000, .result = TOO_BIG,
    .but = { { IN (MIDWAY), OVER_BOTH, FAILS (BROKEN_FRAME) } } },
  { "endless", "sends fragments of a message that does not end",
    LINK (endless), .number = 1000, .limit = 1000, .result = TOO_BIG,
    .but = { { IN (MIDWAY), OVER_BOTH, FAILS (BROKEN_FRAME) } } },
  { "endless-short", "sends a thousand fragments, and stops before the message is too long",
    LINK (endless), .number = 1000, .result = FAILS ("pong-timeout"), .slow = ANY_STATE,
    .but = { { IN (MIDWAY), OVER_BOTH, FAILS (BROKEN_FRAME) }, UNREADY_IS_ATTEMPT } },

  /* Close frames, a ping that is too long, and two frames in a row */

  { "close-1000", "closes with 1000", CLOSE_FRAME (1000) },
  { "close-1001", "closes with 1001", CLOSE_FRAME (1001) },
  { "close-1002", "closes with 1002", CLOSE_FRAME (1002) },
  { "close-1003", "closes with 1003", CLOSE_FRAME (1003) },
  { "close-1004", "closes with 1004, which is reserved", FORBIDDEN (1004) },
  { "close-1005", "closes with 1005, which is never valid in a frame",
    LINK (close), .number = 1005, .result = FAILS (BROKEN_FRAME) },
  { "close-1006", "closes with 1006, which is never valid in a frame",
    LINK (close), .number = 1006, .result = FAILS (BROKEN_FRAME) },
  { "close-1007", "closes with 1007", CLOSE_FRAME (1007) },
  { "close-1008", "closes with 1008", CLOSE_FRAME (1008) },
  { "close-1009", "closes with 1009, because a message was too big",
    LINK (close), .number = 1009, .result = CLOSES (1009, NULL, "message-refused") },
  { "close-1010", "closes with 1010", CLOSE_FRAME (1010) },
  { "close-1011", "closes with 1011", CLOSE_FRAME (1011) },
  { "close-1012", "closes with 1012", CLOSE_FRAME (1012) },
  { "close-1013", "closes with 1013", CLOSE_FRAME (1013) },
  { "close-1014", "closes with 1014", CLOSE_FRAME (1014) },
  { "close-1015", "closes with 1015, which is never valid in a frame",
    LINK (close), .number = 1015, .result = FAILS (BROKEN_FRAME) },
  { "close-1016", "closes with 1016, which is not assigned", FORBIDDEN (1016) },
  { "close-2999", "closes with 2999, which is not assigned", FORBIDDEN (2999) },
  { "close-3000", "closes with 3000", CLOSE_FRAME (3000) },
  { "close-4000", "closes with 4000 and a reason",
    LINK (close), .number = 4000, .data = "kicked", .result = CLOSES (4000, "kicked") },
  { "close-4999", "closes with 4999", CLOSE_FRAME (4999) },
  { "close-5000", "closes with 5000, which is not a valid code", FORBIDDEN (5000) },
  { "close-none", "closes without a code",
    LINK (close), .number = 0, .result = CLOSES (1005),
    /* libsoup does not report this close frame, and waits for the end of the connection. */
    .but = { { IN (CLOSING), OVER_BOTH, LOST } }, .slow = IN (CLOSING) },
  { "close-zero", "closes with 0", BREAKS ("88 02 0000") },
  { "close-one-byte", "closes with a single byte instead of a code", BREAKS ("88 01 03") },
  { "close-not-utf8", "closes with a reason that is not UTF-8", BREAKS ("88 04 03e8 c328") },
  { "close-long", "closes with a reason that is too long for a control frame",
    FRAMES ("88 7e 007e 03e8 61*124"), .result = LOST,
    .but = { { ~IN (CLOSING), OVER_BOTH, FAILS (BROKEN_FRAME), .since = NEWEST_SOUP } } },
  { "ping-too-long", "sends a ping of 126 bytes",
    BREAKS ("89 7e 007e 61*126"),
    .but = { { IN (CLOSING), OVER_BOTH, LOST, .since = NEWEST_SOUP },
             { IN (CLOSING), OVER_BOTH, GOES_ON } } },
  { "close-then-data", "sends a message after its close frame",
    FRAMES ("88 02 03e8  81 02 6869"), .result = CLOSES (1000) },
  { "close-twice", "sends two close frames",
    FRAMES ("88 02 03e8  88 02 0fa0"), .result = CLOSES (1000) },
  { "text-then-close", "sends a message, and then a close frame",
    FRAMES ("81 02 6869  88 02 03e8"), .result = CLOSES (1000), IS_MESSAGE ("message:text:hi") },
  { "text-then-broken", "sends a message, and then an invalid frame",
    FRAMES ("81 02 6869  83 00"), .result = FAILS (BROKEN_FRAME), IS_MESSAGE ("message:text:hi") },
  { "close-then-fin", "closes with 1001, and does not wait for the answer",
    LINK (hex_drop), .data = "88 02 03e9", .result = CLOSES (1001), NOT_BACKLOG },
  { "close-then-rst", "closes with 1001, and resets the connection",
    LINK (hex_reset), .data = "88 02 03e9", .result = CLOSES (1001), NOT_BACKLOG },
};

const guint n_faults = G_N_ELEMENTS (faults);
