import { Finished_Outcome, type Finished, type Stop, type TrainerConfig } from '@tuneyard/proto';
import type { Group } from '../collective/group.js';
import type { Observer } from '../observe/observer.js';
import { fetchInputs, type FetchContext, type Writer } from '../storage/index.js';
import { CoordinatorError, InterruptedError } from '../errors.js';
import { words } from '../words/index.js';
import type { Compute } from './compute.js';
import { warnOfOtherResult } from './other-job.js';
import { TrainingRun } from './training-run.js';

export interface TrainDependencies {
  /** The job that this process is a worker of: what it writes names it. */
  readonly job?: Writer | undefined;
  readonly group: Group;
  readonly compute: Compute;
  readonly observer: Observer;
  /** How sources are read and results written. */
  readonly storage: FetchContext;
  /** Seconds, monotonic. */
  readonly now: () => number;
  /** Aborted when the process itself is asked to end. */
  readonly interrupted: AbortSignal;
}

/**
 * One worker's life, from hello to the finished adapter. Every worker runs the same sequence of shared works (gradients
 * and evaluations); who computes what, and recovery from lost peers, is the group's business.
 */
export async function train(dependencies: TrainDependencies): Promise<Finished_Outcome> {
  const { group, compute, observer, storage, now, interrupted } = dependencies;
  const config = await group.connect();
  const { warnings, settings, ...job } = await compute.load(await fetchInputs(config, storage), (phase) =>
    observer.loading(phase),
  );
  observer.loaded(job, config);
  for (const warning of [...warnings, ...untested(config, job)]) observer.warn(warning);

  const [whole, owner] = [checked(config), dependencies.job];
  await warnOfOtherResult(whole, owner, dependencies);
  const run = new TrainingRun(whole, owner, { ...job, settings }, group, compute, observer, storage, now);
  const resumedFrom = await run.resume();
  await group.join(run, job.totalSteps, resumedFrom);
  interrupted.addEventListener('abort', () => group.endSoon());
  if (interrupted.aborted) group.endSoon();
  observer.loading('base');
  try {
    return await takePart(run, group, interrupted);
  } catch (error) {
    if (error instanceof InterruptedError) return leave(run);
    throw error;
  }
}

async function takePart(run: TrainingRun, group: Group, interrupted: AbortSignal): Promise<Finished_Outcome> {
  await run.testBase();
  while (run.over === undefined && !run.trained) {
    const stop = group.stopRequested();
    if (stop) return stopTogether(run, { group, interrupted }, stop);
    if (interrupted.aborted) return leave(run);
    if (group.takeCheckpointRequest()) await run.checkpoint();
    await (run.evaluationDue ? run.evaluate() : run.step());
  }
  if (run.over === undefined) await run.restoreBest();
  await run.testTuned();
  // The result is delivered: what this process holds may be older, or not trained at all.
  if (run.over !== undefined) return run.over;

  return deliver({ group, interrupted }, Finished_Outcome.OUTCOME_COMPLETE, async (outcome) =>
    run.finished(outcome, '', [await run.save(() => interrupted.aborted)]),
  );
}

/** Metrics that are asked for and cannot be measured. */
function untested({ evaluation }: TrainerConfig, { testGroups }: { readonly testGroups: number }): string[] {
  return testGroups > 0
    ? []
    : (evaluation?.metrics ?? []).map((metric) => words().comparison.noTestRows(metric));
}

/** Who this process reports to, and whether it was told to end itself. */
type Company = Pick<TrainDependencies, 'group' | 'interrupted'>;

/** The job was told to stop: all members end after the same step, with a checkpoint when asked for. */
function stopTogether(run: TrainingRun, company: Company, stop: Stop): Promise<Finished_Outcome> {
  return deliver(company, Finished_Outcome.OUTCOME_STOPPED, async (outcome) => {
    if (stop.checkpoint) await run.checkpoint();
    return run.finished(outcome, stop.reason, []);
  });
}

/** This process alone was told to end: its peers go on without it. */
async function leave(run: TrainingRun): Promise<Finished_Outcome> {
  await run.checkpoint();
  return Finished_Outcome.OUTCOME_STOPPED;
}

/** Rank 0 delivers the result; should it die before that, the next rank 0 does. */
async function deliver(
  { group, interrupted }: Company,
  outcome: Finished_Outcome,
  result: (outcome: Finished_Outcome) => Promise<Finished>,
): Promise<Finished_Outcome> {
  const isStopped = outcome === Finished_Outcome.OUTCOME_STOPPED;
  if (group.rank === 0 || (await group.awaitCompletion()) === 'leader') {
    const finished = await result(outcome);
    try {
      await group.finish(finished);
    } catch (error) {
      // What there was to save is saved; the controller sees from the pods that they ended well.
      if (!(error instanceof CoordinatorError) || !(interrupted.aborted || isStopped)) throw error;
    }
  }
  return outcome;
}

/** The configuration with every message present, as the controller promises. */
export type CompleteConfig = TrainerConfig & {
  [K in 'model' | 'method' | 'dataset' | 'training' | 'evaluation' | 'output']-?: NonNullable<
    TrainerConfig[K]
  >;
};

function checked(config: TrainerConfig): CompleteConfig {
  const { model, method, dataset, training, evaluation, output } = config;
  if (!model || !method || !dataset || !training || !evaluation || !output) {
    throw new Error('the coordinator sent an incomplete configuration');
  }
  return { model, method, dataset, training, evaluation, output };
}
