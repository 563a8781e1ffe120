// Times how long ONNX Runtime takes to answer for one row, in Node.
//
//   node time.js FOLDER
//
// The folder is one that check.js reads, of images or of texts. Prints the median
// of the fastest round, with one thread or with all, whichever is faster, and
// fails when an answer is not ours.
'use strict';
const ort = require('onnxruntime-node');
const fs = require('fs'), path = require('path');

const ROUNDS = 6; // the first of which warms up

function tensorOf(info, value) {
  return info.shape
    ? new ort.Tensor('float32', Float32Array.from(value), [1, ...info.shape])
    : new ort.Tensor('string', [value], [1]);
}

async function fastest(folder, options) {
  const info = JSON.parse(fs.readFileSync(path.join(folder, 'info.json'), 'utf8')), { name } = info.inputs[0];
  const rows = fs.readFileSync(path.join(folder, 'rows.jsonl'), 'utf8').trim().split('\n').map((line) => JSON.parse(line));
  const session = await ort.InferenceSession.create(path.join(folder, 'model.onnx'), options);
  let least = Infinity;
  for (let round = 0; round < ROUNDS; round++) {
    const times = [];
    for (const row of rows) {
      const feed = { [name]: tensorOf(info, row.inputs[name]) };
      const since = process.hrtime.bigint();
      const out = await session.run(feed);
      times.push(Number(process.hrtime.bigint() - since) / 1e6);
      if (out.label.data[0] !== row.label) throw new Error(`a row is ${out.label.data[0]}, ours is ${row.label}`);
    }
    times.sort((a, b) => a - b);
    if (round > 0) least = Math.min(least, times[times.length >> 1]);
  }
  return least;
}

(async () => {
  const folder = process.argv[2];
  const times = [await fastest(folder, { intraOpNumThreads: 1 }), await fastest(folder, {})];
  console.log('RESULT ' + JSON.stringify({ predict1_ms_p50: Math.min(...times) }));
})().catch((e) => { console.error(`time.js: ${e.message}`); process.exit(1); });
