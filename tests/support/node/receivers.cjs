// Reads multipart messages with libraries of Node. Each line of the input is a message in JSON: receiver, type and
// body (base64); each line of the output is what it was read as, or how it was refused.
// The folder in which the libraries are installed is the first argument.
"use strict";
const { createRequire } = require("node:module");
const path = require("node:path");
const readline = require("node:readline");
const { Readable } = require("node:stream");
const fs = require("node:fs");

const load = createRequire(path.join(process.argv[2], "package.json"));

function requestOf(type, body) {
  const request = Readable.from(body.length ? [body] : []);
  request.headers = { "content-type": type, "content-length": String(body.length) };
  request.method = "POST";
  return request;
}

// A part with a file name counts as a file; every reader tells it by name, so the metadata may be one.
const found = (files, metadata) => ({
  name: files.file.name ?? null,
  file: files.file.body.toString("base64"),
  metadata: (metadata ?? files.metadata.body).toString(),
});

function busboy(request) {
  return new Promise((resolve, reject) => {
    const files = {};
    let metadata;
    const parser = load("busboy")({ headers: request.headers });
    parser.on("file", (field, stream, { filename }) => {
      const chunks = [];
      stream.on("data", (chunk) => chunks.push(chunk));
      stream.on("end", () => { files[field] = { name: filename, body: Buffer.concat(chunks) }; });
    });
    parser.on("field", (field, value) => { if (field === "metadata") metadata = value; });
    parser.on("error", reject);
    parser.on("close", () => { try { resolve(found(files, metadata)); } catch (error) { reject(error); } });
    request.pipe(parser);
  });
}

function multer(request) {
  return new Promise((resolve, reject) => {
    load("multer")().fields([{ name: "file" }, { name: "metadata" }])(request, {}, (error) => {
      if (error) return reject(error);
      try {
        const files = {};
        for (const [field, [file]] of Object.entries(request.files)) {
          files[field] = { name: file.originalname, body: file.buffer };
        }
        resolve(found(files, request.body.metadata));
      } catch (other) { reject(other); }
    });
  });
}

async function formidable(request) {
  const [fields, uploads] = await load("formidable").formidable({ allowEmptyFiles: true, minFileSize: 0 }).parse(request);
  return fromDisk(uploads, fields, (file) => [file.originalFilename, file.filepath]);
}

// As its own documentation reads a form: text in fields, files in files.
function multiparty(request) {
  return new Promise((resolve, reject) => {
    new (load("multiparty").Form)().parse(request, (error, fields, uploads) => {
      if (error) return reject(error);
      try { resolve(fromDisk(uploads, fields, (file) => [file.originalFilename, file.path])); } catch (other) { reject(other); }
    });
  });
}

function fromDisk(uploads, fields, told) {
  const files = {};
  for (const [field, [file]] of Object.entries(uploads)) {
    const [name, place] = told(file);
    files[field] = { name, body: fs.readFileSync(place) };
    fs.unlinkSync(place);
  }
  return found(files, fields.metadata && fields.metadata[0]);
}

const RECEIVERS = { busboy, multer, formidable, multiparty };

async function main() {
  for await (const line of readline.createInterface({ input: process.stdin })) {
    const { receiver, type, body } = JSON.parse(line);
    let reading;
    try {
      reading = await RECEIVERS[receiver](requestOf(type, Buffer.from(body, "base64")));
    } catch (error) {
      reading = { refused: String(error) };
    }
    process.stdout.write(JSON.stringify(reading) + "\n");
  }
}

main();
