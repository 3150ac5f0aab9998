// SPDX-License-Identifier: LGPL-2.1-or-later

// Tests which references keep objects alive in Vala. Vala counts references, so a handler or
// function that captures its own task keeps the task alive. One that gets the task as an argument
// or from an unowned variable does not.

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

delegate void Taker (Token token);

// A function is freed when it is replaced or removed. Handlers and functions are freed with the
// task at the latest.
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
  take_pong (new Token ());
  take_reconnect (new Token ());
  take_message (new Token ());
  assert (Token.n_alive == 4);
  task = null;
  assert (Token.n_alive == 0);
}

async void run () throws Error
{
  test_handlers_alone ();
  done ("handlers alone");
  test_functions_are_released ();
  done ("functions are released");
}
