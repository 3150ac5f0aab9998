// SPDX-License-Identifier: LGPL-2.1-or-later

// What handlers may do in Vala: call anything, come and go. They cannot fail: the compiler wants
// errors to be caught where they come.

// `open` and `close` are methods and signals, and one member in Vala: a call of it has to call the
// method, which opens and closes, and not to emit the signal, which would do neither.
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

// A handler may close, open again, and run a loop of its own.
void test_anything () throws Error
{
  var task = new Hb.WebsocketTask (uri);
  int n_opens = 0;
  bool is_done = false;

  task.open.connect (() => {
    n_opens++;
    if (n_opens == 1)
      task.close (1000, null);
  });
  task.close.connect ((code) => {
    if (n_opens != 1)
      return;
    assert (task.state == Hb.State.CLOSED);
    task.open ();
    wait (() => task.state == Hb.State.OPEN);
    is_done = true;
  });
  task.open ();
  wait (() => is_done && n_opens == 2);
  close_task (task);
}

// Handlers can go while they run, and none is called that was disconnected.
void test_disconnecting () throws Error
{
  var task = new Hb.WebsocketTask (uri);
  string log = "";
  ulong once = 0;
  ulong always;

  once = task.message["text"].connect (() => {
    task.disconnect (once);
    log += "once ";
  });
  always = task.message["text"].connect (() => log += "always ");
  task.message["binary"].connect (() => log += "binary ");

  open_task (task);
  task.send_text ("one");
  task.send_text ("two");
  wait (() => log == "once always always ");
  task.disconnect (always);
  task.send_text ("three");
  task.send_bytes (new Bytes ("four".data));
  wait (() => log == "once always always binary ");
  close_task (task);
}

async void run () throws Error
{
  test_methods_and_signals ();
  done ("methods and signals");
  test_anything ();
  done ("anything");
  test_disconnecting ();
  done ("disconnecting");
}
