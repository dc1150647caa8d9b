// The client of the interoperability tests, on grpc-js: node client.js --port P case… Prints a line for each case; ends with 1 when one failed.
'use strict';
const assert = require('assert');
const { flag, grpc, testing } = require('./service');

const target = '127.0.0.1:' + flag('port');
const options = flag('gzip') ? { 'grpc.default_compression_algorithm': 2 } : {};
const client = new testing.TestService(target, grpc.credentials.createInsecure(), options);
const unimplemented = new testing.UnimplementedService(target, grpc.credentials.createInsecure());

const sizes = [[27182, 31415], [8, 9], [1828, 2653], [45904, 58979]];
const zeros = (size) => ({ type: 'COMPRESSABLE', body: Buffer.alloc(size) });
const large = () => ({ response_size: 314159, payload: zeros(271828) });
const ping = (size, wanted) => ({ payload: zeros(size), response_parameters: [{ size: wanted }] });

// A unary call as a promise of everything that came back; a failure is part of it.
function unary(method, request, metadata = new grpc.Metadata(), on = client) {
  return new Promise((resolve) => {
    const seen = {};
    const call = on[method](request, metadata, (error, response) => {
      Object.assign(seen, { error, response });
      if (seen.status) resolve(seen);
    });
    call.on('metadata', (headers) => { seen.headers = headers; });
    call.on('status', (status) => {
      seen.status = status;
      if ('error' in seen) resolve(seen);
    });
  });
}

// The messages of a stream until it ends, and how it did.
function collect(call, onData = () => {}) {
  return new Promise((resolve) => {
    const seen = { messages: [] };
    call.on('metadata', (headers) => { seen.headers = headers; });
    call.on('data', (message) => {
      seen.messages.push(message);
      onData(message, seen.messages.length);
    });
    call.on('error', () => {});
    call.on('status', (status) => resolve(Object.assign(seen, { status })));
  });
}

function ok(seen) {
  assert.strictEqual(seen.status.code, grpc.status.OK, seen.status.details);
  return seen;
}

function payloadIs(message, size) {
  assert.strictEqual(message.payload.body.length, size);
  assert(message.payload.body.equals(Buffer.alloc(size)));
}

function metadataToEcho() {
  const metadata = new grpc.Metadata();
  metadata.set('x-grpc-test-echo-initial', 'test_initial_metadata_value');
  metadata.set('x-grpc-test-echo-trailing-bin', Buffer.from('ababab', 'hex'));
  return metadata;
}

function echoed(seen) {
  assert.deepStrictEqual(seen.headers.get('x-grpc-test-echo-initial'), ['test_initial_metadata_value']);
  assert.deepStrictEqual(seen.status.metadata.get('x-grpc-test-echo-trailing-bin'), [Buffer.from('ababab', 'hex')]);
}

const cases = {
  async empty_unary() {
    ok(await unary('EmptyCall', {}));
  },
  async large_unary() {
    payloadIs(ok(await unary('UnaryCall', large())).response, 314159);
  },
  client_streaming() {
    return new Promise((resolve, reject) => {
      const call = client.StreamingInputCall((error, response) => {
        if (error) reject(error);
        else resolve(assert.strictEqual(response.aggregated_payload_size, 74922));
      });
      sizes.forEach(([size]) => call.write({ payload: zeros(size) }));
      call.end();
    });
  },
  async server_streaming() {
    const seen = ok(await collect(client.StreamingOutputCall({ response_parameters: sizes.map(([, size]) => ({ size })) })));
    assert.strictEqual(seen.messages.length, 4);
    sizes.forEach(([, size], i) => payloadIs(seen.messages[i], size));
  },
  async ping_pong() {
    const call = client.FullDuplexCall();
    const send = (i) => (i < sizes.length ? call.write(ping(...sizes[i])) : call.end());
    const answers = collect(call, (message, count) => send(count));
    send(0);
    const seen = ok(await answers);
    assert.strictEqual(seen.messages.length, 4);
    sizes.forEach(([, size], i) => payloadIs(seen.messages[i], size));
  },
  async empty_stream() {
    const call = client.FullDuplexCall();
    call.end();
    assert.strictEqual(ok(await collect(call)).messages.length, 0);
  },
  async cancel_after_begin() {
    const status = await new Promise((resolve) => {
      const call = client.StreamingInputCall((error) => resolve(error));
      call.cancel();
    });
    assert.strictEqual(status.code, grpc.status.CANCELLED);
  },
  async cancel_after_first_response() {
    const call = client.FullDuplexCall();
    const answers = collect(call, () => call.cancel());
    call.write(ping(27182, 31415));
    assert.strictEqual((await answers).status.code, grpc.status.CANCELLED);
  },
  async timeout_on_sleeping_server() {
    const call = client.FullDuplexCall({ deadline: Date.now() + 1 });
    const answers = collect(call);
    call.write({ payload: zeros(27182) });
    assert.strictEqual((await answers).status.code, grpc.status.DEADLINE_EXCEEDED);
  },
  async custom_metadata() {
    echoed(ok(await unary('UnaryCall', large(), metadataToEcho())));
    const call = client.FullDuplexCall(metadataToEcho());
    const answers = collect(call);
    call.write(ping(271828, 314159));
    call.end();
    const seen = ok(await answers);
    payloadIs(seen.messages[0], 314159);
    echoed(seen);
  },
  async status_code_and_message() {
    const response_status = { code: 2, message: 'test status message' };
    const first = await unary('UnaryCall', { response_status });
    assert.deepStrictEqual([first.status.code, first.status.details], [2, response_status.message]);
    const call = client.FullDuplexCall();
    const answers = collect(call);
    call.write({ response_status });
    call.end();
    const second = await answers;
    assert.deepStrictEqual([second.status.code, second.status.details], [2, response_status.message]);
  },
  async special_status_message() {
    const message = '\t\ntest with whitespace\r\nand Unicode BMP ☺ and non-BMP 😈\t\n';
    const seen = await unary('UnaryCall', { response_status: { code: 2, message } });
    assert.deepStrictEqual([seen.status.code, seen.status.details], [2, message]);
  },
  async unimplemented_method() {
    assert.strictEqual((await unary('UnimplementedCall', {})).status.code, grpc.status.UNIMPLEMENTED);
  },
  async unimplemented_service() {
    const seen = await unary('UnimplementedCall', {}, new grpc.Metadata(), unimplemented);
    assert.strictEqual(seen.status.code, grpc.status.UNIMPLEMENTED);
  },
  async many_at_once() {
    const calls = Array.from({ length: 300 }, (_, i) => unary('UnaryCall', { response_size: i * 10 }).then((seen) => payloadIs(ok(seen).response, i * 10)));
    await Promise.all(calls);
  },
};

async function main() {
  let failed = 0;
  for (const name of process.argv.filter((word) => word in cases)) {
    try {
      await cases[name]();
      console.log(name + ': passed');
    } catch (error) {
      failed++;
      console.log(name + ': ' + error.message);
    }
  }
  process.exit(failed === 0 ? 0 : 1);
}
main();
