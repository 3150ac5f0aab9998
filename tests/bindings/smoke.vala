// SPDX-License-Identifier: LGPL-2.1-or-later

// Uses the whole of the API from Vala. The argument is the URI of a peer, see peer.c.

const int PATIENCE = 5; // seconds
const string NOWHERE = "ws://127.0.0.1:9/";
const Soup.WebsocketDataType TEXT = Soup.WebsocketDataType.TEXT;
const Soup.WebsocketDataType BINARY = Soup.WebsocketDataType.BINARY;

string uri;

delegate bool Condition ();

delegate void Attempt () throws Error;

// Runs the main loop in the middle of a function.
void wait (Condition condition)
{
  bool late = false;
  uint alarm = Timeout.add_seconds (PATIENCE, () => {
    late = true;
    return Source.CONTINUE;
  });

  while (!condition ())
    {
      MainContext.default ().iteration (true);
      assert (!late);
    }

  Source.remove (alarm);
}

Hb.Error fail (Attempt attempt)
{
  try
    {
      attempt ();
    }
  catch (Hb.Error error)
    {
      return error;
    }
  catch (Error error)
    {
      GLib.error ("%s", error.message);
    }

  assert_not_reached ();
}

void test_version ()
{
  assert (Hb.get_major_version () == Hb.MAJOR_VERSION);
  assert (Hb.get_minor_version () == Hb.MINOR_VERSION);
  assert (Hb.get_micro_version () == Hb.MICRO_VERSION);
  assert (Hb.VERSION_S.has_prefix (@"$(Hb.MAJOR_VERSION).$(Hb.MINOR_VERSION)."));
  assert (Hb.check_version (Hb.MAJOR_VERSION, Hb.MINOR_VERSION, Hb.MICRO_VERSION) == null);
  assert ("too old" in Hb.check_version (Hb.MAJOR_VERSION + 1, 0, 0));
}

void test_enums ()
{
  Hb.State[] states = {
    Hb.State.CONNECTING, Hb.State.OPEN, Hb.State.CLOSING, Hb.State.CLOSED, Hb.State.WAITING
  };

  for (int i = 0; i < states.length; i++)
    assert (states[i] == i);

  assert (Hb.HeartbeatMode.MESSAGE != Hb.HeartbeatMode.PING);
  assert (Hb.Liveness.ANY != Hb.Liveness.REPLY);
  assert (Hb.Overflow.FAIL < Hb.Overflow.DROP_OLDEST);
  assert (Hb.Overflow.DROP_OLDEST < Hb.Overflow.DROP_NEWEST);
  assert ((Hb.SendFlags.DEFAULT | Hb.SendFlags.VOLATILE) == Hb.SendFlags.VOLATILE);
  assert (Hb.Error.quark () != 0);
}

void test_error_codes ()
{
  Error[] errors = {
    new Hb.Error.INVALID_URI (""), new Hb.Error.INVALID_ARGUMENT (""),
    new Hb.Error.CONNECT_TIMEOUT (""), new Hb.Error.HANDSHAKE (""),
    new Hb.Error.PONG_TIMEOUT (""), new Hb.Error.MESSAGE_TOO_BIG (""),
    new Hb.Error.CLOSED (""), new Hb.Error.NOT_OPEN (""), new Hb.Error.QUEUE_FULL (""),
    new Hb.Error.REPEAT_LIMIT ("")
  };

  for (int i = 0; i < errors.length; i++)
    assert (errors[i].matches (Hb.Error.quark (), i));
}

