// Loads grpc.testing from its .proto files, and reads the command line.
'use strict';
const path = require('path');
const grpc = require('@grpc/grpc-js');
const loader = require('@grpc/proto-loader');

function flag(name, fallback) {
  const at = process.argv.indexOf('--' + name);
  return at < 0 ? fallback : process.argv[at + 1];
}

const protos = flag('protos', path.join(__dirname, 'protos'));
const definition = loader.loadSync('grpc/testing/test.proto', { includeDirs: [protos], keepCase: true, defaults: true });
const testing = grpc.loadPackageDefinition(definition).grpc.testing;

module.exports = { flag, grpc, testing };
