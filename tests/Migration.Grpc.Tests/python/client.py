"""Calls by grpcio: client.py PORT case… Prints a line for each case; ends with 1 when one failed."""
import sys
import threading

import grpc

from wire import nested, number, parse, payload, payload_size

SIZES = [(27182, 31415), (8, 9), (1828, 2653), (45904, 58979)]
ECHO_INITIAL, ECHO_TRAILING = "x-grpc-test-echo-initial", "x-grpc-test-echo-trailing-bin"
METADATA = ((ECHO_INITIAL, "test_initial_metadata_value"), (ECHO_TRAILING, b"\xab\xab\xab"))
LARGE = number(2, 314159) + nested(3, payload(271828))

channel = grpc.insecure_channel("127.0.0.1:" + sys.argv[1])
compressed = grpc.insecure_channel("127.0.0.1:" + sys.argv[1], compression=grpc.Compression.Gzip)


def path(method, service="grpc.testing.TestService"):
    return f"/{service}/{method}"


def fails(call, code, details=None):
    try:
        call()
    except grpc.RpcError as error:
        assert error.code() == code, f"{error.code()}: {error.details()}"
        assert details is None or error.details() == details, repr(error.details())
        return error
    raise AssertionError(f"succeeded instead of failing with {code}")


def ping(size, wanted):
    return nested(2, number(1, wanted)) + nested(3, payload(size))


def echoed(call):
    assert (ECHO_INITIAL, "test_initial_metadata_value") in call.initial_metadata(), call.initial_metadata()
    assert (ECHO_TRAILING, b"\xab\xab\xab") in call.trailing_metadata(), call.trailing_metadata()


def empty_unary():
    assert channel.unary_unary(path("EmptyCall"))(b"") == b""


def large_unary():
    assert payload_size(channel.unary_unary(path("UnaryCall"))(LARGE), 1) == 314159


def compressed_unary():
    for asked in (0, 1):
        request = LARGE + nested(6, number(1, asked))
        assert payload_size(compressed.unary_unary(path("UnaryCall"))(request), 1) == 314159


def client_streaming():
    requests = (nested(1, payload(size)) for size, _ in SIZES)
    assert parse(channel.stream_unary(path("StreamingInputCall"))(requests))[1] == [74922]


def server_streaming():
    request = b"".join(nested(2, number(1, size)) for _, size in SIZES)
    responses = [payload_size(response, 1) for response in channel.unary_stream(path("StreamingOutputCall"))(request)]
    assert responses == [size for _, size in SIZES], responses


def ping_pong():
    sizes, go = [], threading.Semaphore(1)

    def requests():
        for size, wanted in SIZES:
            go.acquire()
            yield ping(size, wanted)

    for response in channel.stream_stream(path("FullDuplexCall"))(requests()):
        sizes.append(payload_size(response, 1))
        go.release()
    assert sizes == [size for _, size in SIZES], sizes


def empty_stream():
    assert list(channel.stream_stream(path("FullDuplexCall"))(iter(()))) == []


def cancel_after_first_response():
    done = threading.Event()

    def requests():
        yield ping(27182, 31415)
        done.wait()

    call = channel.stream_stream(path("FullDuplexCall"))(requests())
    assert payload_size(next(call), 1) == 31415
    call.cancel()
    done.set()
    fails(lambda: next(call), grpc.StatusCode.CANCELLED)


def timeout_on_sleeping_server():
    done = threading.Event()

    def requests():
        yield nested(3, payload(27182))
        done.wait()

    call = channel.stream_stream(path("FullDuplexCall"))(requests(), timeout=0.05)
    fails(lambda: next(call), grpc.StatusCode.DEADLINE_EXCEEDED)
    done.set()


def custom_metadata():
    response, call = channel.unary_unary(path("UnaryCall")).with_call(LARGE, metadata=METADATA)
    assert payload_size(response, 1) == 314159
    echoed(call)
    call = channel.stream_stream(path("FullDuplexCall"))(iter((ping(271828, 314159),)), metadata=METADATA)
    assert [payload_size(response, 1) for response in call] == [314159]
    echoed(call)


def status_code_and_message():
    status = nested(7, number(1, 2) + nested(2, b"test status message"))
    fails(lambda: channel.unary_unary(path("UnaryCall"))(status), grpc.StatusCode.UNKNOWN, "test status message")
    call = channel.stream_stream(path("FullDuplexCall"))(iter((status,)))
    fails(lambda: next(call), grpc.StatusCode.UNKNOWN, "test status message")


def special_status_message():
    message = "\t\ntest with whitespace\r\nand Unicode BMP ☺ and non-BMP 😈\t\n"
    status = nested(7, number(1, 2) + nested(2, message.encode()))
    fails(lambda: channel.unary_unary(path("UnaryCall"))(status), grpc.StatusCode.UNKNOWN, message)


def unimplemented_method():
    fails(lambda: channel.unary_unary(path("UnimplementedCall"))(b""), grpc.StatusCode.UNIMPLEMENTED)


def unimplemented_service():
    call = channel.unary_unary(path("UnimplementedCall", "grpc.testing.UnimplementedService"))
    fails(lambda: call(b""), grpc.StatusCode.UNIMPLEMENTED)


def oversized_request():
    request = nested(3, payload(5 * 1024 * 1024))
    fails(lambda: channel.unary_unary(path("UnaryCall"))(request), grpc.StatusCode.RESOURCE_EXHAUSTED)


def oversized_response():
    request = number(2, 5 * 1024 * 1024)
    fails(lambda: channel.unary_unary(path("UnaryCall"))(request), grpc.StatusCode.RESOURCE_EXHAUSTED)


def not_protobuf():
    fails(lambda: channel.unary_unary(path("UnaryCall"))(b"\xff\xff\xff"), grpc.StatusCode.INTERNAL)


failed = 0
for name in sys.argv[2:]:
    try:
        globals()[name]()
        print(f"{name}: passed", flush=True)
    except Exception as error:
        failed += 1
        print(f"{name}: {type(error).__name__}: {error}", flush=True)
sys.exit(1 if failed else 0)
