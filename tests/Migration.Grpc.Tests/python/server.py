"""The server of the interoperability tests, on grpcio. Prints "listening PORT"; ends with its standard input."""
import sys
from concurrent import futures

import grpc

from wire import nested, number, parse, payload, payload_size

ECHO_INITIAL, ECHO_TRAILING = "x-grpc-test-echo-initial", "x-grpc-test-echo-trailing-bin"
CODES = {code.value[0]: code for code in grpc.StatusCode}


def echo(context):
    metadata = dict(context.invocation_metadata())
    if ECHO_INITIAL in metadata:
        context.send_initial_metadata(((ECHO_INITIAL, metadata[ECHO_INITIAL]),))
    if ECHO_TRAILING in metadata:
        context.set_trailing_metadata(((ECHO_TRAILING, metadata[ECHO_TRAILING]),))


def end_as_asked(request, context):
    status = parse(request.get(7, [b""])[-1])
    if status.get(1, [0])[-1]:
        context.abort(CODES[status[1][-1]], status.get(2, [b""])[-1].decode())


def answers(request):
    for wanted in request.get(2, []):
        yield nested(1, payload(parse(wanted).get(1, [0])[-1]))


def empty_call(request, context):
    echo(context)
    return b""


def unary_call(request, context):
    echo(context)
    request = parse(request)
    end_as_asked(request, context)
    return nested(1, payload(request.get(2, [0])[-1]))


def streaming_output_call(request, context):
    echo(context)
    yield from answers(parse(request))


def streaming_input_call(requests, context):
    echo(context)
    return number(1, sum(payload_size(request, 1) for request in requests))


def full_duplex_call(requests, context):
    echo(context)
    for request in requests:
        request = parse(request)
        end_as_asked(request, context)
        yield from answers(request)


handlers = {
    "EmptyCall": grpc.unary_unary_rpc_method_handler(empty_call),
    "UnaryCall": grpc.unary_unary_rpc_method_handler(unary_call),
    "StreamingOutputCall": grpc.unary_stream_rpc_method_handler(streaming_output_call),
    "StreamingInputCall": grpc.stream_unary_rpc_method_handler(streaming_input_call),
    "FullDuplexCall": grpc.stream_stream_rpc_method_handler(full_duplex_call),
}
server = grpc.server(futures.ThreadPoolExecutor(8), compression=grpc.Compression.Gzip)
server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("grpc.testing.TestService", handlers),))
port = server.add_insecure_port("127.0.0.1:0")
server.start()
print("listening", port, flush=True)
sys.stdin.read()
server.stop(None)
