import {
  podTemplateProblems,
  resolveSpec,
  specWarnings,
  workerResourceProblems,
  type FilledField,
  type FineTuneJob,
  type ResolvedSpec,
} from '../../api/index.js';
import { UserError } from '../../errors.js';
import type { DataReport } from '../data-report.js';
import { checkData, withLocalFiles, type LocalFiles } from './data-check.js';
import { weightsProblem } from './weights-check.js';
import { gib, memoryFit, memoryProblem, type MemoryFit } from './memory-fit.js';

export interface JobQuestion extends LocalFiles {
  /** Kinds of GPU that the job may get, where it names none itself. */
  readonly flavors: readonly string[];
  readonly gpuMemory?: number | undefined;
  /** Random weights are wanted, whatever the job says. */
  readonly fromScratch?: boolean | undefined;
}

/** What can be told of a job without a cluster. */
export interface JobFindings {
  readonly problems: readonly string[];
  readonly warnings: readonly string[];
  /** What could not be looked at, and why. */
  readonly notes: readonly string[];
  readonly resolved?: Omit<ResolvedSpec, 'reasons' | 'memory'>;
  /** The fields that were filled in, with their values. */
  readonly filled?: readonly (FilledField & { readonly value: unknown })[];
  readonly memory?: MemoryFit;
  readonly data?: DataReport;
  /** Whether a model folder that is here cannot be trained. */
  readonly hasUnusableModel?: true;
}

/** What was found of one document. */
export interface Findings extends JobFindings {
  /** `file:line` */
  readonly place: string;
  readonly kind?: string | undefined;
  readonly name?: string | undefined;
  readonly valid: boolean;
}

/** Looks at a job as the controller and a trainer would. @param place `file:line: ` of the job */
export async function checkJob(job: FineTuneJob, place: string, question: JobQuestion): Promise<JobFindings> {
  const at = (sentence: string) => `${place}${sentence}`;
  let spec: ResolvedSpec;
  try {
    spec = resolveSpec(job.spec);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return { problems: [at(error.message)], warnings: [], notes: [] };
  }
  const local = startingFrom(withLocalFiles(spec, question), question);
  const refused = podTemplateProblems(job.spec, { allowPrivileged: true });
  const privileged = podTemplateProblems(job.spec, { allowPrivileged: false }).filter(
    (problem) => !refused.includes(problem),
  );
  const flavors = job.spec.workers?.flavors ?? question.flavors;
  const memory = memoryFit(local, { model: local.model.source, flavors, gpuMemory: question.gpuMemory });
  const need = { gpus: spec.workers.gpusPerWorker, hostBytes: memory?.hostBytes };
  const scarce = refused.length > 0 ? [] : workerResourceProblems(job.spec, need);
  const tooBig = memory === undefined ? undefined : memoryProblem(spec, memory);
  const data = await checkData(local);
  const weights = weightsProblem(local, question.model !== undefined);
  const ofSpec = specWarnings(spec, job.spec.goal);
  const { reasons, memory: _, ...resolved } = spec;
  return {
    problems: [
      ...refused.map(at),
      ...scarce.map(at),
      ...(tooBig === undefined ? [] : [at(`spec ${tooBig}`)]),
      ...(weights === undefined ? [] : [at(weights)]),
      ...data.problems,
    ],
    warnings: [
      ...privileged,
      ...workerRangeWarnings(job.spec.workers),
      ...ofSpec,
      ...memoryWarnings(memory, tooBig),
      ...data.warnings.filter((warning) => !ofSpec.some((known) => fieldOf(known) === fieldOf(warning))),
    ],
    notes: [...memoryNotes(spec, memory), ...data.notes],
    resolved,
    filled: reasons.map((reason) => ({ ...reason, value: valueAt(spec, reason.field) })),
    ...(memory === undefined ? {} : { memory }),
    ...(data.report === undefined ? {} : { data: data.report }),
    ...(weights === undefined ? {} : { hasUnusableModel: true }),
  };
}

function startingFrom(spec: ResolvedSpec, { fromScratch }: JobQuestion): ResolvedSpec {
  return fromScratch === true ? { ...spec, model: { ...spec.model, fromScratch } } : spec;
}

/** What a warning is about. */
const fieldOf = (warning: string): string => warning.split(':', 1)[0] ?? '';

function memoryWarnings(memory: MemoryFit | undefined, tooBig: string | undefined): string[] {
  if (memory === undefined || tooBig !== undefined) return [];
  return memory.flavors
    .filter(({ fits }) => fits === false)
    .map(
      ({ flavor, bytes = 0 }) =>
        `spec.workers.flavors: ${flavor} has ${gib(bytes)} and is never taken, because ${gib(memory.bytesPerGpu)} are needed`,
    );
}

function memoryNotes(spec: ResolvedSpec, memory: MemoryFit | undefined): string[] {
  if (memory === undefined)
    return [
      `memory is not estimated: config.json of ${spec.model.source} is not on this machine; --model names a copy`,
    ];
  if (memory.flavors.length === 0)
    return ['whether it fits is not told: name a kind of GPU with --flavor, or its memory with --gpu-memory'];
  return memory.flavors
    .filter(({ bytes }) => bytes === undefined)
    .map(({ flavor }) => `the memory of ${flavor} is not known here: give it with --gpu-memory`);
}

/** By a path such as `training.learningRate`. */
function valueAt(spec: ResolvedSpec, path: string): unknown {
  let value: unknown = spec;
  for (const key of path.split('.'))
    value = typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[key] : undefined;
  return value;
}

/** The API takes a max of 1 for one that was not given. */
function workerRangeWarnings(workers: FineTuneJob['spec']['workers']): string[] {
  const { min = 1, max } = workers ?? {};
  if (max !== 1 || min === 1) return [];
  return [
    `spec.workers.max: 1 is less than min and counts as ${min}, as when it is not given; set it to ${min} or more`,
  ];
}
