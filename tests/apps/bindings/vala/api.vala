// SPDX-License-Identifier: LGPL-2.1-or-later

// Versions, enumerations, properties and metrics in Vala

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
  assert (Hb.Liveness.STEADY != Hb.Liveness.REPLY);
  assert (Hb.Overflow.FAIL < Hb.Overflow.DROP_OLDEST);
  assert (Hb.Overflow.DROP_OLDEST < Hb.Overflow.DROP_NEWEST);
  assert (Hb.Delivery.WRITTEN < Hb.Delivery.ACKNOWLEDGED);
  assert ((Hb.SendFlags.DEFAULT | Hb.SendFlags.VOLATILE) == Hb.SendFlags.VOLATILE);
  assert ((Hb.SendFlags.THIS_LINK & Hb.SendFlags.VOLATILE) == 0);
  assert (Hb.Error.quark () != 0);
}

void test_error_codes ()
{
  Error[] errors = {
    new Hb.Error.INVALID_URI (""), new Hb.Error.INVALID_ARGUMENT (""),
    new Hb.Error.CONNECT_TIMEOUT (""), new Hb.Error.HANDSHAKE (""),
    new Hb.Error.PONG_TIMEOUT (""), new Hb.Error.MESSAGE_TOO_BIG (""),
    new Hb.Error.CLOSED (""), new Hb.Error.NOT_OPEN (""), new Hb.Error.QUEUE_FULL (""),
    new Hb.Error.REPEAT_LIMIT (""),
    new Hb.Error.MESSAGE_REFUSED (""),
    new Hb.Error.EXPIRED ("")
  };

  for (int i = 0; i < errors.length; i++)
    assert (errors[i].matches (Hb.Error.quark (), i));
}

void test_properties ()
{
  var task = new Hb.WebsocketTask (null);
  int n_notified = 0;

  task.notify.connect (() => n_notified++);

  assert (task.session == null && task.get_session () == null);
  task.session = new Soup.Session ();
  assert (task.get_session () != null);
  task.set_session (null);
  assert (task.session == null);

  assert (task.uri == null && task.get_uri () == null);
  task.uri = uri;
  task.set_uri (null);
  assert (task.uri == null);

  assert (task.protocols.length == 0 && task.get_protocols ().length == 0);
  task.protocols = { "chat", "superchat" };
  assert (task.get_protocols ()[1] == "superchat");
  task.set_protocols (null);
  assert (task.protocols.length == 0);

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

  assert (task.delivery == Hb.Delivery.WRITTEN);
  task.delivery = Hb.Delivery.ACKNOWLEDGED;
  assert (task.get_delivery () == Hb.Delivery.ACKNOWLEDGED);
  task.set_delivery (Hb.Delivery.WRITTEN);

  assert (task.network_aware);
  task.network_aware = false;
  assert (!task.get_network_aware ());
  task.set_network_aware (true);

  assert (!task.manual_ready);
  task.manual_ready = true;
  assert (task.get_manual_ready ());
  task.set_manual_ready (false);

  assert (task.queue_timeout == 0);
  task.queue_timeout = 1;
  assert (task.get_queue_timeout () == 1);
  task.set_queue_timeout (0);

  assert (task.fragment_size == 32760);
  task.fragment_size = 1;
  assert (task.get_fragment_size () == 1);
  task.set_fragment_size (0);

  assert (!task.paused);
  task.paused = true;
  assert (task.get_paused ());
  task.set_paused (false);

  assert (task.ping_bytes == null);
  task.ping_bytes = new Bytes ({ 0xc0, 0 });
  assert (task.get_ping_bytes ().length == 2);
  task.set_ping_bytes (null);

  assert (n_notified == 2 * 28);

  assert (task.state == Hb.State.CLOSED && task.get_state () == Hb.State.CLOSED);
  assert (task.connection == null && task.get_connection () == null);
  assert (task.protocol == null && task.get_protocol () == null);
  assert (task.attempt == 0 && task.get_attempt () == 0);
  assert (task.reconnect_at == -1 && task.get_reconnect_at () == -1);
  assert (task.buffered_amount == 0 && task.get_buffered_amount () == 0);
  assert (task.latency == -1 && task.get_latency () == -1);
  assert (task.downtime == 0 && task.get_downtime () == 0);
  assert (task.http_status == 0 && task.get_http_status () == 0);
  assert (task.last_error == null && task.get_last_error () == null);
  assert (!task.ready && !task.get_ready ());

  var session = new Soup.Session ();
  var other = new Hb.WebsocketTask (uri) { session = session };
  var third = new Hb.WebsocketTask.with_session (uri, session);

  assert (other.session == session && third.session == session);
}

// A view in an application
class View : Object
{
  public Hb.State state { get; set; default = Hb.State.CLOSED; }
  public bool is_busy { get; set; }
  public uint ping_timeout { get; set; }
}

void test_bind_property () throws Error
{
  var task = new Hb.WebsocketTask (uri);
  var view = new View ();
  string shown = "";

  task.bind_property ("state", view, "state", BindingFlags.SYNC_CREATE);
  task.bind_property ("state", view, "is-busy", BindingFlags.SYNC_CREATE,
                      (binding, from, ref to) => {
    to = from.get_enum () == Hb.State.CONNECTING;
    return true;
  });
  task.bind_property ("ping-timeout", view, "ping-timeout",
                      BindingFlags.SYNC_CREATE | BindingFlags.BIDIRECTIONAL);
  view.notify["state"].connect (() => shown += @"$((int) view.state)");

  task.open ();
  assert (view.is_busy);
  wait (() => task.state == Hb.State.OPEN);
  assert (!view.is_busy);
  close_task (task);
  assert (shown == "0123");

  assert (view.ping_timeout == 15000);
  view.ping_timeout = 7;
  assert (task.ping_timeout == 7);
  task.ping_timeout = 8;
  assert (view.ping_timeout == 8);
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
  assert (task.can_acknowledge () && !new Hb.WebsocketTask (uri).can_acknowledge ());

  Hb.Metrics? metrics = task.get_metrics ();
  int64 uptime = metrics.get_uptime ();

  Thread.usleep (10); // The clock counts microseconds, and the uptime must grow.
  close_task (task);
  assert (metrics.get_messages_sent () == 1);
  assert (metrics.get_bytes_sent () == 5);
  assert (metrics.get_messages_received () == 1);
  assert (metrics.get_bytes_received () == 5);
  assert (metrics.get_messages_dropped () == 0);
  assert (metrics.get_messages_expired () == 0);
  assert (metrics.get_messages_resent () == 0);
  assert (metrics.get_attempts () == 1);
  assert (metrics.get_opens () == 1);
  assert (metrics.get_pings () == 1);
  assert (metrics.get_replies () == 1);
  assert (metrics.get_pong_timeouts () == 0);
  assert (metrics.get_latency_min () <= metrics.get_latency_mean ());
  assert (metrics.get_latency_mean () <= metrics.get_latency_max ());
  assert (uptime > 0);
  assert (metrics.get_downtime () >= 0);

  // The metrics are a snapshot.
  assert (metrics.get_uptime () == uptime);
  assert (task.get_metrics ().get_uptime () > uptime);

  // An assignment copies the metrics, so `kept` stays valid when the original is freed.
  Hb.Metrics kept = metrics;
  metrics = null;
  assert (kept.get_bytes_sent () == 5);

  var copy = kept.copy ();

  assert (copy.get_bytes_sent () == 5);
  ((owned) copy).free ();
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
  test_bind_property ();
  done ("bind property");
  test_metrics ();
  done ("metrics");
}
