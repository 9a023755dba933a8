import { existsSync, lstatSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';

/** In a temporary folder: whose it is. */
export const OWNER_FILE = '.owner.json';

/** A process, so that no other is taken for it: numbers are used again, after a restart and in other containers. */
export interface ProcessIdentity {
  readonly pid: number;
  /** When it began, in the system's own count; '' where the system does not tell. */
  readonly started: string;
  /** Names the run of the machine; '' where the system does not tell. */
  readonly boot: string;
  /** Names the container, as far as it has process numbers of its own. */
  readonly namespace: string;
}

export function ownIdentity(): ProcessIdentity {
  return {
    pid: process.pid,
    started: startOf(process.pid) ?? '',
    boot: read('/proc/sys/kernel/random/boot_id'),
    namespace: link('/proc/self/ns/pid'),
  };
}

/** Whether a folder belongs to a process of this user that is surely gone. A folder that names no owner never does. */
export function isLeftOver(folder: string): boolean {
  const stats = lstatSync(folder);
  const file = join(folder, OWNER_FILE);
  if (!stats.isDirectory() || stats.uid !== process.getuid?.() || !existsSync(file)) return false;
  const owner = JSON.parse(readFileSync(file, 'utf8')) as ProcessIdentity;
  return isGone(owner, ownIdentity());
}

function isGone({ pid, started, boot, namespace }: ProcessIdentity, self: ProcessIdentity): boolean {
  if (typeof pid !== 'number' || pid <= 0) return false;
  if (boot !== self.boot) return boot !== '' && self.boot !== '';
  if (namespace !== self.namespace) return false;
  if (!isRunning(pid)) return true;
  const now = startOf(pid);
  return started !== '' && now !== undefined && now !== started;
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}

/** Field 22 of proc(5) stat; the name before it may hold anything. */
function startOf(pid: number): string | undefined {
  const stat = read(`/proc/${pid}/stat`);
  return stat === '' ? undefined : stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch {
    return '';
  }
}

function link(file: string): string {
  try {
    return readlinkSync(file);
  } catch {
    return '';
  }
}
