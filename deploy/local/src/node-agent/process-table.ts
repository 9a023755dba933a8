import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';

const pageBytes = 4096;

/** Fields of /proc/<pid>/stat after the command name; undefined when there is no such process. */
function statFields(pid: number | string): string[] | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return text.slice(text.lastIndexOf(')') + 2).split(' ');
  } catch {
    return undefined;
  }
}

/**
 * When a process started, in a form that tells it from a later one with the same pid; '' when it is gone (a zombie
 * counts as gone).
 */
export function processStartTime(pid: number): string {
  const fields = statFields(pid);
  if (fields) return fields[0] === 'Z' ? '' : (fields[19] ?? '');
  if (process.platform === 'linux') return '';
  try {
    return execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8' }).trim();
  } catch {
    return '';
  }
}

/** Resident memory in bytes by process group. Linux only; elsewhere it is empty. */
export function memoryByGroup(): Map<number, number> {
  const result = new Map<number, number>();
  if (process.platform !== 'linux') return result;
  for (const entry of readdirSync('/proc')) {
    if (!/^\d+$/.test(entry)) continue;
    const fields = statFields(entry);
    if (!fields) continue;
    const group = Number(fields[2]);
    result.set(group, (result.get(group) ?? 0) + Number(fields[21]) * pageBytes);
  }
  return result;
}
