// SPDX-License-Identifier: LGPL-2.1-or-later

// Functions for the tests of the Vala binding. Each test is a program whose argument is the URI of
// a peer (peer.c), and whose run () calls the cases.

const int WAIT_TIMEOUT = 5; // seconds
const Soup.WebsocketDataType TEXT = Soup.WebsocketDataType.TEXT;
const Soup.WebsocketDataType BINARY = Soup.WebsocketDataType.BINARY;

string uri;

public delegate bool Condition ();

public delegate void Attempt () throws Error;

public void wait (Condition condition)
{
  bool late = false;
  uint alarm = Timeout.add_seconds (WAIT_TIMEOUT, () => {
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

public Error fail (Attempt attempt)
{
  try
    {
      attempt ();
    }
  catch (Error error)
    {
      return error;
    }

  assert_not_reached ();
}

public void open_task (Hb.WebsocketTask task)
{
  task.open ();
  wait (() => task.state == Hb.State.OPEN);
}

public void close_task (Hb.WebsocketTask task)
{
  task.close (1000, null);
  wait (() => task.state == Hb.State.CLOSED);
}

// A function that captures a token holds a reference to it, so `n_alive` shows when the function is
// freed.
public class Token
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

int n_done = 0;

public void done (string name)
{
  n_done++;
  stdout.printf ("ok %d - %s\n", n_done, name);
  stdout.flush ();
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
