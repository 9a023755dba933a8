import { readFileSync, readdirSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));

/**
 * What each room may import beside itself and the package's own errors. Imports run downwards only: a room may use
 * what stands below it here, never the other way round.
 */
const ROOMS: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> = {
  'controller/src': {
    api: [],
    kube: [],
    certificates: [],
    coordinator: ['certificates'],
    models: [],
    pool: ['api', 'kube'],
    queueing: ['pool', 'api'],
    scheduling: ['queueing', 'pool', 'api'],
    simulate: ['scheduling', 'queueing', 'pool', 'api'],
    reconcile: ['scheduling', 'queueing', 'pool', 'models', 'api', 'kube', 'coordinator', 'certificates'],
    observe: ['reconcile', 'scheduling', 'queueing', 'pool', 'api', 'kube', 'coordinator'],
    cli: ['models', 'api', 'kube', 'coordinator'],
  },
  'trainer/src': {
    support: [],
    words: [],
    tensor: ['support'],
    observe: [],
    storage: ['support', 'words'],
    data: ['support', 'words'],
    collective: ['support'],
    optim: ['tensor'],
    model: ['support', 'words', 'tensor'],
    memory: ['model'],
    adapter: ['support', 'words', 'model', 'optim', 'tensor', 'data'],
    inference: ['words', 'adapter', 'model', 'tensor', 'data'],
    evaluation: ['words', 'data'],
    result: ['words', 'evaluation', 'storage'],
    loop: [
      'support',
      'words',
      'storage',
      'inference',
      'evaluation',
      'result',
      'adapter',
      'memory',
      'model',
      'optim',
      'tensor',
      'data',
      'collective',
      'observe',
    ],
    commands: [
      'support',
      'words',
      'storage',
      'loop',
      'inference',
      'adapter',
      'model',
      'tensor',
      'data',
      'collective',
      'observe',
    ],
  },
};

/** Packages of this repository that each package may import. */
const PACKAGES: Readonly<Record<string, readonly string[]>> = {
  'proto/src': [],
  'controller/src': ['@tuneyard/proto'],
  'trainer/src': ['@tuneyard/proto'],
  'deploy/local/src': ['@tuneyard/controller'],
  'deploy/quickstart/src': ['@tuneyard/proto', '@tuneyard/controller', '@tuneyard/local'],
};

function sources(folder: string): string[] {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return sources(path);
    return entry.name.endsWith('.ts') ? [path] : [];
  });
}

function importsOf(file: string): string[] {
  const text = readFileSync(join(root, file), 'utf8');
  const found = text.matchAll(/(?:from|import)\s*\(?\s*'([^']+)'/g);
  return [...found].map((match) => match[1] as string);
}

describe.each(Object.entries(ROOMS))('rooms of %s', (source, rooms) => {
  it.each(Object.entries(rooms))('%s imports from below only', (room, below) => {
    const upwards: string[] = [];
    for (const file of sources(join(source, room))) {
      for (const target of importsOf(file).filter((name) => name.startsWith('.'))) {
        const path = relative(join(root, source), resolve(root, dirname(file), target));
        const [other = ''] = path.split('/');
        if (other in rooms && other !== room && !below.includes(other)) upwards.push(`${file} -> ${target}`);
      }
    }
    expect(upwards).toEqual([]);
  });

  it('has no room that this test does not know', () => {
    const folders = readdirSync(join(root, source), { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map((entry) => entry.name);
    expect(folders.filter((name) => !(name in rooms))).toEqual([]);
  });
});

describe.each(Object.entries(PACKAGES))('package %s', (source, allowed) => {
  it(`imports ${allowed.join(', ') || 'no other package'} of this repository`, () => {
    const foreign: string[] = [];
    for (const file of sources(source)) {
      for (const target of importsOf(file)) {
        const [scope, name] = target.split('/');
        if (scope === '@tuneyard' && !allowed.includes(`${scope}/${name}`))
          foreign.push(`${file} -> ${target}`);
        if (target.startsWith('.') && relative(source, join(dirname(file), target)).startsWith('..')) {
          if (!target.endsWith('.json')) foreign.push(`${file} -> ${target}`);
        }
      }
    }
    expect(foreign).toEqual([]);
  });
});

describe('pure rooms', () => {
  it.each(['pool', 'queueing', 'scheduling'])(
    'controller/src/%s reads no clock and no random source',
    (room) => {
      const impure = sources(`controller/src/${room}`)
        .filter((file) => !file.endsWith('.test.ts'))
        .filter((file) =>
          /Date\.now\(|Math\.random\(|new Date\(\)|randomUUID|node:fs/.test(
            readFileSync(join(root, file), 'utf8'),
          ),
        );
      expect(impure).toEqual([]);
    },
  );
});
