import type { Registry } from 'prom-client';
import { TrainerMetrics } from '@tuneyard/trainer/observe';

/** A metric as one of the programs exports it. */
export interface ExportedMetric {
  readonly program: 'controller' | 'trainer';
  readonly name: string;
  readonly help: string;
  readonly type: 'counter' | 'gauge' | 'histogram' | 'summary';
  readonly labels: readonly string[];
}

/** The part of prom-client's metrics that its types leave out. */
export interface OpenMetric {
  readonly name: string;
  readonly help: string;
  readonly type: 'counter' | 'gauge' | 'histogram' | 'summary';
  readonly labelNames: readonly string[];
}

const { ControllerMetrics } = (await import(
  new URL('../../controller/dist/observe/index.js', import.meta.url).href
)) as { ControllerMetrics: new () => { readonly registry: Registry } };

/** On every series of a trainer. */
export const TRAINER_LABELS = { namespace: 'team-legal', job: 'contracts', worker: 'contracts-worker-0' };

/** The registries of the programs themselves, not a list of them. */
export const registries = {
  controller: new ControllerMetrics().registry,
  trainer: new TrainerMetrics(TRAINER_LABELS).registry,
};

export const openMetrics = (registry: Registry) =>
  registry.getMetricsAsArray() as unknown as readonly OpenMetric[];

export const exportedMetrics: readonly ExportedMetric[] = (['controller', 'trainer'] as const).flatMap(
  (program) =>
    openMetrics(registries[program]).map(({ name, help, type, labelNames }) => ({
      program,
      name,
      help,
      type: type,
      labels: [...labelNames, ...(program === 'trainer' ? Object.keys(TRAINER_LABELS) : [])],
    })),
);
