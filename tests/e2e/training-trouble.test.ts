import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { readNewestCheckpoint } from '@tuneyard/trainer/loop';
import { openDestination, openStorage } from '@tuneyard/trainer/storage';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { REPOSITORY } from '../support/repository.js';
import { tuneyard } from '../support/run-command.js';
import { writeTinyModel } from '../support/tiny-model.js';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'tuneyard-trouble-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Figures {
  readonly steps: number;
  readonly warnings: readonly string[];
  readonly losses: readonly { readonly step: number; readonly loss: number }[];
}

function dataFile(name: string, outputs: readonly string[]): string {
  const file = join(folder, name);
  const rows = outputs.map((output, i) => ({ instruction: `code of part ${i}`, input: '', output }));
  writeFileSync(file, rows.map((row) => JSON.stringify(row)).join('\n'));
  return file;
}

/** A model whose embedding of one byte is not a number: examples that contain it, and no others, have no loss. */
function modelThatCannotRead(letter: string, name: string): string {
  const model = writeTinyModel(join(folder, name));
  const file = join(model, 'model.safetensors');
  const bytes = readFileSync(file);
  const headerBytes = Number(bytes.readBigUInt64LE(0));
  const header = JSON.parse(bytes.toString('utf8', 8, 8 + headerBytes)) as Record<
    string,
    { dtype: string; shape: [number, number]; data_offsets: [number, number] }
  >;
  const table = header['model.embed_tokens.weight'];
  const { model: tokens } = JSON.parse(readFileSync(join(model, 'tokenizer.json'), 'utf8')) as {
    model: { vocab: Record<string, number> };
  };
  const id = tokens.vocab[letter];
  if (!table || id === undefined) throw new Error('the tiny model has changed');
  const size = table.dtype === 'F32' ? 4 : 2;
  const at = 8 + headerBytes + table.data_offsets[0] + id * table.shape[1] * size;
  // All ones is a NaN in every floating-point format.
  bytes.fill(0xff, at, at + size);
  writeFileSync(file, bytes);
  return model;
}

const NO_VALIDATION = 'dataset.split={"train":1,"validation":0,"test":0}';

/** The arguments of a small training; `settings` as `path=value`. */
function trainArguments(model: string, data: string, out: string, settings: readonly string[]): string[] {
  const set = ['training.batchSize=4', 'training.microBatchSize=2', ...settings].flatMap((s) => ['--set', s]);
  return ['train', '--model', model, '--data', data, '--out', out, ...set];
}

describe('a loss that is not a number', () => {
  it('skips the step, counts it, and training goes on', async () => {
    const model = modelThatCannotRead('Z', 'one-letter');
    const data = dataFile(
      'some.jsonl',
      Array.from({ length: 24 }, (_, i) => (i === 5 ? 'Z' : `P-${i}`)),
    );
    const json = join(folder, 'skipped.json');
    const out = join(folder, 'skipped');
    const result = await tuneyard(
      ...trainArguments(model, data, out, [NO_VALIDATION, 'training.epochs=2']),
      '--json',
      json,
    );
    expect(result).toMatchObject({ code: 0 });
    const figures = JSON.parse(readFileSync(json, 'utf8')) as Figures;
    expect(figures.steps).toBe(12);
    // Once an epoch, the steps named.
    const skipped = figures.warnings.filter((warning) => warning.startsWith('step '));
    expect(skipped).toHaveLength(2);
    expect(skipped[0]).toMatch(/^step [1-6]: loss NaN or its gradient is not finite; the step is skipped$/);
    expect(result.stderr).toContain(`warning: ${skipped[1]}`);
    expect(figures.losses.at(-1)!.loss).toBeLessThan(figures.losses[0]!.loss);
    expect(adapterIsFinite(out)).toBe(true);
  }, 30_000);

  it('three in a row end the job with the reason, and nothing is written', async () => {
    const model = modelThatCannotRead('Z', 'every-letter');
    const data = dataFile(
      'all.jsonl',
      Array.from({ length: 24 }, (_, i) => `Z${i}`),
    );
    const out = join(folder, 'diverged');
    const result = await tuneyard(...trainArguments(model, data, out, [NO_VALIDATION]));
    expect(result.code).toBe(1);
    expect(result.stderr).toMatch(
      /not finite in 3 steps in a row up to step 3; lower training\.learningRate/,
    );
    expect(existsSync(out)).toBe(false);
  }, 30_000);
});

