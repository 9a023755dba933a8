import { randomBytes, randomUUID } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  Finished_Outcome,
  type Finished,
  type Progress,
  type TimeShares,
  type TrainerConfig,
} from '@tuneyard/proto';
import { openTemporaryFolder } from '@tuneyard/proto/processes';
import { toTrainerConfig, type ResolvedSpec } from '../../api/index.js';
import {
  MemoryEventBus,
  MemoryStateStore,
  createCoordinatorServer,
  type JobTrainingState,
} from '../../coordinator/index.js';
import { UserError } from '../../errors.js';
import { plotLoss, type LossPoint } from '../display/loss-plot.js';
import { ProgressDisplay, spokenDuration } from '../display/progress-display.js';
import { refuseMissingModel } from '../refuse-missing-model.js';
import { words } from '../words/index.js';
import { writeJson } from '../write-json.js';
import { comparisonLines, readEvaluation, type Evaluation } from './comparison-report.js';
import { describeKept, Interruption, INTERRUPTED } from './interruption.js';
import { LocalWorkers, type WorkerExit } from './local-workers.js';
import { memoryTable, type MemoryFigures } from './memory-table.js';
import { chooseStart, type LocalStart } from './output-folder.js';
import { runDate } from './run-date.js';
import { chosenDefaults, localSpec } from './local-facts.js';
import type { LocalJobOptions } from './local-job-spec.js';

export interface TrainOptions extends LocalJobOptions {
  /** File for the figures; `-` = standard output. */
  readonly json?: string;
  /** Go on from the newest checkpoint of an earlier run with the same settings and data. */
  readonly resume: boolean;
  /** Replace what a folder at `out` holds, and remove checkpoints of an earlier run with the same settings and data. */
  readonly force: boolean;
  /** Measure the memory of the first worker and print it beside the estimate. */
  readonly memoryReport: boolean;
}

const MEMORY_FILE = 'memory.json';
/** Width of tables where there is no terminal. */
const PLAIN_COLUMNS = 100;

/** Trains without Kubernetes: a coordinator in this process, the workers as child processes. */
export async function trainLocally(options: TrainOptions): Promise<number> {
  refuseMissingModel(options.model);
  const spec = await localSpec(options);
  const resume = chooseStart(spec, options);
  const folder = openTemporaryFolder('train');
  const logs = folder.path;
  const job = { namespace: 'local', name: 'train', uid: randomUUID() };
  const token = randomBytes(32).toString('base64url');
  const server = await createCoordinatorServer({
    address: '127.0.0.1:0',
    store: new MemoryStateStore(),
    bus: new MemoryEventBus(),
  });
  const { coordinator } = server;
  const display = new ProgressDisplay(process.stderr);
  const curve: LossPoint[] = [];
  const told = new Set<string>();
  const tell = (warnings: readonly string[]): void => {
    for (const warning of warnings) if (!told.has(warning)) display.line(words().training.warning(warning));
    for (const warning of warnings) told.add(warning);
  };
  const started = performance.now();
  let workers: LocalWorkers | undefined;
  let comparing = false;
  const interruption = new Interruption({
    line: (text) => display.line(text),
    stop: () => void workers?.stop(),
    kill: () => workers?.kill(),
  });
  const ticking = setInterval(() => {
    if (curve.length === 0) display.begin(workers?.phase() ?? words().progress.starting);
    display.tick();
  }, 1000);
  try {
    await coordinator.register({
      ref: job,
      config: startingAs(resume, toTrainerConfig(spec, await runDate(spec, new Date(), resume))),
      token,
      expectedWorkers: options.workers,
    });
    coordinator.onChange(() => {
      const state = coordinator.state(job.uid);
      // What is wrong with the data is known before the first step; nobody should train for hours to hear of it.
      if (state?.progress && curve.length === 0) {
        tell(workers?.warnings() ?? []);
        const step = workers?.resumedStep();
        if (step !== undefined) display.line(words().training.resumed(String(step)));
      }
      if (state?.progress && !comparing) show(state.progress, state.members.length, display, curve);
      if (state?.progress && state.progress.step === state.progress.totalSteps && !comparing) {
        comparing = true;
        display.end();
        display.begin(words().training.comparing());
      }
    });
    for (const line of chosenDefaults(spec)) display.line(line);
    display.line(words().training.loading(logs));
    workers = new LocalWorkers({
      count: options.workers,
      coordinatorAddress: server.address,
      job,
      token,
      logFolder: logs,
      memoryReport: options.memoryReport ? join(logs, MEMORY_FILE) : undefined,
    });
    const exits = await workers.ended();
    display.end();
    const finished = coordinator.state(job.uid)?.finished;
    const warnings = workers.warnings();
    tell(warnings);
    if (interruption.isAsked) {
      display.line(keptOf(coordinator.state(job.uid)));
      return INTERRUPTED;
    }
    if (finished?.outcome !== Finished_Outcome.OUTCOME_COMPLETE) throw failure(finished, exits, logs);
    const seconds = (performance.now() - started) / 1000;
    const tokens = coordinator.state(job.uid)?.progress?.tokens ?? 0;
    const evaluation = readEvaluation(spec.output.uri);
    summarize(finished, curve, seconds, evaluation);
    const memory = options.memoryReport ? readMemoryFigures(logs) : undefined;
    if (memory) printLines(memoryTable(memory), options.json);
    if (options.json !== undefined) {
      writeJson(options.json, {
        seconds,
        workers: options.workers,
        ...report(spec, finished, curve, tokens),
        ...(evaluation ? { evaluation: { ...evaluation.figures, compared: evaluation.rows } } : {}),
        warnings,
        ...(memory ? { memory } : {}),
      });
    }
    return 0;
  } catch (error) {
    // What is wrong with the input is said; of anything else the logs tell more.
    if (!(error instanceof UserError)) folder.keep();
    throw error;
  } finally {
    interruption.forget();
    clearInterval(ticking);
    await workers?.stop();
    await server.close();
    folder.remove();
  }
}