void test_properties ()
{
  var task = new Hb.WebsocketTask (null);
  int n_told = 0;

  task.notify.connect (() => n_told++);

  assert (task.uri == null && task.get_uri () == null);
  task.uri = uri;
  task.set_uri (null);
  assert (task.uri == null);

  assert (task.protocols == null && task.get_protocols () == null);
  task.protocols = { "chat", "superchat" };
  assert (task.get_protocols ()[1] == "superchat");
  task.set_protocols (null);
  assert (task.protocols == null);

  assert (task.origin == null);
  task.origin = "https://example.org";
  assert (task.get_origin () == "https://example.org");
  task.set_origin (null);
  assert (task.origin == null);

  assert (!task.compression);
  task.compression = true;
  assert (task.get_compression ());
  task.set_compression (false);

  assert (task.heartbeat_mode == Hb.HeartbeatMode.MESSAGE);
  task.heartbeat_mode = Hb.HeartbeatMode.PING;
  assert (task.get_heartbeat_mode () == Hb.HeartbeatMode.PING);
  task.set_heartbeat_mode (Hb.HeartbeatMode.MESSAGE);

  assert (task.liveness == Hb.Liveness.ANY);
  task.liveness = Hb.Liveness.REPLY;
  assert (task.get_liveness () == Hb.Liveness.REPLY);
  task.set_liveness (Hb.Liveness.ANY);

  assert (task.ping_timeout == 15000);
  task.ping_timeout = 1;
  assert (task.get_ping_timeout () == 1);
  task.set_ping_timeout (2);

  assert (task.pong_timeout == 10000);
  task.pong_timeout = 1;
  assert (task.get_pong_timeout () == 1);
  task.set_pong_timeout (2);

  assert (task.ping_message == "heartbeat");
  task.ping_message = "ping";
  assert (task.get_ping_message () == "ping");
  task.set_ping_message ("again");

  assert (task.pong_message == null);
  task.pong_message = "pong";
  assert (task.get_pong_message () == "pong");
  task.set_pong_message (null);

  assert (task.reconnect_timeout == 2000);
  task.reconnect_timeout = 1;
  assert (task.get_reconnect_timeout () == 1);
  task.set_reconnect_timeout (2);

  assert (task.reconnect_timeout_max == 0);
  task.reconnect_timeout_max = 1;
  assert (task.get_reconnect_timeout_max () == 1);
  task.set_reconnect_timeout_max (2);

  assert (task.reconnect_jitter == 0.0);
  task.reconnect_jitter = 0.5;
  assert (task.get_reconnect_jitter () == 0.5);
  task.set_reconnect_jitter (1.0);

  assert (task.repeat_limit == -1);
  task.repeat_limit = 1;
  assert (task.get_repeat_limit () == 1);
  task.set_repeat_limit (2);

  assert (task.min_uptime == 5000);
  task.min_uptime = 1;
  assert (task.get_min_uptime () == 1);
  task.set_min_uptime (2);

  assert (task.connect_timeout == 10000);
  task.connect_timeout = 1;
  assert (task.get_connect_timeout () == 1);
  task.set_connect_timeout (2);

  assert (task.close_timeout == 2000);
  task.close_timeout = 1;
  assert (task.get_close_timeout () == 1);
  task.set_close_timeout (2);

  assert (task.max_message_size == 16 * 1024 * 1024);
  task.max_message_size = 1ULL << 40;
  assert (task.get_max_message_size () == 1ULL << 40);
  task.set_max_message_size (2);

  assert (task.max_buffered_amount == 8 * 1024 * 1024);
  task.max_buffered_amount = 1ULL << 40;
  assert (task.get_max_buffered_amount () == 1ULL << 40);
  task.set_max_buffered_amount (2);

  assert (task.overflow == Hb.Overflow.FAIL);
  task.overflow = Hb.Overflow.DROP_OLDEST;
  assert (task.get_overflow () == Hb.Overflow.DROP_OLDEST);
  task.set_overflow (Hb.Overflow.DROP_NEWEST);

  assert (task.network_aware);
  task.network_aware = false;
  assert (!task.get_network_aware ());
  task.set_network_aware (true);

  assert (n_told == 2 * 21);

  assert (task.session == null && task.get_session () == null);
  assert (task.state == Hb.State.CLOSED && task.get_state () == Hb.State.CLOSED);
  assert (task.connection == null && task.get_connection () == null);
  assert (task.protocol == null && task.get_protocol () == null);
  assert (task.attempt == 0 && task.get_attempt () == 0);
  assert (task.reconnect_at == -1 && task.get_reconnect_at () == -1);
  assert (task.buffered_amount == 0 && task.get_buffered_amount () == 0);
  assert (task.latency == -1 && task.get_latency () == -1);
  assert (task.downtime == 0 && task.get_downtime () == 0);
  assert (task.http_status == 0 && task.get_http_status () == 0);

  var session = new Soup.Session ();
  var other = (Hb.WebsocketTask) Object.new (typeof (Hb.WebsocketTask), "session", session);

  assert (other.session == session);
}

