import { UserError } from '../../errors.js';

const MIB = 2 ** 20;

/**
 * MiB of one GPU as its driver reports them, by the short name of a flavor. Where a name stands for several sizes, the
 * smallest.
 */
const KNOWN: Readonly<Record<string, number>> = {
  T4: 15_360,
  V100: 16_160,
  L4: 23_034,
  A10: 23_028,
  A10G: 23_028,
  A30: 24_258,
  A100: 40_536,
  A800: 40_536,
  L20: 46_068,
  L40: 46_068,
  L40S: 46_068,
  A40: 46_068,
  H20: 97_871,
  H100: 81_559,
  H800: 81_559,
  H200: 143_771,
  GH200: 97_871,
  B200: 183_359,
  'RTX-3090': 24_576,
  'RTX-4090': 24_564,
  'RTX-5090': 32_607,
  'RTX-A6000': 49_140,
};

/** `A100-mig-1g.10gb`: the name tells the memory, in decimal gigabytes and rounded up. */
const MIG = /-mig-\d+g\.(\d+)gb/;

/** Bytes of one GPU of a flavor; undefined where its name does not tell. */
export function gpuMemoryOf(flavor: string): number | undefined {
  const gigabytes = MIG.exec(flavor)?.[1];
  if (gigabytes !== undefined) return Number(gigabytes) * 1e9;
  const mebibytes = Object.hasOwn(KNOWN, flavor) ? KNOWN[flavor] : undefined;
  return mebibytes === undefined ? undefined : mebibytes * MIB;
}

const UNITS: Readonly<Record<string, number>> = { '': 1, M: 1e6, G: 1e9, Mi: MIB, Gi: 2 ** 30 };

/** Reads `80Gi`, `40960Mi` or `24G`. @throws UserError for anything else */
export function parseMemory(given: string): number {
  const [, digits = '', unit = ''] = /^(\d+(?:\.\d+)?)([MG]i?)?B?$/.exec(given) ?? [];
  const bytes = Number(digits) * (UNITS[unit] ?? Number.NaN);
  if (digits === '' || !(bytes > 0))
    throw new UserError(`--gpu-memory ${given}: write it like 80Gi, 40960Mi or 24G`);
  return bytes;
}
