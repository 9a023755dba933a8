import { readFileSync } from 'node:fs';

/** What decides which native code to take. */
export type InstructionSet = 'avx512' | 'avx2' | 'plain';

/** The widest instruction set of the processor that /proc/cpuinfo describes. */
export function instructionSet(cpuinfo: string): InstructionSet {
  const flags = new Set(/^flags\s*:(.*)$/m.exec(cpuinfo)?.[1]?.trim().split(/\s+/));
  const has = (...names: string[]): boolean => names.every((name) => flags.has(name));
  if (!has('avx2', 'fma', 'bmi2')) return 'plain';
  return has('avx512f', 'avx512dq', 'avx512bw', 'avx512cd', 'avx512vl') ? 'avx512' : 'avx2';
}

/** /proc/cpuinfo, or nothing where the system has none. */
export function processorInfo(): string {
  return process.platform === 'linux' ? readFileSync('/proc/cpuinfo', 'utf8') : '';
}
