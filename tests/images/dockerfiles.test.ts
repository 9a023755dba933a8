import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseAllDocuments } from 'yaml';
import { describe, expect, it } from 'vitest';
import { readDockerfile, type Stage } from './read-dockerfile.js';
import { CONTROLLER_NODE_OPTIONS } from '../e2e/controller/cluster.js';

const root = new URL('../../', import.meta.url);
const text = (path: string) => readFileSync(new URL(path, root), 'utf8');
const json = (path: string) => JSON.parse(text(path)) as Manifest;
interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly engines?: { readonly node: string };
  readonly workspaces?: readonly string[];
  readonly scripts?: Readonly<Record<string, string>>;
  readonly bin?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

const FILES = ['controller', 'trainer'] as const;
const read = (name: (typeof FILES)[number]) =>
  readDockerfile(new URL(`deploy/docker/${name}.Dockerfile`, root));

const copies = (stage: Stage) => stage.instructions.filter(({ name }) => name === 'COPY');
const runs = (stage: Stage) =>
  stage.instructions.filter(({ name }) => name === 'RUN').map((instruction) => instruction.text);

/** A stage with those that it is made from, the nearest first. */
function ancestry(stages: readonly Stage[], stage: Stage): Stage[] {
  const base = stages.find(({ name }) => name === stage.base);
  return base === undefined ? [stage] : [stage, ...ancestry(stages, base)];
}

describe.each(FILES)('%s.Dockerfile', (name) => {
  const { args, stages } = read(name);
  const workspaces = json('package.json').workspaces ?? [];

  it('copies only what exists', () => {
    for (const stage of stages)
      for (const { options, words } of copies(stage)) {
        if (options['from'] !== undefined) continue;
        for (const source of words.slice(0, -1)) expect(existsSync(new URL(source, root)), source).toBe(true);
      }
  });

  it('copies from stages that come before, and of folders that they make', () => {
    const seen = new Set<string>();
    for (const stage of stages) {
      for (const { options, words } of copies(stage)) {
        const { from } = options;
        if (from === undefined) continue;
        expect(seen, `--from=${from}`).toContain(from);
        const [source = ''] = words;
        if (!source.startsWith('/app/')) continue;
        const maker = stages.find((candidate) => candidate.name === from)!;
        const made = ancestry(stages, maker).flatMap((one) =>
          copies(one).map((copy) => copy.words.at(-1) ?? ''),
        );
        const workspace = source.split('/')[2] ?? '';
        const known =
          workspace === 'node_modules' ||
          made.some((path) => path.startsWith(workspace)) ||
          made.includes('./');
        expect(known, source).toBe(true);
      }
      if (stage.name !== undefined) seen.add(stage.name);
    }
  });

  it('gives npm the manifest of every workspace, or npm ci would refuse the lock file', () => {
    const [build] = stages;
    const sources = copies(build!).flatMap(({ words }) => words.slice(0, -1));
    expect(sources).toEqual(expect.arrayContaining(['package.json', 'package-lock.json']));
    for (const workspace of workspaces) expect(sources).toContain(`${workspace}/package.json`);
  });

  it('runs no install script of a package', () => {
    for (const run of stages.flatMap(runs))
      for (const [command] of run.matchAll(/npm (ci|install)[^&|;]*/g))
        expect(command, command).toContain('--ignore-scripts');
  });

  it('names workspaces and scripts that exist', () => {
    const manifests = workspaces.map((workspace) => json(`${workspace}/package.json`));
    for (const run of stages.flatMap(runs)) {
      for (const [, workspace] of run.matchAll(/--workspace=(\S+)/g))
        expect(manifests.map((manifest) => manifest.name)).toContain(workspace);
      for (const [, script = '', workspace] of run.matchAll(/npm run (\S+) --workspace=(\S+)/g))
        expect(manifests.find((manifest) => manifest.name === workspace)?.scripts).toHaveProperty([script]);
      for (const [, project = ''] of run.matchAll(/tsc -b (\S+)/g))
        expect(existsSync(new URL(`${project}/tsconfig.json`, root)), project).toBe(true);
    }
  });

  it('has copied the programs of the npm scripts that it runs', () => {
    for (const stage of stages) {
      const copied = ancestry(stages, stage).flatMap((one) =>
        copies(one).map(({ words }) => words.at(-1) ?? ''),
      );
      for (const [, script = '', scope = ''] of runs(stage)
        .join('\n')
        .matchAll(/npm run (\S+) --workspace=@tuneyard\/(\S+)/g))
        for (const [, file = ''] of (json(`${scope}/package.json`).scripts?.[script] ?? '').matchAll(
          /node (\S+)/g,
        ))
          expect(
            copied.some((folder) => `${scope}/${file}`.startsWith(`${folder}/`)),
            `${script}: ${file}`,
          ).toBe(true);
    }
  });

  it('has a Node that package.json accepts', () => {
    const least = /\d+/.exec(json('package.json').engines?.node ?? '')?.[0];
    const [, major] = /^node:(\d+)\./.exec(args['NODE_IMAGE'] ?? '') ?? [];
    expect(Number(major)).toBeGreaterThanOrEqual(Number(least));
    // What compiles the packages is what runs them.
    if (args['RUNTIME_IMAGE'] !== undefined) expect(args['RUNTIME_IMAGE']).toContain(`/nodejs${major}-`);
  });

  it('pins every base image by digest', () => {
    const own = new Set(stages.flatMap((stage) => stage.name ?? []));
    for (const { base } of stages.filter((stage) => !own.has(stage.base)))
      expect(base).toMatch(/^[\w./-]+:[\w.-]+@sha256:[0-9a-f]{64}$/);
  });

  it('is tagged with the version of the product in its own words', () => {
    const { version } = json('package.json');
    const tags = [...text(`deploy/docker/${name}.Dockerfile`).matchAll(/-t tuneyard\/\w+:(\S+)/g)];
    expect(tags.length).toBeGreaterThan(0);
    for (const [, tag = ''] of tags) expect(tag.replace(/-cpu$/, '')).toBe(version);
  });

  it('starts its program as user 65532 in every image', () => {
    const program = json(`${name}/package.json`).bin?.[`tuneyard-${name}`] ?? '';
    const used = new Set(stages.map(({ base }) => base));
    const images = stages.filter(
      (stage) => stage.name === undefined || stage.name === 'cpu' || stage.name === 'gpu',
    );
    expect(images.length).toBeGreaterThan(0);
    for (const image of images) {
      expect(used.has(image.name ?? ''), 'an image is nobody’s base').toBe(false);
      const last = (instruction: string) =>
        image.instructions.findLast((one) => one.name === instruction)?.text ?? '';
      expect(last('USER')).toBe('65532:65532');
      expect(image.instructions.map((one) => one.text).join('\n')).toContain(`/app/${name}/${program}`);
    }
    expect(statSync(fileURLToPath(new URL(`${name}/${program}`, root))).mode & 0o111).not.toBe(0);
  });

  it('leaves what is built here out of the context', () => {
    const ignored = text(`deploy/docker/${name}.Dockerfile.dockerignore`).split('\n');
    expect(ignored).toEqual(expect.arrayContaining(['**/node_modules', '**/dist', '**/build', '.git']));
  });
});

