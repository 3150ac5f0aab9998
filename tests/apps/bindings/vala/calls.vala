// SPDX-License-Identifier: LGPL-2.1-or-later

// Calls and their errors in Vala

async void test_errors () throws Error
{
  var task = new Hb.WebsocketTask (uri);
  var payload = new Bytes ("text".data);
  var no_text = new Bytes ({ 0xff });

  assert (fail (() => task.send_text ("text")) is Hb.Error.CLOSED);
  assert (fail (() => task.send_bytes (payload)) is Hb.Error.CLOSED);
  assert (fail (() => task.send_message (TEXT, payload, Hb.SendFlags.DEFAULT)) is Hb.Error.CLOSED);

  try
    {
      yield task.send_message_async (TEXT, payload, Hb.SendFlags.DEFAULT, null);
      assert_not_reached ();
    }
  catch (Hb.Error.CLOSED error)
    {
    }

  task.open ();
  assert (fail (() => task.send_text_with_flags ("text", Hb.SendFlags.VOLATILE))
          is Hb.Error.NOT_OPEN);
  assert (fail (() => task.send_message (TEXT, no_text, Hb.SendFlags.DEFAULT))
          is Hb.Error.INVALID_ARGUMENT);

  try
    {
      yield task.close_async (1006, "no such code", null);
      assert_not_reached ();
    }
  catch (Hb.Error.INVALID_ARGUMENT error)
    {
    }

  task.close (1000, null);
  assert (task.state == Hb.State.CLOSED);

  task.uri = "http://example.org/";
  try
    {
      yield task.open_async (null);
      assert_not_reached ();
    }
  catch (Hb.Error.INVALID_URI error)
    {
    }
}

void test_error_domain ()
{
  var task = new Hb.WebsocketTask (uri);

  try
    {
      task.send_text ("text");
      assert_not_reached ();
    }
  catch (IOError error)
    {
      assert_not_reached ();
    }
  catch (Hb.Error.NOT_OPEN error)
    {
      assert_not_reached ();
    }
  catch (Hb.Error error)
    {
      assert (error.domain == Hb.Error.quark ());
      assert (error.code == Hb.Error.CLOSED);
      assert (error.message != "");
      assert (error.matches (Hb.Error.quark (), Hb.Error.CLOSED));
      assert (!error.matches (IOError.quark (), Hb.Error.CLOSED));
    }
  catch (Error error)
    {
      assert_not_reached ();
    }
}

async void test_error_signal () throws Error
{
  var task = new Hb.WebsocketTask (uri.replace ("/ws", "/not-there"));
  Error[] errors = {};

  task.repeat_limit = 0;
  task.error.connect ((error) => errors += error);

  try
    {
      yield task.open_async (null);
      assert_not_reached ();
    }
  catch (Hb.Error.REPEAT_LIMIT error)
    {
    }

  assert (errors.length == 2);
  assert (errors[0] is Hb.Error.HANDSHAKE);
  assert (errors[1] is Hb.Error.REPEAT_LIMIT);
  assert (task.http_status == 404);
  assert (task.last_error is Hb.Error.REPEAT_LIMIT);

  var other = new Hb.WebsocketTask (uri);
  errors = {};
  other.error.connect ((error) => errors += error);
  yield other.open_async (null);
  other.send_text ("too big");
  wait (() => errors.length == 1);
  assert (errors[0] is Hb.Error.MESSAGE_REFUSED);
  other.close (1000, null);
}

async void test_async () throws Error
{
  var task = new Hb.WebsocketTask (uri);

  assert (yield task.open_async (null));
  assert (yield task.send_message_async (TEXT, new Bytes ("one".data), Hb.SendFlags.DEFAULT, null));
  task.send_text ("two");
  assert (yield task.flush_async (null));
  assert (yield task.close_async (1000, null, null));
  assert (task.state == Hb.State.CLOSED);
}

async void test_receive () throws Error
{
  var task = (Hb.WebsocketTask) Object.new (typeof (Hb.WebsocketTask), "uri", uri, "paused", true);
  var cancellable = new Cancellable ();
  string log = "";

  task.message.connect ((type, message) => log += (string) message.get_data () + " ");
  yield task.open_async ();
  task.send_text ("one");
  Hb.Message message = yield task.receive_async ();
  assert (message.get_message_type () == TEXT);
  assert (message.get_bytes ().compare (new Bytes ("one".data)) == 0);

  task.receive_async.begin (cancellable, (source, result) => {
    assert (fail (() => task.receive_async.end (result)) is IOError.CANCELLED);
    log += "cancelled ";
  });
  cancellable.cancel ();
  wait (() => log == "cancelled ");
  task.send_bytes (new Bytes ("two".data));
  message = yield task.receive_async ();
  assert (message.get_message_type () == BINARY);

  task.paused = false;
  task.send_text ("three");
  wait (() => log == "cancelled three ");

  task.receive_async.begin (null, (source, result) => {
    assert (fail (() => task.receive_async.end (result)) is Hb.Error.CLOSED);
    log += "closed ";
  });
  assert (task.paused);
  yield task.close_async ();
  wait (() => log == "cancelled three closed ");
}

// The last arguments of a call may be omitted. The close code is then 1000.
async void test_defaults () throws Error
{
  var task = new Hb.WebsocketTask (uri);
  var payload = new Bytes ("text".data);
  string log = "";

  task.message.connect ((type, message) => log += (string) message.get_data () + " ");
  task.close.connect ((code, reason) => log += @"$code $(reason ?? "-") ");

  assert (yield task.open_async ());
  task.send_message (TEXT, payload);
  assert (yield task.send_message_async (TEXT, payload));
  assert (yield task.flush_async ());
  wait (() => log == "text text ");
  task.close ();
  assert (task.state == Hb.State.CLOSING);
  assert (yield task.close_async ());
  assert (log == "text text 1000 - ");
}

async void run () throws Error
{
  yield test_errors ();
  done ("errors");
  test_error_domain ();
  done ("error domain");
  yield test_error_signal ();
  done ("error signal");
  yield test_async ();
  done ("async");
  yield test_receive ();
  done ("receive");
  yield test_defaults ();
  done ("defaults");
}
