import { existsSync } from 'node:fs';
import { join } from 'node:path';

/** Whether a program is on the PATH. Debian's package prometheus brings prometheus and promtool. */
export const isInstalled = (program: string) =>
  (process.env['PATH'] ?? '').split(':').some((folder) => existsSync(join(folder, program)));

export const withReason = (what: string, program: string) =>
  isInstalled(program) ? what : `${what} (${program} is not installed: apt-get install prometheus)`;
