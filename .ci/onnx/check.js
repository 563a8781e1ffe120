// Compares exported models with ONNX Runtime.
//
//   node check.js FOLDER...
//
// Each folder is what `bench export` wrote: model.onnx, normal.js, info.json and
// rows.jsonl, whose lines hold the inputs of the graph, our own answer, and that
// of our runner of ONNX graphs. Fails unless for every folder labels agree on
// 99.9 % of rows and scores within 1e-4, with both; agreement on raw rows,
// through normal.js, is printed.
'use strict';
const ort = require('onnxruntime-node');
const fs = require('fs'), path = require('path');

const LABELS = .999, SCORES = 1e-4, BATCH = 32;

// tensorsOf makes the graph's inputs of rows of values.
function tensorsOf(info, rows) {
  const feed = {};
  for (const input of info.inputs) {
    const { name, type } = input, values = rows.map((row) => row[name]);
    if (info.shape) { // of images, whose pixels stand one after the other
      feed[name] = new ort.Tensor('float32', Float32Array.from(values.flat()), [rows.length, ...info.shape]);
      continue;
    }
    const dims = isProse(input) ? [rows.length] : [rows.length, 1];
    feed[name] = type === 'STRING'
      ? new ort.Tensor('string', values, dims)
      : new ort.Tensor('float32', Float32Array.from(values, (v) => v ?? NaN), dims);
  }
  return feed;
}

// isProse says whether an input is free text: the rule names the normaliser.
const isProse = (input) => input.rule.includes('normal.js');

async function answers(session, info, rows) {
  const all = [];
  for (let i = 0; i < rows.length; i += BATCH) {
    const part = rows.slice(i, i + BATCH);
    const out = await session.run(tensorsOf(info, part));
    const scores = out.scores ?? out.value;
    const n = scores.dims[1];
    part.forEach((_, k) => all.push({ label: out.label ? out.label.data[k] : '', scores: Array.from(scores.data.slice(k * n, (k + 1) * n)) }));
  }
  return all;
}

// compare counts rows whose labels agree and finds the largest gap of scores,
// relative for numbers above 1, which only regressions have.
function compare(got, want) {
  let same = 0, gap = 0;
  got.forEach((g, i) => {
    if (g.label === want[i].label) same++;
    g.scores.forEach((s, k) => {
      const d = Math.abs(s - want[i].scores[k]) / Math.max(1, Math.abs(want[i].scores[k]));
      gap = Math.max(gap, Number.isNaN(d) ? Infinity : d);
    });
  });
  return { share: same / got.length, gap };
}

async function check(folder) {
  const info = JSON.parse(fs.readFileSync(path.join(folder, 'info.json'), 'utf8'));
  const rows = fs.readFileSync(path.join(folder, 'rows.jsonl'), 'utf8').trim().split('\n').map((line) => JSON.parse(line));
  const session = await ort.InferenceSession.create(path.join(folder, 'model.onnx'), { intraOpNumThreads: 1 });
  const got = await answers(session, info, rows.map((r) => r.inputs));
  const results = { model: compare(got, rows), runner: compare(got, rows.map((r) => r.runner)) };
  let raw = '';
  if (info.normaliser) {
    const normal = require(path.resolve(folder, info.normaliser));
    const made = rows.map((r) => {
      const inputs = { ...r.inputs };
      for (const input of info.inputs) if (isProse(input)) inputs[input.name] = normal(r.raw[input.column ?? 'text'] ?? '');
      return inputs;
    });
    const equal = made.filter((m, i) => info.inputs.every(({ name }) => m[name] === rows[i].inputs[name])).length;
    const through = compare(await answers(session, info, made), rows);
    raw = `; raw rows: normal text equal ${(100 * equal / rows.length).toFixed(2)} %, labels agree ${(100 * through.share).toFixed(2)} %`;
  }
  const told = Object.entries(results).map(([name, r]) => `${name}: labels ${(100 * r.share).toFixed(2)} %, scores within ${r.gap.toExponential(1)}`).join('; ');
  const passed = Object.values(results).every((r) => r.share >= LABELS && r.gap <= SCORES);
  console.log(`${passed ? 'ok' : 'FAILED'} ${path.basename(folder)}: ${rows.length} rows; ${told}${raw}`);
  return passed;
}

(async () => {
  let failed = 0;
  for (const folder of process.argv.slice(2)) if (!await check(folder)) failed++;
  console.log(`${process.argv.length - 2 - failed} passed, ${failed} failed`);
  process.exit(failed ? 1 : 0);
})().catch((e) => { console.error(`check.js: ${e.message}`); process.exit(1); });