async void test_errors () throws Error
{
  var task = new Hb.WebsocketTask (uri);
  var payload = new Bytes ("text".data);
  var no_text = new Bytes ({ 0xff });

  assert (fail (() => task.send_text ("text")) is Hb.Error.CLOSED);
  assert (fail (() => task.send_bytes (payload)) is Hb.Error.CLOSED);
  assert (fail (() => task.send_message (TEXT, payload, Hb.SendFlags.DEFAULT)) is Hb.Error.CLOSED);

  try
    {
      yield task.send_message_async (TEXT, payload, Hb.SendFlags.DEFAULT, null);
      assert_not_reached ();
    }
  catch (Hb.Error.CLOSED error)
    {
    }

  task.open ();
  assert (fail (() => task.send_message (TEXT, payload, Hb.SendFlags.VOLATILE))
          is Hb.Error.NOT_OPEN);
  assert (fail (() => task.send_message (TEXT, no_text, Hb.SendFlags.DEFAULT))
          is Hb.Error.INVALID_ARGUMENT);

  try
    {
      yield task.close_async (1, "no such code", null);
      assert_not_reached ();
    }
  catch (Hb.Error.INVALID_ARGUMENT error)
    {
    }

  task.close (1000, null);
  assert (task.state == Hb.State.CLOSED);

  task.uri = "http://example.org/";
  try
    {
      yield task.open_async (null);
      assert_not_reached ();
    }
  catch (Hb.Error.INVALID_URI error)
    {
    }
}

async void test_error_signal () throws Error
{
  var task = new Hb.WebsocketTask (uri.replace ("/ws", "/not-there"));
  Error[] errors = {};

  task.repeat_limit = 0;
  task.error.connect ((error) => errors += error);

  try
    {
      yield task.open_async (null);
      assert_not_reached ();
    }
  catch (Hb.Error.REPEAT_LIMIT error)
    {
    }

  assert (errors.length == 2);
  assert (errors[0] is Hb.Error.HANDSHAKE);
  assert (errors[1] is Hb.Error.REPEAT_LIMIT);
  assert (task.http_status == 404);
}

async void test_cancellable () throws Error
{
  var task = new Hb.WebsocketTask (NOWHERE);
  var cancellable = new Cancellable ();

  Idle.add (() => {
    cancellable.cancel ();
    return Source.REMOVE;
  });

  try
    {
      yield task.open_async (cancellable);
      assert_not_reached ();
    }
  catch (IOError.CANCELLED error)
    {
    }

  assert (task.state == Hb.State.CLOSED);
}

// `open` and `close` are methods and signals, and one member in Vala: a call of it has to call the
// method, which opens and closes, and not to emit the signal, which would do neither.
void test_conversation () throws Error
{
  var task = new Hb.WebsocketTask (uri);
  var log = new GenericArray<string> ();
  string states = "";
  size_t size = 0;

  task.protocols = { "chat" };
  task.open.connect (() => log.add ("open"));
  task.message.connect ((type, message) => {
    size += message.get_size ();
    log.add (type == TEXT ? "a text" : "a binary");
  });
  task.message["text"].connect ((type, message) => log.add ((string) message.get_data ()));
  task.message["binary"].connect ((type, message) => log.add (@"$(message.get_data ()[2])"));
  task.close.connect ((code, reason) => log.add (@"$code $reason"));
  task.notify["state"].connect (() => states += @"$((int) task.state)");

  task.open ();
  assert (task.state == Hb.State.CONNECTING);
  assert (log.length == 0);
  wait (() => log.length == 1);
  assert (log[0] == "open");
  assert (task.connection.state == Soup.WebsocketState.OPEN);
  assert (task.protocol == "chat");
  assert (task.http_status == 101);

  assert (task.send_text ("höß"));
  assert (task.send_bytes (new Bytes ({ 'a', 0, 'b' })));
  assert (task.send_message (TEXT, new Bytes ({ 'a', 0, 'b' }), Hb.SendFlags.DEFAULT));
  assert (task.send_message (BINARY, new Bytes ({ 'a', 0, 'b' }), Hb.SendFlags.VOLATILE));
  wait (() => log.length == 9);
  assert (string.joinv ("|", log.data) == "open|a text|höß|a binary|98|a text|a|a binary|98");
  assert (size == 5 + 3 * 3);

  task.close (1000, "bye");
  assert (task.state == Hb.State.CLOSING);
  assert (log.length == 9);
  wait (() => task.state == Hb.State.CLOSED);
  assert (log.length == 10);
  assert (log[9] == "1000 bye");
  assert (states == "0123");
}

