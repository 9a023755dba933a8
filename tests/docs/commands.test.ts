import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { NAMESPACES, NODES } from '../e2e/controller/kinds.js';
import { startTrainingCluster, type TrainingCluster } from '../e2e/training-cluster.js';
import { hasKubectl, WITHOUT_KUBECTL } from '../support/kubectl.js';
import { REPOSITORY } from '../support/repository.js';
import { writeTinyModel } from '../support/tiny-model.js';
import { NOT_RUN_HERE } from './not-run-here.js';
import { commandsOf, manifestsOf } from './shell-commands.js';

/** In the order in which a reader meets them, since later ones build on earlier ones. */
const PAGES = [
  'deploy/docs/install.md',
  'deploy/docs/first-job.md',
  'deploy/docs/queues.md',
  'deploy/docs/upgrade.md',
  'deploy/README.md',
  'README.md',
  'deploy/docs/uninstall.md',
];

/** What stands for a reader's own files. */
const PLACEHOLDERS: readonly (readonly [RegExp, string])[] = [
  [/--model DIR/, '--model ./model'],
  [/FILE\.jsonl/, './contracts.jsonl'],
  [/FILE\.txt/, './text.txt'],
  [/--out DIR/, '--out ./adapter'],
  [/--out \/tmp\/adapter/, '--out ./first-adapter'],
  [/--adapter \/tmp\/adapter/, '--adapter ./first-adapter'],
  [/--adapter DIR/, '--adapter ./adapter'],
];

const TEMPLATE =
  "{% for message in messages %}{{ message.role + ':' + message.content + eos_token }}{% endfor %}" +
  "{% if add_generation_prompt %}{{ 'assistant:' }}{% endif %}";

/** Commands that go on until the reader has seen enough. */
const ENDLESS =
  /^kubectl get .* -w$|^kubectl get ftj -w$|^kubectl wait .*$|^npx tuneyard (logs .* -f|watch .*)$/;
/** Of a job whose workers say nothing yet there is nothing to see. */
const SEEN_NOTHING_MS = 5000;

let cluster: TrainingCluster;
let folder: string;
beforeAll(async () => {
  cluster = await startTrainingCluster();
  // A reader's folder: a checkout, and files of the reader's own.
  folder = join(cluster.folder, 'reader');
  mkdirSync(folder);
  for (const name of ['deploy', 'helm', 'controller', 'trainer', 'proto', 'node_modules', 'package.json'])
    symlinkSync(join(REPOSITORY, name), join(folder, name));
  const model = writeTinyModel(join(folder, 'model'));
  writeFileSync(join(model, 'chat_template.jinja'), TEMPLATE);
  writeFileSync(join(folder, 'contracts.jsonl'), readFileSync(join(cluster.folder, 'data.jsonl')));
  writeFileSync(join(folder, 'text.txt'), 'Once upon a time there was a small model.\n'.repeat(20));
  // Whose team the pages are about.
  await cluster.client.create(NAMESPACES, {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name: 'support' },
  });
  // As kind names its node.
  await cluster.client.create(NODES, {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name: 'tuneyard-control-plane' },
  });
});
afterAll(() => cluster.close());

interface Outcome {
  readonly code: number | null;
  readonly output: string;
}

async function run(command: string, input?: string): Promise<Outcome> {
  const child = spawn('bash', ['-c', `exec ${command}`], {
    cwd: folder,
    env: { ...process.env, KUBECONFIG: cluster.kubeconfig, HOME: folder, TUNEYARD_BACKEND: 'wasm' },
    stdio: ['pipe', 'pipe', 'pipe'],
    detached: true,
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (part: Buffer) => (output += part.toString()));
  child.stdin.end(input);
  const ended = once(child, 'close');
  if (ENDLESS.test(command)) {
    const seen = Promise.race([once(child.stdout, 'data'), delay(SEEN_NOTHING_MS)]);
    const isOver = await Promise.race([seen.then(() => false), ended.then(() => true)]);
    if (isOver) return { code: child.exitCode, output };
    process.kill(-(child.pid ?? 0), 'SIGINT');
    await ended;
    return { code: 0, output };
  }
  await ended;
  return { code: child.exitCode, output };
}

const filledIn = (command: string) =>
  PLACEHOLDERS.reduce((text, [placeholder, value]) => text.replace(placeholder, value), command);

it('every page with commands is among those whose commands are run', () => {
  const pages = readdirSync(join(REPOSITORY, 'deploy/docs'), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.md'))
    .map((file) => `deploy/docs/${file}`)
    .filter((page) => commandsOf(page).length > 0);
  expect(pages.filter((page) => !PAGES.includes(page))).toEqual([]);
  for (const page of PAGES) expect(commandsOf(page).length, page).toBeGreaterThan(0);
});

it('every exception is for a command that is there', () => {
  const all = PAGES.flatMap(commandsOf).map(({ text }) => text);
  for (const { command } of NOT_RUN_HERE)
    expect(
      all.some((text) => command.test(text)),
      String(command),
    ).toBe(true);
});

describe.skipIf(!hasKubectl)(`commands of the docs${WITHOUT_KUBECTL}`, () => {
  describe.each(PAGES)('%s', (page) => {
    it('has manifests that the cluster takes', async () => {
      for (const manifest of manifestsOf(page)) {
        if (manifest.includes('kind: FineTuneJob')) writeFileSync(join(folder, 'contracts.yaml'), manifest);
        const { code, output } = await run('kubectl apply -f -', manifest);
        expect(code, output).toBe(0);
      }
    });

    for (const { line, text } of commandsOf(page)) {
      const exception = NOT_RUN_HERE.find(({ command }) => command.test(text));
      if (exception !== undefined)
        it(`${line}: ${text} (not run: ${exception.reason})`, () => {
          expect(exception.problems(text)).toEqual([]);
        });
      else
        it(`${line}: ${text}`, async () => {
          const { code, output } = await run(filledIn(text));
          expect(code, output).toBe(0);
        });
    }
  });
});
