// SPDX-License-Identifier: LGPL-2.1-or-later

// Who keeps what alive in Vala, which counts references. A handler or function that takes its own
// task from around it keeps it; one that has it from its arguments, or by an unowned variable, does
// not.

// How many connections the peer has, that of the watcher included.
int count_clients (Hb.WebsocketTask watcher) throws Error
{
  int n_clients = 0;
  ulong handler = watcher.message.connect ((type, message) => {
    n_clients = int.parse ((string) message.get_data ());
  });

  watcher.send_text ("clients");
  wait (() => n_clients > 0);
  watcher.disconnect (handler);

  return n_clients;
}

void wait_for_clients (Hb.WebsocketTask watcher,
                       int              number) throws Error
{
  int64 deadline = get_monotonic_time () + PATIENCE * TimeSpan.SECOND;

  while (count_clients (watcher) != number)
    assert (get_monotonic_time () < deadline);
}

// Who drops the last reference drops the link, whatever the task is doing.
void test_dropped () throws Error
{
  var watcher = new Hb.WebsocketTask (uri);

  open_task (watcher);
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
      wait_for_clients (watcher, 1);
    }
  close_task (watcher);
}

void test_handlers_alone () throws Error
{
  var task = new Hb.WebsocketTask (uri);
  unowned Hb.WebsocketTask self = task;
  WeakRef dropped = WeakRef (task);
  uint n_attempts = 0;

  task.message.connect ((source, type, message) => source.check ());
  task.open.connect (() => n_attempts += self.attempt);
  task.set_ping_func ((source) => @"$(source.attempt)");
  task.set_reconnect_func ((source, attempt) => source.attempt);
  open_task (task);
  task = null;
  assert (dropped.get () == null);
}

// A call that is under way keeps its task, until its callback.
void test_call_keeps () throws Error
{
  var task = new Hb.WebsocketTask (uri);
  WeakRef dropped = WeakRef (task);
  bool opened = false;

  task.open_async.begin (null, (source, result) => {
    try
      {
        opened = ((Hb.WebsocketTask) source).open_async.end (result);
      }
    catch (Error error)
      {
        assert_not_reached ();
      }
  });
  task = null;
  assert (dropped.get () != null);
  wait (() => opened);
  wait (() => dropped.get () == null);
}

// A handler's own task stays while the handler runs, though it is the last to know it.
void test_handler_keeps () throws Error
{
  var task = new Hb.WebsocketTask (uri);
  WeakRef dropped = WeakRef (task);
  bool called = false;

  task.message.connect ((source, type, message) => {
    task = null;
    assert (source.state == Hb.State.OPEN);
    assert (message.get_size () == 5);
    called = true;
  });
  task.open ();
  task.send_text ("hello");
  wait (() => called);
  assert (task == null);
  wait (() => dropped.get () == null);
}

// Another task goes in the middle of this one's handler.
void test_dropped_in_a_handler () throws Error
{
  var watcher = new Hb.WebsocketTask (uri);
  var other = new Hb.WebsocketTask (uri);
  WeakRef dropped = WeakRef (other);

  open_task (watcher);
  open_task (other);

  ulong handler = watcher.message.connect (() => {
    other = null;
    assert (dropped.get () == null);
  });

  watcher.send_text ("hello");
  wait (() => other == null);
  watcher.disconnect (handler);
  wait_for_clients (watcher, 1);
  close_task (watcher);
}

// The bytes outlive the signal that brought them, and the task.
void test_messages_are_kept () throws Error
{
  var task = new Hb.WebsocketTask (uri);
  var kept = new GenericArray<Bytes> ();

  task.message.connect ((type, message) => kept.add (message));
  task.open ();
  for (int i = 0; i < 100; i++)
    task.send_text (@"$i");
  wait (() => kept.length == 100);
  task = null;

  for (int i = 0; i < kept.length; i++)
    assert (kept[i].compare (new Bytes (@"$i".data)) == 0);
}

// What waits to be sent does not need its sender.
void test_sent_bytes_are_kept () throws Error
{
  var task = new Hb.WebsocketTask (uri);
  Bytes? payload = new Bytes (new uint8[100000]);
  size_t size = 0;

  task.message.connect ((type, message) => size = message.get_size ());
  task.hold ();
  task.open ();
  task.send_bytes (payload);
  payload = null;
  task.release ();
  wait (() => size == 100000);
  close_task (task);
}

delegate void Taker (Token token);

// Handlers and functions go when they are replaced or taken away, and with the task at the latest.
void test_functions_are_released () throws Error
{
  var task = new Hb.WebsocketTask (uri);
  unowned Hb.WebsocketTask self = task;
  Taker take_ping = (token) => self.set_ping_func (() => token != null ? "ping" : null);
  Taker take_pong = (token) => self.set_pong_func (() => token == null);
  Taker take_reconnect = (token) => self.set_reconnect_func (() => token != null ? 1 : 2);
  Taker take_message = (token) => self.message.connect (() => assert (token != null));

  take_ping (new Token ());
  take_ping (new Token ());
  assert (Token.n_alive == 1);
  task.set_ping_func (null);
  assert (Token.n_alive == 0);

  take_pong (new Token ());
  take_pong (new Token ());
  assert (Token.n_alive == 1);
  task.set_pong_func (null);
  assert (Token.n_alive == 0);

  take_reconnect (new Token ());
  take_reconnect (new Token ());
  assert (Token.n_alive == 1);
  task.set_reconnect_func (null);
  assert (Token.n_alive == 0);

  take_ping (new Token ());
  take_reconnect (new Token ());
  take_message (new Token ());
  assert (Token.n_alive == 3);
  task = null;
  assert (Token.n_alive == 0);
}

async void run () throws Error
{
  test_dropped ();
  done ("dropped");
  test_handlers_alone ();
  done ("handlers alone");
  test_call_keeps ();
  done ("call keeps");
  test_handler_keeps ();
  done ("handler keeps");
  test_dropped_in_a_handler ();
  done ("dropped in a handler");
  test_messages_are_kept ();
  done ("messages are kept");
  test_sent_bytes_are_kept ();
  done ("sent bytes are kept");
  test_functions_are_released ();
  done ("functions are released");
}
