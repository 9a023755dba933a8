import type { Dataset } from './dataset.js';
import type { FineTuneJobSpec } from './fine-tune-job.js';
import type { MemoryNeed } from './memory-need.js';
import type { Method } from './method.js';
import type { Training } from './training.js';
import type { Workers } from './workers.js';

/** Fields for which there is no default: without them, no credentials are used. */
type Credentials = 'secretRef' | 'initFromSecretRef';

/** Every field given, at every depth; credentials where they were named. */
export type Filled<T> = T extends readonly (infer E)[]
  ? readonly Filled<E>[]
  : T extends object
    ? { readonly [K in Exclude<keyof T, Credentials>]-?: Filled<Exclude<T[K], undefined>> } & Pick<
        T,
        Extract<keyof T, Credentials>
      >
    : T;

/** Why a field that the user left out has its value. */
export interface FilledField {
  /** Path under spec, such as training.learningRate. */
  readonly field: string;
  readonly reason: string;
}

type Lora = Filled<Omit<NonNullable<Method['lora']>, 'initFrom'>> & { readonly initFrom?: string };
export type ResolvedMethod =
  | { readonly type: 'lora' | 'qlora'; readonly lora: Lora }
  | { readonly type: 'ptuning'; readonly ptuning: Filled<NonNullable<Method['ptuning']>> }
  | { readonly type: 'ptuning-v2'; readonly prefix: Filled<NonNullable<Method['prefix']>> }
  | {
      readonly type: 'prompt';
      readonly prompt: Filled<Omit<NonNullable<Method['prompt']>, 'initText'>> & {
        readonly initText?: string;
      };
    }
  | { readonly type: 'full' };
export type ResolvedTraining = Filled<Omit<Training, 'epochs' | 'steps'>> &
  ({ readonly epochs: number } | { readonly steps: number });
type Source = Dataset['sources'][number];
export type ResolvedDataset = Omit<Filled<Dataset>, 'sources'> & {
  readonly sources: readonly (Filled<Omit<Source, 'split' | 'columns' | 'sheet'>> &
    Pick<Source, 'split' | 'columns' | 'sheet'>)[];
};
export type ResolvedWorkers = Pick<Filled<Workers>, 'min' | 'max' | 'gpusPerWorker' | 'replaceStragglers'> &
  Pick<Workers, 'flavors' | 'topology'>;

/** A spec in which nothing is left to guess. */
export interface ResolvedSpec {
  readonly model: FineTuneJobSpec['model'];
  readonly method: ResolvedMethod;
  readonly dataset: ResolvedDataset;
  readonly training: ResolvedTraining;
  readonly workers: ResolvedWorkers;
  readonly evaluation: Filled<NonNullable<FineTuneJobSpec['evaluation']>>;
  readonly output: Filled<FineTuneJobSpec['output']>;
  readonly runPolicy: {
    readonly backoffLimit: number;
    readonly activeDeadlineSeconds?: number | undefined;
    readonly ttlSecondsAfterFinished?: number | undefined;
    readonly workersReadySeconds: number;
    readonly checkpointGraceSeconds: number;
  };
  /** Priority within the queue where it is capped or has a name; absent: spec.priority. */
  readonly priority?: number | undefined;
  /** Why the job may not have the priority that it asks for. */
  readonly priorityRefused?: string | undefined;
  /** One entry for each field that the user left out and that matters for the result, or that is capped. */
  readonly reasons: readonly FilledField[];
  /** The commit of the hub behind {@link model}, as the status holds it. */
  readonly pin?: { readonly source: string; readonly revision?: string | undefined; readonly commit: string };
  /** What a worker needs of each of its GPUs; absent where the sizes of the base model are not known. */
  readonly memory?: MemoryNeed;
}
