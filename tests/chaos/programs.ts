import { spawn, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';

import { build } from 'esbuild';

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
/** Compiled, the programs stand beside this file. */
const isCompiled = import.meta.url.endsWith('.js');
/** Where bundled programs lie, as NAME.mjs. */
const PROGRAMS = here('../dist/chaos-programs');

/** Makes programs of the sources of these names in this folder, where this runs uncompiled; once before {@link run}. */
export async function preparePrograms(...names: readonly string[]): Promise<void> {
  if (isCompiled) return;
  await build({
    entryPoints: names.map((name) => here(`${name}.ts`)),
    outdir: PROGRAMS,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    packages: 'external',
  });
}

/** Where one of the programs of this folder lies. */
export const programFile = (program: string): string =>
  isCompiled ? here(`${program}.js`) : `${PROGRAMS}/${program}.mjs`;

/** Starts one of the programs of this folder. */
export function run(program: string, order: object, environment: NodeJS.ProcessEnv = {}): ChildProcess {
  return spawn(process.execPath, [programFile(program), JSON.stringify(order)], {
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    env: { ...process.env, ...environment },
  });
}
