import { statSync } from 'node:fs';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { Tokenizer } from '../data/index.js';
import { UserError } from '../errors.js';
import { openForInference } from '../inference/index.js';
import { readUtf8File } from '../support/index.js';
import { modelFolder } from './model-folder.js';
import { writeJson } from './write-json.js';

export interface LossCommandOptions {
  readonly model: string;
  readonly file: string;
  readonly separator?: string;
  readonly adapter?: string;
  readonly fromScratch?: boolean;
  readonly json?: string;
}

/** Longest text file that is measured. */
const MAX_BYTES = 256 * 1024 * 1024;

/** Mean loss over the documents of a file; each begins with the BOS token where the tokenizer adds one. */
export async function runLoss(options: LossCommandOptions): Promise<void> {
  const documents = readDocuments(options.file, options.separator);
  const folder = await modelFolder(options.model, { option: '--model', purpose: 'model' });
  const adapter =
    options.adapter === undefined
      ? undefined
      : await modelFolder(options.adapter, { option: '--adapter', purpose: 'adapter' });
  const tokenizer = Tokenizer.load(folder);
  const model = await openForInference(folder, { ...options, adapter });
  const measured: { document: number; tokens: number; loss: number }[] = [];
  let lossSum = 0;
  let tokens = 0;
  for (const [document, text] of documents.entries()) {
    const ids = Int32Array.from(tokenizer.encodeSequence(text));
    let documentLoss = 0;
    let predicted = 0;
    for (const window of windows(ids, model.maxPositions)) {
      documentLoss += model.loss(window);
      // Signals and the end of the caller are noticed between windows.
      await nextTurn();
      predicted += window.length - 1;
    }
    if (predicted === 0) continue;
    lossSum += documentLoss;
    tokens += predicted;
    measured.push({ document, tokens: predicted, loss: documentLoss / predicted });
  }
  model.dispose();
  if (tokens === 0) throw new UserError(`${options.file} has no text to measure`);
  const loss = lossSum / tokens;
  if (options.json !== '-') {
    for (const entry of measured) {
      console.log(
        `document ${entry.document}: ${entry.loss.toFixed(4)} nats/token over ${entry.tokens} tokens`,
      );
    }
    console.log(
      `mean loss ${loss.toFixed(4)} nats/token over ${tokens} tokens (perplexity ${Math.exp(loss).toFixed(3)})`,
    );
  }
  if (options.json !== undefined) {
    writeJson(options.json, {
      loss,
      perplexity: Math.exp(loss),
      tokens,
      backend: model.backend,
      documents: measured,
    });
  }
}

function readDocuments(file: string, separator: string | undefined): string[] {
  let text: string;
  try {
    if (statSync(file).size > MAX_BYTES) throw new UserError(`${file} is larger than ${MAX_BYTES} bytes`);
    text = readUtf8File(file);
  } catch (error) {
    if (error instanceof UserError) throw error;
    throw new UserError(`${file} cannot be read: ${(error as NodeJS.ErrnoException).code ?? String(error)}`);
  }
  if (separator === undefined) return [text];
  return text
    .split(separator)
    .map((document) => document.trim())
    .filter((document) => document !== '');
}

/** Stretches of at most `length` tokens; each next one starts with the last token of the one before. */
function* windows(ids: Int32Array, length: number): Generator<Int32Array> {
  for (let start = 0; start + 1 < ids.length; start += length - 1) yield ids.slice(start, start + length);
}
