import { MEMORY_PARTS, MEMORY_RULES, type Formula, type MemoryPart, type Sum } from './memory-rules.js';
import { methodInputs, type MethodShape } from './method-shape.js';
import { modelInputs, type ModelShape } from './model-shape.js';

/** What one worker has in hand. */
export interface MemoryWorkload {
  readonly model: ModelShape;
  readonly method: MethodShape;
  /** Sequences of a micro-batch. */
  readonly batch: number;
  /** Tokens of a sequence. */
  readonly length: number;
  readonly gradientCheckpointing: boolean;
  /**
   * `all`: device and host memory, which are one on the wasm backend. `device`: without what lies in host memory beside
   * a GPU, that is packed weights, optimizer moments and a copy of the trained values.
   */
  readonly memory: 'all' | 'device';
}

export interface MemoryEstimate {
  /** Bytes at the peak, by part. */
  readonly parts: Readonly<Record<MemoryPart, number>>;
  readonly total: number;
  /** When it is reached. */
  readonly moment: string;
  /** Trainable values. */
  readonly trainedValues: number;
}

/** The most that training holds at once: pure, by the rules in `memory/rules.json`. */
export function estimateMemory(workload: MemoryWorkload): MemoryEstimate {
  const values = new Map<string, number>(
    Object.entries({
      ...modelInputs(workload.model),
      ...methodInputs(workload.method, workload.model),
      batch: workload.batch,
      length: workload.length,
      host: workload.memory === 'all' ? 1 : 0,
      checkpointing: workload.gradientCheckpointing ? 1 : 0,
    }),
  );
  for (const [name, formula] of Object.entries(MEMORY_RULES.quantities)) {
    values.set(name, valueOf(formula, values));
  }
  const moments = Object.entries(MEMORY_RULES.moments).map(([moment, held]) => {
    const bytesOf = (part: MemoryPart) =>
      Math.round(sumOf(MEMORY_RULES.parts[part] ?? [], values) + sumOf(held[part] ?? [], values));
    const parts = Object.fromEntries(MEMORY_PARTS.map((part) => [part, bytesOf(part)])) as Record<
      MemoryPart,
      number
    >;
    const total = Object.values(parts).reduce((sum, bytes) => sum + bytes, 0);
    return { parts, total, moment, trainedValues: Math.round(quantity('trained', values)) };
  });
  return moments.reduce((most, moment) => (moment.total > most.total ? moment : most));
}

function valueOf(formula: Formula, values: ReadonlyMap<string, number>): number {
  if ('largest' in formula) return Math.max(...formula.largest.map((sum) => sumOf(sum, values)));
  if ('smallest' in formula) return Math.min(...formula.smallest.map((sum) => sumOf(sum, values)));
  return sumOf(formula, values);
}

function sumOf(sum: Sum, values: ReadonlyMap<string, number>): number {
  let total = 0;
  for (const product of sum) {
    total += product.reduce<number>(
      (result, factor) => result * (typeof factor === 'number' ? factor : quantity(factor, values)),
      1,
    );
  }
  return total;
}

function quantity(name: string, values: ReadonlyMap<string, number>): number {
  const value = values.get(name);
  if (value === undefined) throw new Error(`the memory rules use "${name}" before it is known`);
  return value;
}
