import { MEMORY_PARTS, type MemoryPart } from '@tuneyard/proto/memory';

/** What a worker writes when its memory is measured; bytes. */
export interface MemoryFigures {
  readonly batch: number;
  readonly length: number;
  readonly gradientCheckpointing: boolean;
  readonly estimated: Readonly<Record<MemoryPart, number>> & {
    readonly total: number;
    readonly moment: string;
  };
  readonly measured: Readonly<Record<MemoryPart, number>> & { readonly total: number };
  readonly estimatedAtMaxLength: number;
}

const MIB = 2 ** 20;

/** Estimated and measured peak side by side, a part a line. */
export function memoryTable(figures: MemoryFigures): readonly string[] {
  const { batch, length, gradientCheckpointing, estimated, measured } = figures;
  const line = (name: string, left: string, right: string) =>
    `${name.padEnd(12)}${left.padStart(12)}${right.padStart(12)}`;
  const row = (name: MemoryPart | 'total') => line(name, mib(estimated[name]), mib(measured[name]));
  const off = (100 * (estimated.total - measured.total)) / measured.total;
  return [
    `peak memory of one worker, micro-batch of ${batch} x ${length} tokens, gradient checkpointing ${gradientCheckpointing ? 'on' : 'off'}`,
    line('MiB', 'estimated', 'measured'),
    ...MEMORY_PARTS.map(row),
    row('total'),
    `the estimate is ${Math.abs(off).toFixed(1)} % ${off < 0 ? 'below' : 'above'} the measurement; the peak is at the moment "${estimated.moment}"`,
    `estimated for sequences of the longest length allowed: ${mib(figures.estimatedAtMaxLength)} MiB`,
  ];
}

const mib = (bytes: number) => (bytes / MIB).toFixed(2);