describe('images and manifests agree', () => {
  it('the pod of the chart’s test starts the Node of the controller’s image', () => {
    const entrypoint = read('controller')
      .stages.at(-1)
      ?.instructions.find(({ name }) => name === 'ENTRYPOINT');
    const [node] = JSON.parse(entrypoint?.text ?? '[]') as string[];
    const pods = parseAllDocuments(text('tests/helm/golden/default.yaml'))
      .map((document) => document.toJS() as { kind: string; spec: { containers: { command: string[] }[] } })
      .filter(({ kind }) => kind === 'Pod');
    expect(pods.map(({ spec }) => spec.containers[0]?.command[0])).toEqual([node]);
  });

  it('the controller is tested and measured with the node options of its image', () => {
    const environment = read('controller')
      .stages.at(-1)
      ?.instructions.filter(({ name }) => name === 'ENV');
    const options = environment?.find(({ text: given }) => given.startsWith('NODE_OPTIONS='));
    expect(options?.text).toBe(`NODE_OPTIONS=${CONTROLLER_NODE_OPTIONS.join(' ')}`);
    const { scripts } = JSON.parse(text('package.json')) as { scripts: Record<string, string> };
    expect(scripts['bench:schedule']).toContain(`node ${CONTROLLER_NODE_OPTIONS.join(' ')} `);
  });

  it('the controller listens on the ports that the image names', () => {
    const exposed = read('controller')
      .stages.at(-1)
      ?.instructions.find(({ name }) => name === 'EXPOSE')?.words;
    const deployment = text('deploy/controller/tuneyard.yaml');
    for (const port of exposed ?? []) expect(deployment).toContain(`containerPort: ${port}`);
  });

  it('the trainer’s image has the command that pods start', () => {
    const pod = text('controller/src/reconcile/worker-pod.ts');
    expect(pod).toContain("['tuneyard-trainer', 'worker']");
    for (const stage of read('trainer').stages.filter(({ name }) => name === 'cpu' || name === 'gpu'))
      expect(runs(stage).join('\n')).toContain('/usr/local/bin/tuneyard-trainer');
  });

  it('the TensorFlow binding that is built belongs to the package that is installed', () => {
    const { optionalDependencies = {} } = json('trainer/package.json');
    expect(optionalDependencies).toHaveProperty(['@tensorflow/tfjs-node-gpu']);
    const removed = read('trainer').stages.find(({ name }) => name === 'without-tensorflow');
    expect(runs(removed!)).toEqual(['rm -rf node_modules/@tensorflow/tfjs-node-gpu']);
  });

  it('there is no other Dockerfile', () => {
    const files = readdirSync(new URL('deploy/docker/', root)).filter((file) => file.endsWith('Dockerfile'));
    expect(files.sort()).toEqual(FILES.map((name) => `${name}.Dockerfile`));
  });
});
