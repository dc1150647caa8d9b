// The server of the interoperability tests, on grpc-js. Prints "listening PORT"; ends with its standard input.
'use strict';
const { flag, grpc, testing } = require('./service');

const echoInitial = 'x-grpc-test-echo-initial';
const echoTrailing = 'x-grpc-test-echo-trailing-bin';

// Sends the initial metadata that is to be echoed; returns the trailing.
function echo(call) {
  const initial = call.metadata.get(echoInitial);
  if (initial.length > 0) {
    const headers = new grpc.Metadata();
    headers.set(echoInitial, initial[0]);
    call.sendMetadata(headers);
  }
  const trailers = new grpc.Metadata();
  call.metadata.get(echoTrailing).forEach((value) => trailers.add(echoTrailing, value));
  return trailers;
}

const zeros = (size) => ({ type: 'COMPRESSABLE', body: Buffer.alloc(size) });
const asked = (request) => request.response_status && request.response_status.code !== 0;
const failure = (request, metadata) => ({ code: request.response_status.code, details: request.response_status.message, metadata });

function answer(call, request) {
  request.response_parameters.forEach((wanted) => call.write({ payload: zeros(wanted.size) }));
}

const service = {
  EmptyCall: (call, done) => done(null, {}, echo(call)),
  UnaryCall(call, done) {
    const trailers = echo(call);
    if (asked(call.request)) done(failure(call.request, trailers));
    else done(null, { payload: zeros(call.request.response_size) }, trailers);
  },
  StreamingOutputCall(call) {
    const trailers = echo(call);
    answer(call, call.request);
    call.end(trailers);
  },
  StreamingInputCall(call, done) {
    const trailers = echo(call);
    let total = 0;
    call.on('data', (request) => { total += request.payload ? request.payload.body.length : 0; });
    call.on('end', () => done(null, { aggregated_payload_size: total }, trailers));
  },
  FullDuplexCall(call) {
    const trailers = echo(call);
    call.on('data', (request) => {
      if (asked(request)) call.emit('error', failure(request, trailers));
      else answer(call, request);
    });
    call.on('end', () => call.end(trailers));
  },
  HalfDuplexCall(call) {
    const requests = [];
    call.on('data', (request) => requests.push(request));
    call.on('end', () => {
      requests.forEach((request) => answer(call, request));
      call.end();
    });
  },
};

const options = flag('gzip') ? { 'grpc.default_compression_algorithm': 2 } : {};
const server = new grpc.Server(options);
server.addService(testing.TestService.service, service);
server.bindAsync('127.0.0.1:' + flag('port', '0'), grpc.ServerCredentials.createInsecure(), (error, port) => {
  if (error) throw error;
  console.log('listening ' + port);
});
process.stdin.resume();
process.stdin.on('end', () => process.exit(0));
