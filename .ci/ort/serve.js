// Imports graphs into a running stage and holds its answers against those of
// ONNX Runtime in Node.
//
//   node serve.js READY_FILE CASES.jsonl ANSWER
//
// The first of the frozen cases is a classifier with an operator that only the
// optional function runs: it is dropped into the inbox through a presigned
// upload, and asked by /predict, /explain and /v2. So is a copy that ends in ZipMap,
// whose maps come as scores. A copy with an operator nobody runs must be refused by
// name. ANSWER is what the function said of events/onnxruntime-run.json: the softmax
// of .5 and -3.
'use strict';
const ort = require('onnxruntime-node');
const fs = require('fs');

const [readyFile, casesFile, answerFile] = process.argv.slice(2);
const at = JSON.parse(fs.readFileSync(readyFile, 'utf8'));
const line = JSON.parse(fs.readFileSync(casesFile, 'utf8').split('\n')[0]);
const graph = Buffer.from(line.model, 'base64');
const MODEL = 'einsum', LABELS = ['low', 'middle', 'high'];
let passed = 0;

function check(ok, what) {
  if (!ok) throw new Error(what);
  passed++;
}
const near = (a, b) => a.length === b.length && a.every((v, i) => Math.abs(v - b[i]) <= 1e-6);

async function ask(path, body) {
  const init = body && { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
  const resp = await fetch(at.api + path, init);
  return { status: resp.status, body: await resp.json() };
}

// send uploads a graph and waits for its job.
async function send(model, bytes) {
  const digest = require('crypto').createHash('sha256').update(bytes).digest('hex');
  const set = await ask('/v1/datasets', { model, filename: 'model.onnx', size: bytes.length, sha256: digest, train: {} });
  check(set.status === 201, `POST /v1/datasets: ${JSON.stringify(set.body)}`);
  const { url, method, headers } = set.body.upload;
  const put = await fetch(url, { method, headers, body: bytes });
  check(put.ok, `PUT of the graph: ${put.status}`);
  for (let i = 0; i < 300; i++) {
    const jobs = await ask(`/v1/training-jobs?model=${model}`);
    const job = jobs.body.items?.find((j) => j.model === model);
    if (job && ['succeeded', 'failed'].includes(job.status)) return (await ask(`/v1/training-jobs/${job.id}`)).body;
    await new Promise((done) => setTimeout(done, 100));
  }
  throw new Error(`the import of ${model} does not end`);
}

// maps is what makes maps of the scores, as skl2onnx writes it: fields of a
// ModelProto, which add to those of the file that they are put behind.
function maps() {
  const field = (number, ...inner) => {
    const bytes = Buffer.concat(inner.map((part) => Buffer.from(part)));
    return Buffer.concat([Buffer.from([number << 3 | 2, bytes.length]), bytes]);
  };
  const int = (number, value) => [number << 3, value];
  const labels = field(5, field(1, 'classlabels_strings'), ...LABELS.map((l) => field(9, l)), [0xa0, 0x01, 8] /* type: STRINGS */);
  const node = field(1, field(1, 'scores'), field(2, 'maps'), field(4, 'ZipMap'), labels, field(7, 'ai.onnx.ml'));
  const type = field(2, field(4, field(1, field(5, int(1, 8), field(2, field(1, int(1, 1)))))));
  return Buffer.concat([field(7, node, field(12, field(1, 'maps'), type)), field(8, field(1, 'ai.onnx.ml'), int(2, 3))]);
}

(async () => {
  const said = JSON.parse(fs.readFileSync(answerFile, 'utf8'));
  const bytes = Buffer.from(said.rows?.[0].outputs?.[0].data ?? '', 'base64');
  const cold = 1 / (1 + Math.exp(-3.5));
  check(bytes.length === 8 && near([bytes.readFloatLE(0), bytes.readFloatLE(4)], [cold, 1 - cold]), `the sample event: ${JSON.stringify(said)}`);

  const job = await send(MODEL, graph);
  check(job.status === 'succeeded' && job.version === 1, `the import: ${JSON.stringify(job)}`);
  const version = (await ask(`/v1/models/${MODEL}/versions/1`)).body;
  check(version.runtime === 'onnxruntime' && version.algorithm === 'onnx', `the version: ${JSON.stringify(version)}`);

  const rows = [];
  for (let i = 0; i < 40; i++) rows.push([Math.fround(Math.sin(i) * 3), Math.fround(Math.cos(3 * i))]);
  const session = await ort.InferenceSession.create(graph, { intraOpNumThreads: 1 });
  const out = await session.run({ x: new ort.Tensor('float32', Float32Array.from(rows.flat()), [rows.length, 2]) });
  const want = rows.map((_, i) => Array.from(out.scores.data.slice(3 * i, 3 * i + 3)));

  const predicted = await ask(`/v1/models/${MODEL}/predict`, { inputs: rows.map(([a, b]) => ({ f0: a, f1: b })), parameters: { top_k: 3 } });
  check(predicted.status === 200, `predict: ${JSON.stringify(predicted.body)}`);
  predicted.body.results.forEach((r, i) => {
    const scores = LABELS.map((l) => r.scores.find((s) => s.label === l).score);
    check(near(scores, want[i]), `predict, row ${i}: ${scores}, ONNX Runtime in Node says ${want[i]}`);
  });
  const spoilt = await ask(`/v1/models/${MODEL}/predict`, { inputs: [{ f0: 'much', f1: 1 }, { f0: 1, f1: 1 }] });
  check(spoilt.body.results?.[0].error && spoilt.body.results[1].label, `one bad row: ${JSON.stringify(spoilt.body)}`);

  const about = (await ask(`/v2/models/${MODEL}`)).body;
  check(about.platform === 'onnxruntime_onnx' && about.inputs[0].name === 'x', `/v2 says ${JSON.stringify(about)}`);
  const inferred = await ask(`/v2/models/${MODEL}/infer`, { inputs: [{ name: 'x', datatype: 'FP32', shape: [rows.length, 2], data: rows.flat() }] });
  const scores = inferred.body.outputs?.find((o) => o.name === 'scores');
  check(scores && near(scores.data, want.flat()), `/v2 infer: ${JSON.stringify(inferred.body).slice(0, 400)}`);

  const explained = await ask(`/v1/models/${MODEL}/explain`, { inputs: [{ f0: 2, f1: -1 }] });
  check(explained.body.results?.[0].explanation?.columns?.length === 2, `explain: ${JSON.stringify(explained.body)}`);

  const zipped = await send('zipped', Buffer.concat([graph, maps()]));
  check(zipped.status === 'succeeded', `the import with ZipMap: ${JSON.stringify(zipped)}`);
  const mapped = await ask('/v2/models/zipped/infer', { inputs: [{ name: 'x', datatype: 'FP32', shape: [rows.length, 2], data: rows.flat() }] });
  const scoresOf = mapped.body.outputs?.find((o) => o.name === 'maps');
  check(scoresOf && scoresOf.datatype === 'FP32' && near(scoresOf.data, want.flat()), `ZipMap by /v2 infer: ${JSON.stringify(mapped.body).slice(0, 400)}`);

  const nobody = await send('nobody', Buffer.from(graph.toString('latin1').replaceAll('Einsum', 'Einsam'), 'latin1'));
  check(nobody.status === 'failed' && nobody.error.code === 'onnx_operator_unsupported' && nobody.error.message.includes('ONNX Runtime') && nobody.error.message.includes('Einsam'),
    `an operator nobody runs: ${JSON.stringify(nobody)}`);
  console.log(`${passed} passed, 0 failed`);
})().catch((e) => { console.error(`serve.js: ${e.message}`); process.exit(1); });
