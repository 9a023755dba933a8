import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { runNode } from '../support/run-command.js';
import { writeTinyModel } from '../support/tiny-model.js';
import { buildStages } from './build-stages.js';
import { readDockerfile } from './read-dockerfile.js';

/** Installs all packages twice. */
const LONGEST_MS = 600_000;

const scratch = mkdtempSync(join(tmpdir(), 'tuneyard-images-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

const build = (name: string) => {
  const file = new URL(`../../deploy/docker/${name}.Dockerfile`, import.meta.url);
  return buildStages(readDockerfile(file), join(scratch, name));
};

/** The steps of the images that npm does, run in a folder that has nothing but what they copy. */
describe('what an image would hold', () => {
  it(
    'runs the controller, with its own packages alone',
    async () => {
      const { folders, skipped } = await build('controller');
      expect(skipped).toEqual([]);
      const app = join(folders.get('final') ?? '', 'app');
      for (const file of ['sbom.cdx.json', 'THIRD_PARTY_NOTICES.txt'])
        expect(existsSync(join(app, 'licenses', file)), file).toBe(true);
      const help = await runNode(join(app, 'controller/bin/tuneyard-controller.js'), '--help');
      expect(help).toMatchObject({ code: 0, stdout: expect.stringContaining('--coordinator-address') });
      const started = await runNode(
        join(app, 'controller/bin/tuneyard-controller.js'),
        '--kubeconfig',
        '/nowhere',
      );
      // It has come as far as to look for its cluster.
      expect(started.code).not.toBe(0);
      expect(started.stderr + started.stdout).toContain('/nowhere');
    },
    LONGEST_MS,
  );

  it(
    'computes with the trainer, with its own packages alone',
    async () => {
      const { folders, skipped } = await build('trainer');
      for (const step of skipped)
        expect(step).toMatch(/^apt-get |^ln -s \/app\/|^node trainer\/native\/build-tensorflow\.mjs /);
      const app = join(folders.get('cpu') ?? '', 'app');
      const model = writeTinyModel(join(scratch, 'model'));
      const program = join(app, 'trainer/bin/tuneyard-trainer.js');
      const said = await runNode(program, 'generate', '--model', model, '--prompt', 'a', '--max-tokens', '4');
      expect(said.code, said.stderr).toBe(0);
      const worker = await runNode(program, 'worker');
      // It has come as far as to look for its job.
      expect(worker).toMatchObject({ code: 2, stderr: expect.stringContaining('TUNEYARD_') });
    },
    LONGEST_MS,
  );
});
