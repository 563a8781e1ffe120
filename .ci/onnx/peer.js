// Puts the answers of ONNX Runtime into frozen cases: graphs with inputs.
//
//   go test ./shared/ml/onnx/runner ./shared/ml/export -run asONNXRuntime -update
//   node .ci/onnx/peer.js shared/ml/onnx/runner/testdata/peer.jsonl shared/ml/export/testdata/peer.jsonl
//
// With -check nothing is written: it fails when an answer differs from the file,
// by more than the last digits, which depend on the processor.
'use strict';
const ort = require('onnxruntime-node');
const fs = require('fs');

const check = process.argv.includes('-check'), files = process.argv.slice(2).filter((a) => a !== '-check');
const special = { NaN, Infinity, '-Infinity': -Infinity };

function tensorOf({ type, dims, data }) {
  if (type === 'int64') return new ort.Tensor(type, BigInt64Array.from(data, BigInt), dims);
  if (type === 'float32') return new ort.Tensor(type, Float32Array.from(data, (v) => special[v] ?? v), dims);
  if (type === 'bool') return new ort.Tensor(type, Uint8Array.from(data), dims);
  return new ort.Tensor(type, data, dims);
}

// alike compares two answers as they stand in the file.
function alike(a, b) {
  if (typeof a === 'number') return Math.abs(a - b) <= 1e-5 * Math.max(1, Math.abs(b));
  if (a === null || typeof a !== 'object') return a === b;
  const keys = Object.keys(a);
  return keys.length === Object.keys(b ?? {}).length && keys.every((k) => alike(a[k], b[k]));
}

const element = { int64: Number, bool: Boolean, string: String, float32: (v) => (Number.isFinite(v) ? v : String(v)) };

async function answer(line) {
  const session = await ort.InferenceSession.create(Buffer.from(line.model, 'base64'), { logSeverityLevel: 3 });
  const feed = {};
  for (const input of line.inputs ?? []) feed[input.name] = tensorOf(input);
  const out = await session.run(feed);
  return session.outputNames.map((name) => ({
    name, type: out[name].type, dims: out[name].dims, data: Array.from(out[name].data, element[out[name].type]),
  }));
}

(async () => {
  let passed = 0;
  for (const file of files) {
    const lines = fs.readFileSync(file, 'utf8').trim().split('\n').map((text) => JSON.parse(text));
    for (const line of lines) {
      const frozen = line.outputs;
      try {
        line.outputs = await answer(line);
      } catch (e) {
        throw new Error(`${line.name}: ${e.message}`);
      }
      if (check && !alike(JSON.parse(JSON.stringify(line.outputs)), frozen)) throw new Error(`${line.name}: the answer differs from the frozen one`);
      passed++;
    }
    if (!check) fs.writeFileSync(file, lines.map((line) => JSON.stringify(line) + '\n').join(''));
  }
  console.log(`${passed} passed, 0 failed`);
})().catch((e) => { console.error(`peer.js: ${e.message}`); process.exit(1); });
