import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { REPOSITORY } from '../support/repository.js';
import type { Dockerfile, Instruction, Stage } from './read-dockerfile.js';

/** Steps that need no more than npm and what was copied. */
const RUNNABLE = /^(npm|npx|node deploy\/docker\/|rm -rf node_modules\/)/;

export interface BuiltStages {
  /** By name of the stage, the last one as `final`: the folder that stands for its `/`. */
  readonly folders: ReadonlyMap<string, string>;
  /** RUN steps that were left out. */
  readonly skipped: readonly string[];
}

/**
 * Builds the stages of a Dockerfile as folders of this machine: COPY copies, and RUN runs what npm does, in the folder
 * that stands for the working directory. Base images are empty.
 */
export async function buildStages({ stages }: Dockerfile, scratch: string): Promise<BuiltStages> {
  const folders = new Map<string, string>();
  const skipped: string[] = [];
  for (const [at, stage] of stages.entries()) {
    const name = stage.name ?? 'final';
    const folder = join(scratch, `${at}-${name}`);
    await mkdir(folder, { recursive: true });
    const base = folders.get(stage.base);
    if (base !== undefined) await hardLinked(base, folder);
    folders.set(name, folder);
    let directory = workingDirectory(stages, stage);
    for (const instruction of stage.instructions) {
      if (instruction.name === 'WORKDIR') directory = instruction.text;
      else if (instruction.name === 'COPY') await copy(instruction, join(folder, directory), folders);
      else if (instruction.name === 'RUN' && RUNNABLE.test(instruction.text))
        await run(instruction.text, join(folder, directory));
      else if (instruction.name === 'RUN') skipped.push(instruction.text);
    }
  }
  return { folders, skipped };
}

/** Where a stage begins to work: where its base left off. */
function workingDirectory(stages: readonly Stage[], stage: Stage): string {
  const base = stages.find(({ name }) => name === stage.base);
  return base?.instructions.findLast(({ name }) => name === 'WORKDIR')?.text ?? '/';
}

async function copy(
  { options, words }: Instruction,
  directory: string,
  folders: ReadonlyMap<string, string>,
): Promise<void> {
  const { from } = options;
  const root = from === undefined ? REPOSITORY : folders.get(from);
  if (root === undefined) throw new Error(`no stage ${from}`);
  const to = words.at(-1) ?? '';
  const target = to.startsWith('/') ? undefined : join(directory, to);
  // What comes from an image, or goes outside of the product's own folder, is not here.
  if (target === undefined) return;
  for (const source of words.slice(0, -1)) {
    const path = join(root, source);
    await mkdir(to.endsWith('/') ? target : dirname(target), { recursive: true });
    if (from === undefined)
      await cp(path, to.endsWith('/') ? join(target, source.split('/').at(-1) ?? '') : target, {
        recursive: true,
      });
    else await shell(`cp -al ${path} ${target}`, directory);
  }
}

/** The packages of the repository itself come from the same command, and are there already. */
const run = (command: string, directory: string): Promise<void> =>
  command === 'npm ci --ignore-scripts'
    ? shell(
        `for manifest in package.json */package.json */*/package.json; do
          packages=$(dirname $manifest)/node_modules
          if [ -d ${REPOSITORY}/$packages ]; then cp -al ${REPOSITORY}/$packages $packages; fi
        done`,
        directory,
      )
    : shell(command, directory);

const hardLinked = (from: string, to: string): Promise<void> => shell(`cp -al ${from}/. ${to}`, from);

async function shell(command: string, directory: string): Promise<void> {
  const child = spawn('bash', ['-c', command], {
    cwd: directory,
    env: { ...process.env, npm_config_prefer_offline: 'true', npm_config_update_notifier: 'false' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (part: Buffer) => (said += part.toString()));
  await once(child, 'close');
  if (child.exitCode !== 0) throw new Error(`${command} ended with ${child.exitCode}: ${said.slice(-4000)}`);
}
