import { fileURLToPath } from 'node:url';

import { build } from 'esbuild';

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/** Where bundled programs lie, as NAME.mjs. */
export const PROGRAMS = here('../dist/chaos-programs');

/** Makes programs of the sources of these names in this folder, for tests that run uncompiled. */
export async function bundlePrograms(...names: readonly string[]): Promise<void> {
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
