// SPDX-License-Identifier: LGPL-2.1-or-later

// The same program as user.c, in Vala
int main (string[] args)
{
  var loop = new MainLoop ();
  bool received = false;

  if (args.length != 2)
    return 2;

  var task = new Hb.WebsocketTask (args[1]);

  task.message["text"].connect ((type, message) => {
    received = (string) message.get_data () == "hello";
    task.close ();
  });
  task.close.connect (() => loop.quit ());
  task.open ();
  try
    {
      task.send_text ("hello");
    }
  catch (Error error)
    {
      return 3;
    }
  loop.run ();

  return received ? 0 : 1;
}
