// Compares the normaliser that exports ship with text.Normal:
//
//   bench normal awkward.txt | node normal.js NORMALISER
//
// Every line of the input is a document and its normal text.
'use strict';
const fs = require('fs'), path = require('path');

const normal = require(path.resolve(process.argv[2]));
const lines = fs.readFileSync(0, 'utf8').trim().split('\n');
let failed = 0;
for (const line of lines) {
  const [doc, want] = JSON.parse(line);
  const got = normal(doc);
  if (got !== want && ++failed <= 10) console.error(`normal(${JSON.stringify(doc)}) = ${JSON.stringify(got)}, want ${JSON.stringify(want)}`);
}
if (lines.length < 1000) failed++; // an empty input must not pass
console.log(`${lines.length - failed} passed, ${failed} failed`);
process.exit(failed ? 1 : 0);
