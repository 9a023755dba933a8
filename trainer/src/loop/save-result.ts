import { createHash } from 'node:crypto';
import { createReadStream, readFileSync, statSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ChatTemplate, PreparedData } from '../data/index.js';
import {
  baseName,
  digestOfModel,
  methodName,
  publicAddress,
  publicSettings,
  writeHandOver,
  writeTokenizerFiles,
  type RecordedSource,
  type TrainingRecord,
} from '../result/index.js';
import type { LocalJob } from '../storage/index.js';
import type { RunSummary } from './compute.js';
import type { Engine } from './engine.js';
import { contentDigest } from './run-settings.js';

export interface SavedRun {
  readonly engine: Engine;
  readonly job: LocalJob;
  readonly data: PreparedData;
  readonly template: ChatTemplate;
  readonly summary: RunSummary;
}

/** Writes the result and everything beside it: what was learned, from what, how it compares, and how to load it. */
export async function saveResult(folder: string, run: SavedRun): Promise<void> {
  const { engine, job, data, summary } = run;
  const { comparison, compared } = summary;
  const { asked, local, versions } = job;
  if (!asked.model || !local.model) throw new Error('the configuration names no model');
  const name = baseName(asked.model, versions[0] ?? '');
  await engine.save(folder, name);
  const modelFolder = fileURLToPath(local.model.source);
  const tokenizerFiles = writeTokenizerFiles(modelFolder, folder, handedOnTemplate(run));
  await writeFile(join(folder, 'data_report.json'), withoutFolders(data.report, job));
  const record: TrainingRecord = {
    format: 'tuneyard-training-v1',
    base: { ...name, digest: await digestOfModel(modelFolder) },
    method: methodName(asked),
    steps: summary.steps,
    totalSteps: summary.totalSteps,
    tokens: summary.tokens,
    trainLossByQuarter: summary.trainLossByQuarter,
    metrics: comparison.metrics,
    data: {
      digest: contentDigest(data),
      rows: {
        train: data.report.splits.train.examples,
        validation: data.report.splits.validation.examples,
        test: data.report.splits.test.examples,
      },
      sources: await recordedSources(job),
    },
    settings: publicSettings(asked),
  };
  const { runtimes, note } = JSON.parse(readFileSync(join(folder, 'tuneyard.json'), 'utf8')) as {
    runtimes: { peft: boolean; vllm: boolean };
    note: string;
  };
  await writeHandOver(folder, {
    record,
    comparison,
    compared,
    runtimes: { ...runtimes, note },
    tokenizerFiles,
    rank: await rankOf(folder),
  });
}

/** The template as transformers renders it; undefined where all rows are running text. */
function handedOnTemplate({ data, template }: SavedRun): string | undefined {
  const rows = [...data.train.flatMap(({ examples }) => examples), ...data.validation, ...data.test];
  if (!rows.some(({ reference }) => reference !== '')) return undefined;
  return template.addsBos ? `{{ bos_token }}${template.source}` : template.source;
}

/** Folders of this machine mean nothing elsewhere; names of files and their lines stay. */
function withoutFolders(report: PreparedData['report'], { local }: LocalJob): string {
  let text = JSON.stringify(report, null, 2);
  for (const { uri } of local.dataset?.sources ?? []) {
    const path = fileURLToPath(uri);
    for (const parent of [path, dirname(path)])
      text = text.replaceAll(`${JSON.stringify(parent).slice(1, -1)}/`, '');
  }
  return `${text}\n`;
}

async function recordedSources({ asked, local }: LocalJob): Promise<RecordedSource[]> {
  const sources = asked.dataset?.sources ?? [];
  return Promise.all(
    sources.map(async ({ uri }, index) => {
      const path = fileURLToPath(local.dataset?.sources[index]?.uri ?? uri);
      const isFile = statSync(path, { throwIfNoEntry: false })?.isFile() ?? false;
      return { name: publicAddress(uri), ...(isFile ? { sha256: await digestOfFile(path) } : {}) };
    }),
  );
}

async function digestOfFile(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const part of createReadStream(path, { highWaterMark: 1 << 20 })) hash.update(part as Buffer);
  return hash.digest('hex');
}

/** The largest rank in the adapter that was written. */
async function rankOf(folder: string): Promise<number | undefined> {
  const text = await readFile(join(folder, 'adapter_config.json'), 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  const { r, rank_pattern: pattern = {} } = JSON.parse(text) as {
    r?: number;
    rank_pattern?: Record<string, number>;
  };
  return r === undefined ? undefined : Math.max(r, ...Object.values(pattern));
}
