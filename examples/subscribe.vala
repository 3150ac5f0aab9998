// SPDX-License-Identifier: LGPL-2.1-or-later

// Subscribes on each connection, prints each text message, and ends on Ctrl+C.
//
// Usage: subscribe-vala URI

int main (string[] args)
{
  var loop = new MainLoop ();
  var task = new Hb.WebsocketTask (args[1]);

  Intl.setlocale ();
  task.heartbeat_mode = PING;
  task.open.connect (() => {
    try
      {
        task.send_text ("subscribe");
      }
    catch (Error error)
      {
        printerr ("%s\n", error.message);
      }
  });
  task.message["text"].connect ((type, message) => print ("%s\n", (string) message.get_data ()));
  task.notify["state"].connect (() => {
    if (task.state == CLOSED)
      loop.quit ();
  });
  Unix.signal_add (ProcessSignal.INT, () => {
    task.close ();
    return Source.REMOVE;
  });
  task.open ();
  if (task.state != CLOSED)
    loop.run ();

  return task.last_error != null ? 1 : 0;
}
