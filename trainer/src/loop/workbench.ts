import { fileURLToPath } from 'node:url';
import type { TrainerConfig } from '@tuneyard/proto';
import type { Scalars } from '../collective/group.js';
import {
  ChatTemplate,
  createBatchPlan,
  dataCacheFolder,
  dataWarnings,
  prepareCachedData,
  Tokenizer,
} from '../data/index.js';
import { IGNORED_LABEL, type BatchPlan, type DataReport, type PreparedData } from '../data/index.js';
import type { HeldOutRows, ModelName } from '../evaluation/index.js';
import { readModelConfig } from '../model/index.js';
import { memoryReport, type MemoryReport } from '../memory/index.js';
import type { LocalJob } from '../storage/index.js';
import { checkAgainstModel } from './check-against-model.js';
import type { Compute, LoadedJob, LoadPhase, MatchCount, RunSummary } from './compute.js';
import { createEngine } from './create-engine.js';
import type { Engine, UpdateOptions } from './engine.js';
import { HeldOutBench } from './held-out-bench.js';
import { runFingerprint } from './run-fingerprint.js';
import { runSettings } from './run-settings.js';
import { saveResult } from './save-result.js';
import { dropoutSeed } from './seeds.js';

interface Loaded {
  readonly config: TrainerConfig;
  readonly engine: Engine;
  readonly plan: BatchPlan;
  readonly data: PreparedData;
  readonly job: LocalJob;
  readonly template: ChatTemplate;
  readonly heldOut: HeldOutBench;
}

/** {@link Compute} in the calling thread: the engine beside the data that it trains on. */
export class Workbench implements Compute {
  private loaded: Loaded | undefined;
  private dataSeconds = 0;

  /** @param measureMemory also measure what every gradient takes; see {@link memoryReport}. */
  constructor(private readonly measureMemory: boolean = false) {}

  async load(job: LocalJob, onPhase: (phase: LoadPhase) => void = () => undefined): Promise<LoadedJob> {
    onPhase('data');
    const config = job.local;
    const { model, dataset, training } = config;
    if (!model || !dataset || !training) throw new Error('the configuration is incomplete');
    const folder = fileURLToPath(model.source);
    const tokenizer = Tokenizer.load(folder);
    const cacheFolder = dataCacheFolder(process.env);
    const data = await prepareCachedData(dataset, tokenizer, { modelFolder: folder, cacheFolder });
    const warnings = [
      ...dataWarnings(data.report, config),
      ...checkAgainstModel(readModelConfig(folder), data, config.method),
    ];
    const plan = createBatchPlan(data, training, dataset);
    onPhase('model');
    const engine = await createEngine({
      config,
      modelFolder: folder,
      seed: training.seed,
      longestRow: plan.longestRow,
      measureMemory: this.measureMemory,
    });
    const template = ChatTemplate.choose(dataset.template, tokenizer).on(
      dataset.date ? new Date(dataset.date) : new Date(),
    );
    const maxNewTokens = config.evaluation?.maxNewTokens ?? 0;
    const heldOut = new HeldOutBench({ engine, data, tokenizer, template, maxNewTokens });
    this.loaded = { config, engine, plan, data, job, template, heldOut };
    return {
      fingerprint: runFingerprint(job, data),
      settings: runSettings(job, data),
      backend: engine.backend,
      parameterCount: engine.parameterCount,
      totalSteps: plan.totalSteps,
      stepsPerEpoch: plan.stepsPerEpoch,
      microBatchesPerStep: plan.microBatchesPerStep,
      validationBatches: plan.validationBatches,
      validationTokens: validationTokens(plan),
      vocabularySize: engine.modelConfig.vocabularySize,
      testGroups: heldOut.testGroups,
      examples: exampleCounts(data.report),
      warnings,
      paddingShare: plan.paddingShare,
    };
  }

  async gradient(step: number, index: number, out: Float32Array): Promise<Scalars> {
    const { engine, plan, config } = this.current();
    const started = performance.now();
    const batch = plan.microBatch(step, index);
    this.dataSeconds += (performance.now() - started) / 1000;
    if (batch.batch === 0) {
      out.fill(0);
      return { lossSum: 0, trainedTokens: 0 };
    }
    return engine.gradient(batch, dropoutSeed(config.training?.seed ?? 0, step, index), out);
  }

  validationLoss(index: number): Promise<Scalars> {
    const { engine, plan } = this.current();
    return engine.loss(plan.validationBatch(index));
  }

  async baseLoss(index: number): Promise<Scalars> {
    const { engine, plan } = this.current();
    return engine.baseLoss(plan.validationBatch(index));
  }

  exactMatches(group: number, model: ModelName): Promise<MatchCount> {
    return this.current().heldOut.exactMatches(group, model);
  }

  async heldOutRows(): Promise<HeldOutRows> {
    return this.current().heldOut.heldOutRows();
  }

  rowLoss(row: number, model: ModelName): Promise<number> {
    return this.current().heldOut.rowLoss(row, model);
  }

  rowAnswers(rows: readonly number[], model: ModelName, maxNewTokens: number): Promise<readonly string[]> {
    return this.current().heldOut.rowAnswers(rows, model, maxNewTokens);
  }

  update(gradient: Float32Array, options: UpdateOptions): Promise<number> {
    return this.current().engine.update(gradient, options);
  }

  async takeDataSeconds(): Promise<number> {
    const seconds = this.dataSeconds;
    this.dataSeconds = 0;
    return seconds;
  }

  exportState(): Promise<Uint8Array> {
    return this.current().engine.exportState();
  }

  importState(state: Uint8Array): Promise<void> {
    return this.current().engine.importState(state);
  }

  async save(folder: string, summary: RunSummary): Promise<void> {
    const { engine, job, data, template } = this.current();
    engine.releaseBase();
    await saveResult(folder, { engine, job, data, template, summary });
  }

  async memoryReport(): Promise<MemoryReport | undefined> {
    const { engine, config } = this.current();
    const { method, training, dataset } = config;
    if (!engine.largestPass || !method || !training) return undefined;
    const { backend, modelConfig: model } = engine;
    const maxLength = dataset?.maxLength ?? engine.largestPass.length;
    return memoryReport({ backend, model, method, training, maxLength }, engine.largestPass);
  }

  async dispose(): Promise<void> {
    this.loaded?.engine.dispose();
    this.loaded = undefined;
  }

  private current(): Loaded {
    if (!this.loaded) throw new Error('nothing is loaded yet');
    return this.loaded;
  }
}

function exampleCounts({ splits }: DataReport): LoadedJob['examples'] {
  return {
    train: splits.train.examples,
    validation: splits.validation.examples,
    test: splits.test.examples,
  };
}

function validationTokens(plan: BatchPlan): number {
  let count = 0;
  for (let index = 0; index < plan.validationBatches; index++)
    for (const label of plan.validationBatch(index).labels) if (label !== IGNORED_LABEL) count++;
  return count;
}
