"""Protobuf by hand, as far as the interoperability tests need it: no generated code, so no protoc."""


def varint(value):
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    out.append(value)
    return bytes(out)


def number(field, value):
    return varint(field << 3) + varint(value) if value else b""


def nested(field, value):
    return varint(field << 3 | 2) + varint(len(value)) + value


def parse(message):
    """Field number to the list of its values: integers, or bytes."""
    fields, at = {}, 0

    def read():
        nonlocal at
        value, shift = 0, 0
        while True:
            byte = message[at]
            at += 1
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return value

    while at < len(message):
        key = read()
        value = read()
        if key & 7 == 2:
            value, at = message[at:at + value], at + value
        fields.setdefault(key >> 3, []).append(value)
    return fields


def payload(size):
    return nested(2, bytes(size)) if size else b""


def payload_size(message, field):
    """The size of the payload in that field of a message; its bytes must be zeros."""
    body = parse(parse(message).get(field, [b""])[-1]).get(2, [b""])[-1]
    assert body == bytes(len(body)), "the payload is not all zeros"
    return len(body)
