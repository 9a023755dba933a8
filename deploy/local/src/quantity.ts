const units: Record<string, number> = {
  n: 1e-9,
  u: 1e-6,
  m: 1e-3,
  '': 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  E: 1e18,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  Pi: 2 ** 50,
  Ei: 2 ** 60,
};

/** A Kubernetes quantity (`500m`, `2Gi`, `1e3`, 4) as a number in base units; NaN when it is none. */
export function parseQuantity(value: unknown): number {
  if (typeof value === 'number') return value;
  if (typeof value !== 'string') return Number.NaN;
  const match = /^([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)([numkMGTPE]|[KMGTPE]i)?$/.exec(value.trim());
  return match ? Number(match[1]) * units[match[2] ?? '']! : Number.NaN;
}

const DECIMAL = ['', 'k', 'M', 'G', 'T', 'P', 'E'];
const BINARY = ['', 'Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei'];

/** The shortest exact form, with binary units for bytes: `1500m`, `2`, `3k`, `1538Mi`. */
export function formatQuantity(amount: number, units: 'decimal' | 'bytes'): string {
  if (!Number.isInteger(amount)) return `${Math.ceil(amount * 1000 - 1e-6)}m`;
  const base = units === 'bytes' ? 1024 : 1000;
  let [rest, step] = [amount, 0];
  while (rest !== 0 && rest % base === 0 && step < 6) {
    rest /= base;
    step += 1;
  }
  return `${rest}${(units === 'bytes' ? BINARY : DECIMAL)[step] ?? ''}`;
}

export const unitsOf = (resource: string): 'decimal' | 'bytes' =>
  /memory|storage|hugepages/.test(resource) ? 'bytes' : 'decimal';

/** Whether an amount is more than a bound, beyond what adding up fractions may lose. */
export const isMore = (amount: number, bound: number): boolean =>
  amount > bound + Math.max(1e-9, Math.abs(bound) * 1e-12);
