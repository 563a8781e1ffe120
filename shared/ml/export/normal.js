// Makes the normal text of a document, which is what the graph of an exported
// text model reads: normalised and case-folded, without invisible characters,
// each chunk between two spaces of its own.
//
//   const normal = require('./normal.js');
//   session.run({ text: new ort.Tensor('string', [normal('Where is it?')], [1]) })
//
// It reads characters by the Unicode tables of the JavaScript engine. Those of
// the model are named in the export's metadata: characters that are newer than
// either may be read differently, all others are read alike.
'use strict';

const SPACE = /[\p{Z}\p{Cc}]/u;
const INVISIBLE = /[\p{Variation_Selector}\p{Cf}]/u;
const LETTER = /[\p{L}\p{M}\p{N}_]/u;
const LONGEST = 1 << 20; // bytes of UTF-8 that are read
const OLD_PRINT = ['в', 'д', 'о', 'с', 'т', 'т', 'ъ', 'ѣ', '\ua64b'];

// fold is full case folding; lower case is right for all but these.
function fold(ch) {
  const c = ch.codePointAt(0);
  if (ch === 'ß' || ch === 'ẞ') return 'ss';
  if (ch === 'ς') return 'σ';
  if (c === 0x345) return 'ι';
  if (c >= 0x13a0 && c <= 0x13f5) return ch; // Cherokee folds to its upper case
  if (c >= 0x13f8 && c <= 0x13fd) return String.fromCodePoint(c - 8);
  if (c >= 0xab70 && c <= 0xabbf) return String.fromCodePoint(c - 0xab70 + 0x13a0);
  if (c >= 0x1c80 && c <= 0x1c88) return OLD_PRINT[c - 0x1c80];
  return ch.toLowerCase();
}

// start returns the longest beginning of doc within LONGEST bytes. A half of a
// surrogate pair becomes U+FFFD, as a byte that is not UTF-8 does elsewhere.
function start(doc) {
  const bytes = new TextEncoder().encode(doc);
  let n = Math.min(bytes.length, LONGEST);
  while (n < bytes.length && n > 0 && (bytes[n] & 0xc0) === 0x80) n--;
  return new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes.subarray(0, n));
}

function normal(doc) {
  let folded = '';
  for (const ch of start(doc).normalize('NFKD')) folded += fold(ch);
  let out = '', last = 'space', joiner = false;
  for (const ch of folded.normalize('NFKC')) {
    const c = ch.codePointAt(0);
    if (c === 0x200d) { joiner = last === 'symbol'; continue; }
    const extends_ = (c >= 0x1f3fb && c <= 0x1f3ff) || (c >= 0xe0020 && c <= 0xe007f);
    if (!extends_ && INVISIBLE.test(ch)) continue;
    const tied = joiner;
    joiner = false;
    if (SPACE.test(ch)) {
      if (last !== 'space') out += ' ';
      last = 'space';
    } else if (c >= 0x1f1e6 && c <= 0x1f1ff) { // two of these make a flag
      out += ch;
      last = last === 'regional' ? 'symbol' : 'regional';
    } else if (extends_) {
      out += ch;
      last = 'symbol';
    } else if (LETTER.test(ch)) {
      out += ch;
      last = 'letter';
    } else { // a joiner ties two symbols, the second not of ASCII
      out += (tied && c >= 0x80 ? '\u200d' : '') + ch;
      last = 'symbol';
    }
  }
  const chunks = out.split(' ').filter(Boolean);
  return chunks.length ? ' ' + chunks.join('  ') + ' ' : '';
}

if (typeof module === 'object') module.exports = normal;
