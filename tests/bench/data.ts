import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { readOptions } from '../support/read-options.js';

const USAGE = `node tests/dist/bench/data.js [options]

Time and memory of reading a data set: rows made of words of a fixed list, read in a process of its own. Ends with 1
when the process took more than --limit.

  --megabytes N     size of the file; default 50
  --limit N         MiB; default 512
  --tokenizer DIR   default: the one of the example model
  --json            figures as one line of JSON
`;

const values = readOptions(USAGE, {
  megabytes: { type: 'string', default: '50' },
  limit: { type: 'string', default: '512' },
  tokenizer: { type: 'string', default: defaultTokenizer() },
  json: { type: 'boolean', default: false },
});

interface Measured {
  readonly rows: number;
  readonly kept: number;
  readonly tokens: number;
  readonly seconds: number;
  readonly peakMebibytes: number;
}

const folder = mkdtempSync(join(tmpdir(), 'tuneyard-bench-data-'));
try {
  const file = join(folder, 'rows.jsonl');
  await writeRows(file, Number(values.megabytes) * 1e6);
  const measured = await measure(file, values.tokenizer);
  const megabytesPerSecond = Number(values.megabytes) / measured.seconds;
  if (values.json) console.log(JSON.stringify({ ...measured, megabytesPerSecond }));
  else {
    console.log(
      `${values.megabytes} MB of JSONL: ${measured.rows} rows, ${measured.kept} kept, ${measured.tokens} tokens in ` +
        `${measured.seconds.toFixed(1)} s (${megabytesPerSecond.toFixed(1)} MB/s), ` +
        `peak ${measured.peakMebibytes.toFixed(0)} MiB of at most ${values.limit}`,
    );
  }
  if (measured.peakMebibytes > Number(values.limit)) process.exitCode = 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}

function defaultTokenizer(): string {
  return fileURLToPath(new URL('../../../deploy/examples/base-model', import.meta.url));
}

/** About a kilobyte a row, no two alike. */
async function writeRows(file: string, bytes: number): Promise<void> {
  const out = createWriteStream(file);
  let seed = 1;
  const next = (below: number): number => {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
    return Math.floor((seed / 2 ** 32) * below);
  };
  const syllables = ['ka', 'ron', 'ti', 'mel', 'so', 'da', 'vin', 'pe', 'lor', 'an', 'quo', 'zi'];
  const word = (): string => Array.from({ length: 1 + next(4) }, () => syllables[next(12)]).join('');
  const sentence = (words: number): string => `${Array.from({ length: words }, word).join(' ')}.`;
  for (let written = 0, row = 0; written < bytes; row++) {
    const line = `${JSON.stringify({ instruction: `${row}: ${sentence(40)}`, output: sentence(90) })}\n`;
    written += line.length;
    if (!out.write(line)) await once(out, 'drain');
  }
  out.end();
  await once(out, 'close');
}

/** Reads the file in a process of its own, so that the peak is that of reading alone. */
async function measure(file: string, tokenizer: string): Promise<Measured> {
  const script = `
    const { prepareData, Tokenizer } = await import('@tuneyard/trainer/data');
    const source = { uri: process.argv[1], format: 'auto', weight: 1, split: '', columns: {} };
    const started = performance.now();
    const { report } = await prepareData({
      sources: [source], split: { train: 0.9, validation: 0.1, test: 0, seed: 1 }, template: 'auto', maxLength: 1024,
      packing: false, trainOnPrompt: false, clean: { dedupe: true, minTokens: 1, maxTokens: 0 },
    }, Tokenizer.load(process.argv[2]));
    const seconds = (performance.now() - started) / 1000;
    const splits = Object.values(report.splits);
    const sum = (field) => splits.reduce((total, split) => total + split[field], 0);
    console.log(JSON.stringify({
      rows: report.rows, kept: sum('examples'), tokens: sum('tokens'), seconds,
      peakMebibytes: process.resourceUsage().maxRSS / 1024,
    }));`;
  const args = ['--input-type=module', '-e', script, pathToFileURL(file).href, tokenizer];
  const child = spawn(process.execPath, args, {
    cwd: fileURLToPath(new URL('../..', import.meta.url)),
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [output] = await Promise.all([text(child.stdout), once(child, 'exit')]);
  if (child.exitCode !== 0) throw new Error(`reading ended with ${child.exitCode}`);
  return JSON.parse(output) as Measured;
}
