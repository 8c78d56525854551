// Unpacks the browser that npm fetched into this folder: `node unpack.mjs`.
import { createReadStream, createWriteStream } from "node:fs";
import { pipeline } from "node:stream/promises";
import { createBrotliDecompress } from "node:zlib";

const packed = "node_modules/@sparticuz/chromium/bin/";
for (const name of ["chromium", "al2023.tar", "swiftshader.tar", "fonts.tar"]) {
  await pipeline(createReadStream(`${packed}${name}.br`), createBrotliDecompress(), createWriteStream(name));
}