function keptOf(state: JobTrainingState | undefined): string {
  const { checkpoint, progress } = state ?? {};
  return describeKept(
    checkpoint && { step: checkpoint.step, place: placeOf(checkpoint.uri) },
    progress?.totalSteps,
    process.argv,
  );
}

/** The folder of a checkpoint that lies on this machine. */
const placeOf = (uri: string) => (uri.startsWith('file://') ? dirname(fileURLToPath(uri)) : uri);

function startingAs(resume: LocalStart, config: TrainerConfig): TrainerConfig {
  const { training } = config;
  if (!training?.checkpoint) throw new Error('the configuration names no place for checkpoints');
  return { ...config, training: { ...training, checkpoint: { ...training.checkpoint, resume } } };
}

function show(progress: Progress, workers: number, display: ProgressDisplay, curve: LossPoint[]): void {
  if (progress.step !== curve.at(-1)?.step && Number.isFinite(progress.trainLoss)) {
    curve.push({ step: progress.step, loss: progress.trainLoss });
  }
  display.update({
    step: progress.step,
    totalSteps: progress.totalSteps,
    trainLoss: progress.trainLoss,
    evalLoss: progress.evalLoss,
    tokensPerSecond: progress.tokensPerSecond,
    secondsLeft: progress.estimatedSecondsLeft,
    workers,
  });
}

/** What the worker measured; undefined, with a word about it, when its backend cannot. */
function readMemoryFigures(logs: string): MemoryFigures | undefined {
  const file = join(logs, MEMORY_FILE);
  if (existsSync(file)) return JSON.parse(readFileSync(file, 'utf8')) as MemoryFigures;
  console.error(words().training.nothingMeasured());
  return undefined;
}

/** To standard output, unless the JSON goes there. */
function printLines(lines: readonly string[], json: string | undefined): void {
  for (const line of lines) (json === '-' ? console.error : console.log)(line);
}

function failure(finished: Finished | undefined, exits: readonly WorkerExit[], logs: string): Error {
  if (finished?.reason === 'UserError') return new UserError(finished.message);
  const worst = exits.find(({ code }) => code !== 0);
  const what = finished?.message ?? worst?.lastLines ?? words().training.noResult();
  return new Error(words().training.failed(what, logs));
}

function summarize(
  finished: Finished,
  curve: readonly LossPoint[],
  seconds: number,
  evaluation: Evaluation | undefined,
): void {
  for (const line of plotLoss(curve)) console.error(line);
  for (const { name, base, tuned, examples } of finished.metrics) {
    const before = base === undefined ? '-' : base.toFixed(4);
    console.error(words().training.measured(name, String(examples), before, tuned.toFixed(4)));
  }
  if (evaluation)
    for (const line of comparisonLines(evaluation, process.stderr.columns ?? PLAIN_COLUMNS))
      console.error(line);
  console.error(words().training.trained(String(finished.step), spokenDuration(seconds)));
  if (finished.timeShares !== undefined) console.error(timeLine(finished.timeShares));
  for (const { uri } of finished.artifacts) console.log(fileURLToPath(uri));
}

const percent = (share: number) => `${(100 * share).toFixed(1)} %`;

function timeLine({ data, compute, allReduce, update, padding }: TimeShares): string {
  return words().training.timeOfSteps(
    percent(compute),
    percent(allReduce),
    percent(update),
    percent(data),
    percent(padding),
  );
}

function report(
  spec: ResolvedSpec,
  finished: Finished,
  curve: readonly LossPoint[],
  tokens: number,
): Record<string, unknown> {
  const { method, training, reasons } = spec;
  return {
    steps: finished.step,
    tokens,
    losses: curve,
    metrics: finished.metrics,
    artifacts: finished.artifacts,
    timeShares: finished.timeShares,
    resolved: { method, training, reasons },
  };
}