describe('a validation loss that rises while the training loss falls', () => {
  it('is warned of with the step', async () => {
    const model = writeTinyModel(join(folder, 'model'));
    // Nothing in the answers can be learned from others: what is learned is learned by heart.
    const data = dataFile(
      'random.jsonl',
      Array.from({ length: 40 }, (_, i) => String(Math.imul(i + 1, 0x9e3779b1) >>> 0)),
    );
    const json = join(folder, 'rising.json');
    const settings = [
      'training.learningRate=0.02',
      'training.epochs=30',
      'training.evalEverySteps=5',
      'training.earlyStopping={"patience":4}',
      'dataset.split={"train":0.7,"validation":0.3,"test":0}',
    ];
    const result = await tuneyard(
      ...trainArguments(model, data, join(folder, 'rising'), settings),
      '--json',
      json,
    );
    expect(result).toMatchObject({ code: 0 });
    const figures = JSON.parse(readFileSync(json, 'utf8')) as Figures;
    expect(figures.warnings[0]).toMatch(
      /^step \d+: validation loss rose from [\d.]+ to [\d.]+ while training loss fell/,
    );
  }, 60_000);
});

describe('a disk that is full', () => {
  it('loses nothing that was written before', async () => {
    const root = join(folder, 'checkpoints');
    const script = `
      const { writeCheckpoint } = await import('@tuneyard/trainer/loop');
      const { openDestination, openStorage } = await import('@tuneyard/trainer/storage');
      const uri = 'file://' + process.argv[1];
      const place = { uri, destination: openDestination({ uri, secret: '', field: '' }, openStorage(process.env)) };
      const state = (step, bytes) => ({
        run: { step }, image: new Uint8Array(bytes).fill(step), bestImage: new Uint8Array(0),
      });
      await writeCheckpoint(place, state(1, 10_000), { keep: 1 });
      await writeCheckpoint(place, state(2, 400_000), { keep: 1 }).catch(({ code }) => console.error(code));`;
    const { stderr } = await underFileLimit(240, ['--input-type=module', '-e', script, root]);
    expect(stderr.trim()).toBe('EFBIG');
    expect(readdirSync(root)).toEqual(['step-00000001']);
    const uri = pathToFileURL(root).href;
    const destination = openDestination({ uri, secret: '', field: '' }, openStorage(process.env));
    const kept = await readNewestCheckpoint({ uri, destination }, expect.unreachable);
    expect(kept?.image).toEqual(new Uint8Array(10_000).fill(1));
  });

  it('costs checkpoints, not the training', async () => {
    const model = writeTinyModel(join(folder, 'model-for-limit'));
    const data = dataFile(
      'limit.jsonl',
      Array.from({ length: 24 }, (_, i) => `P-${i}`),
    );
    const out = join(folder, 'limited');
    const settings = [NO_VALIDATION, 'training.epochs=1', 'training.checkpoint.everySteps=2'];
    const args = trainArguments(model, data, out, settings);
    // The adapter fits, a checkpoint with its two moments does not.
    const program = join(REPOSITORY, 'controller/bin/tuneyard.js');
    const { code, stderr } = await underFileLimit(240, [program, ...args]);
    expect(stderr).toMatch(/warning: step 2: no checkpoint, there is no room for it \(EFBIG\)/);
    expect(code).toBe(0);
    expect(existsSync(join(out, 'adapter_model.safetensors'))).toBe(true);
  }, 30_000);
});

/** Runs node where no file can grow past some KiB: what a full disk does to it, without one. */
async function underFileLimit(
  kibibytes: number,
  args: readonly string[],
): Promise<{ code: number | null; stderr: string }> {
  const script = `ulimit -f ${kibibytes}; exec "$0" "$@"`;
  const child = spawn('bash', ['-c', script, process.execPath, ...args], {
    cwd: REPOSITORY,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const [stderr] = await Promise.all([text(child.stderr), once(child, 'exit')]);
  return { code: child.exitCode, stderr };
}

function adapterIsFinite(out: string): boolean {
  const bytes = readFileSync(join(out, 'adapter_model.safetensors'));
  const start = 8 + Number(bytes.readBigUInt64LE(0));
  const values = new Float32Array(
    bytes.buffer.slice(bytes.byteOffset + start, bytes.byteOffset + bytes.length),
  );
  return values.every(Number.isFinite);
}
