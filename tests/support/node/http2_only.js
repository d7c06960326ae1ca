// An HTTP/2-only server behind TLS: node http2_only.js PORT FILE, a PEM file with key and certificates.
const [port, file] = process.argv.slice(2);
const pem = require('fs').readFileSync(file);
const options = { key: pem, cert: pem, allowHTTP1: false };
require('http2').createSecureServer(options, (_, answer) => answer.end('{}')).listen(+port, '127.0.0.1');
