// SPDX-License-Identifier: LGPL-2.1-or-later

// Keeps a WebSocket open, and sends each line of standard input.
//
// At the end of the input, waits at most 5 seconds for the last answers. On Ctrl+C, closes the
// connection without waiting.
//
// Usage: echo-vala URI

// In milliseconds
const uint ANSWER_TIMEOUT = 5000;

class Echo
{
  public Hb.WebsocketTask task;
  uint n_unanswered = 0;
  bool input_has_ended = false;

  public Echo (string uri)
  {
    task = new Hb.WebsocketTask (uri) {
      heartbeat_mode = PING, ping_timeout = 2000, pong_timeout = 2000, reconnect_timeout = 500
    };

    // The handlers stay connected when the task reconnects.
    task.open.connect (on_open);
    task.message["text"].connect ((type, message) => on_text (message));
    task.error.connect ((error) => print ("error: %s\n", error.message));
    task.close.connect ((code) => on_close (code));
    task.reconnect.connect ((attempt, delay) => print ("attempt %u in %u ms\n", attempt, delay));
  }

  void send_text (string text)
  {
    try
      {
        // While the task reconnects, it queues the text for the next connection.
        task.send_text (text);
        n_unanswered++;
      }
    catch (Error error)
      {
        printerr ("%s\n", error.message);
      }
  }

  void close_when_answered ()
  {
    if (input_has_ended && n_unanswered == 0)
      task.close (1000);
  }

  void on_open ()
  {
    print ("open\n");

    // The server receives this message first on each connection, before the queued lines.
    send_text ("hello");
  }

  void on_text (Bytes message)
  {
    unowned uint8[] data = message.get_data ();

    print ("received %.*s\n", data.length, data);

    if (n_unanswered > 0)
      n_unanswered--;
    close_when_answered ();
  }

  void on_close (uint code)
  {
    print ("closed with code %u\n", code);

    // Answers that have not arrived are lost. The program stops waiting for answers, unless
    // messages are queued for the next connection.
    if (task.buffered_amount == 0)
      n_unanswered = 0;
    close_when_answered ();
  }

  // Called on the first Ctrl+C, or when the answers take too long. A second Ctrl+C ends the
  // program.
  public bool close_now ()
  {
    task.close ();
    return Source.REMOVE;
  }

  async void send_lines ()
  {
    var lines = new DataInputStream (new UnixInputStream (0, false));

    try
      {
        string? line;

        while ((line = yield lines.read_line_utf8_async ()) != null)
          send_text (line);
      }
    catch (Error error)
      {
        printerr ("%s\n", error.message);
      }

    input_has_ended = true;
    Timeout.add (ANSWER_TIMEOUT, close_now);
    close_when_answered ();
  }

  public async void run ()
  {
    try
      {
        // Repeats failed attempts until a connection is open.
        yield task.open_async ();
        yield send_lines ();
      }
    catch (Error error)
      {
        // Ctrl+C or an error, such as an invalid URI, has closed the task.
      }
  }
}

int main (string[] args)
{
  var loop = new MainLoop ();

  Intl.setlocale ();

  if (args.length != 2)
    {
      printerr ("The URI is missing. Usage: %s ws://HOST:PORT/\n", args[0]);
      return 1;
    }

  print ("Type lines to send them. Ctrl+D or Ctrl+C closes the connection.\n");

  var echo = new Echo (args[1]);
  echo.task.notify["state"].connect (() => {
    if (echo.task.state == CLOSED)
      loop.quit ();
  });
  Unix.signal_add (ProcessSignal.INT, echo.close_now);
  echo.run.begin ();
  if (echo.task.state == CLOSED)
    return 1; // The URI is invalid, as the `error` signal has reported.

  loop.run ();

  return 0;
}