async void test_async () throws Error
{
  var task = new Hb.WebsocketTask (uri);

  assert (yield task.open_async (null));
  assert (yield task.send_message_async (TEXT, new Bytes ("one".data), Hb.SendFlags.DEFAULT, null));
  assert (task.send_text ("two"));
  assert (yield task.flush_async (null));
  assert (yield task.close_async (1000, null, null));
  assert (task.state == Hb.State.CLOSED);
}

void test_headers () throws Error
{
  var task = new Hb.WebsocketTask (uri);
  string answers = "";
  int n_requests = 0;

  task.get_request_headers ().append ("X-Token", "secret");
  task.connecting.connect ((message) => {
    n_requests++;
    message.request_headers.append ("X-Attempt", @"$n_requests");
  });
  task.message.connect ((type, message) => answers += (string) message.get_data () + " ");

  task.open ();
  task.send_text ("header X-Token");
  task.send_text ("header X-Attempt");
  wait (() => answers == "secret 1 ");
  task.close (1000, null);
}

// Tells when the functions that hold it are gone.
class Token
{
  public static int n_alive = 0;

  public Token ()
  {
    n_alive++;
  }

  ~Token ()
  {
    n_alive--;
  }
}

void set_ping_func (Hb.WebsocketTask task,
                    string?          text)
{
  var token = new Token ();

  task.set_ping_func ((source) => {
    assert (source == task && token != null);
    return text;
  });
}

void test_heartbeat () throws Error
{
  var task = new Hb.WebsocketTask (uri);
  Error? last_error = null;

  task.pong_message = "pong";
  task.liveness = Hb.Liveness.REPLY;
  task.open ();
  wait (() => task.state == Hb.State.OPEN);

  set_ping_func (task, "heartbeat");
  assert (Token.n_alive == 1);
  task.check ();
  wait (() => task.latency >= 0);

  set_ping_func (task, null);
  assert (Token.n_alive == 1);
  task.check ();
  wait (() => task.get_metrics ().get_replies () == 2);
  task.set_ping_func (null);
  assert (Token.n_alive == 0);

  task.error.connect ((error) => last_error = error);
  task.send_text ("mute");
  task.pong_timeout = 20;
  task.check ();
  wait (() => last_error != null);
  assert (last_error is Hb.Error.PONG_TIMEOUT);
  assert (task.get_metrics ().get_pong_timeouts () == 1);
  task.close (1000, null);
}

void set_reconnect_func (Hb.WebsocketTask task,
                         uint             delay)
{
  var token = new Token ();

  task.set_reconnect_func ((source, attempt) => {
    assert (source == task && token != null);
    return delay + attempt;
  });
}

void test_reconnect () throws Error
{
  var task = new Hb.WebsocketTask (uri);
  var log = new GenericArray<string> ();

  task.open.connect (() => log.add ("open"));
  task.close.connect ((code, reason) => log.add (@"$code $(reason ?? "-") $((int) task.state)"));
  task.reconnect.connect ((attempt, delay) => log.add (@"$attempt $delay"));

  set_reconnect_func (task, 0);
  task.open ();
  task.send_text ("drop");
  wait (() => log.length == 4);
  assert (string.joinv ("|", log.data) == "open|1006 - 4|1 1|open");
  assert (task.downtime > 0);
  assert (task.attempt == 1);

  set_reconnect_func (task, 60000);
  assert (Token.n_alive == 1);
  task.send_text ("leave");
  wait (() => log.length == 6);
  assert (log[4] == "4001 see you 4");
  assert (log[5] == "2 60002");
  assert (task.reconnect_at > get_monotonic_time ());

  task.reconnect_now ();
  wait (() => log.length == 7);
  assert (log[6] == "open");
  assert (task.attempt == 0);
  task.set_reconnect_func (null);
  assert (Token.n_alive == 0);
  task.close (1000, null);
}

