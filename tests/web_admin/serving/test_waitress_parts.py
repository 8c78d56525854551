"""Parts of waitress that the server relies on beyond its documented interface, as in the version read.

Where a newer waitress changes one of these, the test names it. Read the change, see whether what is written
beside it still holds, let `menjin bench attack` and `tests/served` pass, and write the new digest here.
"""

import hashlib
import inspect
from operator import attrgetter

import pytest
from waitress import buffers, channel, parser, receiver, server, task, trigger, utilities, wasyncore

MODULES = {
    each.__name__.removeprefix("waitress."): each
    for each in (buffers, channel, parser, receiver, server, task, trigger, utilities, wasyncore)
}

PARTS = {
    # serving/channel.py extends a connection.
    "channel.HTTPChannel.__init__": ("a194769af3", "what it is made of; it adds itself to the map"),
    "channel.HTTPChannel.received": (
        "08d6df73fb",
        "calls parser_class, and add_task with the first complete request",
    ),
    "channel.HTTPChannel.service": (
        "f73afa1374",
        "calls task_class; takes a request out of `requests` when it is answered",
    ),
    "channel.HTTPChannel.readable": (
        "e4722238ce",
        "reads one request ahead at most, and none while an answer waits",
    ),
    "channel.HTTPChannel.writable": ("d0cbd4ae1b", "total_outbufs_len, will_close, close_when_flushed"),
    "channel.HTTPChannel.handle_write": ("6c900f395b", "the loop sends and closes"),
    "channel.HTTPChannel.write_soon": (
        "20eedb92a8",
        "a thread sends without a wait below outbuf_high_watermark, and wakes the loop",
    ),
    "channel.HTTPChannel._flush_some": ("fe7a9a752a", "sends through `send`, with do_close"),
    "channel.HTTPChannel._flush_outbufs_below_high_watermark": (
        "27a2b75117",
        "where a thread waits for a client",
    ),
    "channel.HTTPChannel.handle_close": ("8f59b9aaa4", "drops what waits to be sent, and closes"),
    "channel.HTTPChannel.del_channel": ("a018ed85e5", "leaves active_channels"),
    "channel.HTTPChannel.cancel": ("ba151d8a01", "`requests` is empty afterwards"),
    "wasyncore.dispatcher.send": ("1f089e7439", "closes where the client is gone, if do_close"),
    "wasyncore.dispatcher.del_channel": ("adbc7e4cb5", "_fileno is None afterwards"),
    # serving/buffering_server.py extends the listener.
    "server.BaseWSGIServer.__init__": ("e70a16b5b6", "its parameters; it begins to accept"),
    "server.BaseWSGIServer.readable": ("4eea9c1036", "connection_limit, channel_timeout, accepting"),
    "server.BaseWSGIServer.handle_accept": ("69bfcf0fc1", "makes a channel_class of one connection, or none"),
    "server.BaseWSGIServer.pull_trigger": ("bf12fa7216", "wakes the loop"),
    "wasyncore.dispatcher.accept": ("f74c690fd8", "None or a socket and an address; OSError"),
    # serving/socket_loop.py is its loop.
    "wasyncore.readwrite": ("2467235cc3", "what an event does"),
    "trigger._triggerbase.handle_read": ("e21685b20f", "empties the pipe that wakes the loop"),
    # serving/shared_threads.py and batch_queue.py give its pools other queues.
    "task.ThreadedTaskDispatcher.__init__": ("0479b29257", "queue, lock, threads"),
    "task.ThreadedTaskDispatcher.handler_thread": (
        "fe586964e3",
        "takes what is first where the queue is true, under its lock",
    ),
    "task.ThreadedTaskDispatcher.set_thread_count": ("97cddfc021", "more and fewer threads at any time"),
    "task.ThreadedTaskDispatcher.add_task": ("1028105a9a", "appends under its lock"),
    "task.ThreadedTaskDispatcher.shutdown": ("f2550ddbfb", "cancels what waits"),
    "task.Task.service": ("d96bb4019c", "start, execute, finish; start_time, wrote_header"),
    "task.WSGITask.get_environment": ("3bb57be6c7", "a header NAME is HTTP_NAME"),
    # serving/request_intake.py extends a request.
    "parser.HTTPRequestParser.__init__": ("d43d0602ef", "headers"),
    "parser.HTTPRequestParser.received": (
        "b466c02de3",
        "completed, error, headers_finished, body_bytes_received",
    ),
    "parser.HTTPRequestParser.parse_header": (
        "c2c093b901",
        "names in capitals; body_rcv, expect_continue, content_length, proxy_netloc",
    ),
    "parser.HTTPRequestParser.close": ("a29926ca4e", "closes body_rcv.buf"),
    "receiver.FixedStreamReceiver": ("434997a701", "buf gets what arrives"),
    "receiver.ChunkedReceiver": ("7d4fd7a3f8", "control_line and trailer, which it does not bound"),
    "buffers.OverflowableBuffer": ("545747c4f2", "append, get, getfile, close"),
    "utilities.Error": ("374c72f58a", "code, reason, body, to_response"),
}


def digest_of(part: str) -> str:
    """Return a digest of the source of a class or function."""
    module, _, name = part.partition(".")
    source = inspect.getsource(attrgetter(name)(MODULES[module]))
    return hashlib.sha256(source.encode()).hexdigest()[:10]


@pytest.mark.parametrize("part", PARTS)
def test_waitress_is_as_it_was_read(part: str) -> None:
    read, why = PARTS[part]
    found = digest_of(part)
    assert found == read, f"waitress.{part} changed ({why}); its digest is {found}"
