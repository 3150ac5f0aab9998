// SPDX-License-Identifier: LGPL-2.1-or-later

// Messages, headers, the heartbeat and reconnecting in Vala

// In Vala, a method and a signal with the same name, such as `open` or `close`, are one member. A
// call must reach the method, because emitting the signal would not open or close anything.
void test_methods_and_signals () throws Error
{
  var task = new Hb.WebsocketTask (uri);
  string log = "";

  task.open.connect ((source) => log += source == task ? "open " : "another ");
  task.close.connect ((source, code, reason) => log += @"$code $reason");

  task.open ();
  assert (task.state == Hb.State.CONNECTING);
  assert (log == "");
  wait (() => log != "");
  assert (log == "open ");

  task.close (4000, "bye");
  assert (task.state == Hb.State.CLOSING);
  assert (log == "open ");
  wait (() => task.state == Hb.State.CLOSED);
  assert (log == "open 4000 bye");
}

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

  task.send_text ("höß");
  task.send_bytes (new Bytes ({ 'a', 0, 'b' }));
  task.send_message (TEXT, new Bytes ({ 'a', 0, 'b' }), Hb.SendFlags.DEFAULT);
  task.send_message (BINARY, new Bytes ({ 'a', 0, 'b' }), Hb.SendFlags.VOLATILE);
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

void set_pong_func (Hb.WebsocketTask task,
                    string           prefix)
{
  var token = new Token ();

  task.set_pong_func ((source, type, message) => {
    assert (source == task && token != null);
    return ((string) message.get_data ()).has_prefix (prefix);
  });
}

// set_ping_func () and set_pong_func () work with replies that differ each time.
void test_numbered_heartbeat () throws Error
{
  var task = new Hb.WebsocketTask (uri);
  string got = "";

  task.liveness = Hb.Liveness.REPLY;
  task.message.connect ((type, message) => got += (string) message.get_data ());
  task.set_ping_func ((source) => @"{\"ref\":$(source.get_metrics ().get_pings ())}");
  set_pong_func (task, "{\"ref\":");
  assert (Token.n_alive == 1);
  task.open ();
  wait (() => task.state == Hb.State.OPEN);

  for (uint number = 1; number <= 2; number++)
    {
      task.check ();
      wait (() => task.get_metrics ().get_replies () == number);
    }

  task.send_text ("news");
  wait (() => got == "news");

  task.set_ping_func (null);
  task.set_ping_bytes (new Bytes ({ 0xc0, 0 }));
  task.set_pong_func ((source, type, message) => type == Soup.WebsocketDataType.BINARY);
  assert (Token.n_alive == 0);
  task.check ();
  wait (() => task.get_metrics ().get_replies () == 3);
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

  assert (task.ready && task.last_error == null);
  task.reconnect_later ();
  assert (!task.ready);
  wait (() => log.length >= 9);
  assert (log[7].has_prefix ("1006 ") && log[7].has_suffix (" 4"));
  assert (log[8] == "1 60001");
  task.reconnect_now ();
  wait (() => log.length == 10);
  task.set_reconnect_func (null);
  assert (Token.n_alive == 0);
  task.close (1000, null);
}

void test_hold () throws Error
{
  var task = new Hb.WebsocketTask (uri) { manual_ready = true };
  int n_drained = 0;

  task.open.connect (() => {
    assert (!task.ready);
    task.mark_ready ();
  });

  task.hold ();
  task.open ();
  task.send_text ("one");
  task.send_text ("two");
  assert (task.buffered_amount > 0);
  task.send_bytes (new Bytes ({ 'a', 0, 'b' }));
  var messages = task.take_queue ();
  assert (task.buffered_amount == 0);
  assert (messages.length == 3);
  assert (messages[0].get_message_type () == TEXT);
  assert (messages[0].get_bytes ().compare (new Bytes ("one".data)) == 0);
  assert (messages[1].get_bytes ().compare (new Bytes ("two".data)) == 0);
  Hb.Message kept = messages[2];
  Hb.Message copy = kept.copy ();
  messages = task.take_queue ();
  assert (messages.length == 0);
  assert (kept.get_message_type () == BINARY);
  assert (kept.get_bytes ().get_size () == 3);
  assert (copy.get_bytes () == kept.get_bytes ());
  ((owned) copy).free ();

  task.drain.connect (() => n_drained++);
  task.send_text ("three");
  task.release ();
  wait (() => n_drained == 1);
  assert (task.ready);
  task.close (1000, null);
}

async void run () throws Error
{
  test_methods_and_signals ();
  done ("methods and signals");
  test_conversation ();
  done ("conversation");
  test_headers ();
  done ("headers");
  test_numbered_heartbeat ();
  done ("heartbeat");
  test_reconnect ();
  done ("reconnect");
  test_hold ();
  done ("hold");
}