void test_hold () throws Error
{
  var task = new Hb.WebsocketTask (uri);
  int n_drained = 0;

  task.hold ();
  task.open ();
  task.send_text ("one");
  task.send_text ("two");
  assert (task.buffered_amount > 0);
  assert (task.clear_queue () == 2);
  assert (task.buffered_amount == 0);

  task.drain.connect (() => n_drained++);
  task.send_text ("three");
  task.release ();
  wait (() => n_drained == 1);
  task.close (1000, null);
}

void test_overflow () throws Error
{
  var task = new Hb.WebsocketTask (uri);

  task.max_buffered_amount = 4;
  task.hold ();
  task.open ();
  task.send_text ("1234");
  assert (fail (() => task.send_text ("5")) is Hb.Error.QUEUE_FULL);
  task.overflow = Hb.Overflow.DROP_NEWEST;
  assert (task.send_text ("6"));
  assert (task.get_metrics ().get_messages_dropped () == 1);
  task.close (1000, null);
}

void test_metrics () throws Error
{
  var task = new Hb.WebsocketTask (uri);
  int n_answers = 0;

  task.heartbeat_mode = Hb.HeartbeatMode.PING;
  task.message.connect (() => n_answers++);
  task.open ();
  task.send_text ("hello");
  wait (() => n_answers == 1);
  task.check ();
  wait (() => task.latency >= 0);
  task.close (1000, null);

  Hb.Metrics metrics = task.get_metrics ();

  assert (metrics.get_messages_sent () == 1);
  assert (metrics.get_bytes_sent () == 5);
  assert (metrics.get_messages_received () == 1);
  assert (metrics.get_bytes_received () == 5);
  assert (metrics.get_messages_dropped () == 0);
  assert (metrics.get_attempts () == 1);
  assert (metrics.get_opens () == 1);
  assert (metrics.get_pings () == 1);
  assert (metrics.get_replies () == 1);
  assert (metrics.get_pong_timeouts () == 0);
  assert (metrics.get_latency_min () <= metrics.get_latency_mean ());
  assert (metrics.get_latency_mean () <= metrics.get_latency_max ());
  assert (metrics.get_uptime () > 0);
  assert (metrics.get_downtime () >= 0);

  var copy = metrics.copy ();

  assert (copy.get_bytes_sent () == 5);
  ((owned) copy).free ();
}

// Who drops the last reference drops the link, whatever the task is doing.
void test_dropped () throws Error
{
  for (int i = 0; i < 4; i++)
    {
      var task = new Hb.WebsocketTask (uri);
      WeakRef dropped = WeakRef (task);

      task.set_ping_func (() => "ping");
      if (i == 3)
        task.hold ();
      if (i > 0)
        task.open ();
      if (i == 2)
        wait (() => task.state == Hb.State.OPEN);
      if (i == 3)
        task.send_text ("text");
      task = null;
      assert (dropped.get () == null);
    }
}

int n_done = 0;

void done (string name)
{
  n_done++;
  stdout.printf ("ok %d - %s\n", n_done, name);
  stdout.flush ();
}

async void run () throws Error
{
  test_version ();
  done ("version");
  test_enums ();
  done ("enums");
  test_error_codes ();
  done ("error codes");
  test_properties ();
  done ("properties");
  yield test_errors ();
  done ("errors");
  yield test_error_signal ();
  done ("error signal");
  yield test_cancellable ();
  done ("cancellable");
  test_conversation ();
  done ("conversation");
  yield test_async ();
  done ("async");
  test_headers ();
  done ("headers");
  test_heartbeat ();
  done ("heartbeat");
  test_reconnect ();
  done ("reconnect");
  test_hold ();
  done ("hold");
  test_overflow ();
  done ("overflow");
  test_metrics ();
  done ("metrics");
  test_dropped ();
  done ("dropped");
}

int main (string[] args)
{
  var loop = new MainLoop ();
  bool failed = false;

  uri = args[args.length - 1];
  run.begin ((source, result) => {
    try
      {
        run.end (result);
      }
    catch (Error error)
      {
        failed = true;
        stdout.printf ("Bail out! %s\n", error.message);
      }
    loop.quit ();
  });
  loop.run ();
  stdout.printf ("1..%d\n", n_done);

  return failed ? 1 : 0;
}
