// SPDX-License-Identifier: LGPL-2.1-or-later

// Keeps a WebSocket open, and sends each line of its input on it: echo-vala URI

// These stay connected, however often the link is lost and opened again.
void connect_handlers (Hb.WebsocketTask task)
{
  task.open.connect (() => {
    print ("open\n");
    try
      {
        // Each link begins with this, ahead of the lines that have waited for it.
        task.send_text ("hello");
      }
    catch (Error error)
      {
        printerr ("%s\n", error.message);
      }
  });
  task.message["text"].connect ((type, message) => {
    unowned uint8[] data = message.get_data ();

    print ("received %.*s\n", data.length, data);
  });
  task.error.connect ((error) => print ("error: %s\n", error.message));
  task.close.connect ((code) => print ("closed with code %u\n", code));
  task.reconnect.connect ((attempt, delay) => print ("attempt %u in %u ms\n", attempt, delay));
}

async void run (Hb.WebsocketTask task) throws Error
{
  var lines = new DataInputStream (File.new_for_path ("/dev/stdin").read ());
  string? line;

  // Tries until the link is open, and throws where the URI is wrong.
  yield task.open_async ();

  // Where the link is down, a line waits for the next one.
  while ((line = yield lines.read_line_utf8_async ()) != null)
    task.send_text (line);

  yield task.close_async ();
}

int main (string[] args)
{
  var loop = new MainLoop ();
  var task = new Hb.WebsocketTask (args[1]);
  int status = 0;

  Intl.setlocale ();

  task.heartbeat_mode = Hb.HeartbeatMode.PING;
  task.ping_timeout = 2000;
  task.pong_timeout = 2000;
  task.reconnect_timeout = 500;
  connect_handlers (task);

  run.begin (task, (source, result) => {
    try
      {
        run.end (result);
      }
    catch (Error error)
      {
        printerr ("%s\n", error.message);
        status = 1;
      }
    loop.quit ();
  });
  loop.run ();

  return status;
}
