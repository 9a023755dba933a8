import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { parseFineTuneJob, parseGpuQueue, resolveSpec } from '@tuneyard/controller/api';
import { parse } from 'yaml';
import { describe, expect, it } from 'vitest';

const root = new URL('../../', import.meta.url);
const { createProgram } = (await import(new URL('controller/dist/cli/program.js', root).href)) as {
  createProgram: () => { readonly commands: readonly { name(): string }[] };
};
const text = (path: string) => readFileSync(new URL(path, root), 'utf8');

const PAGES = [
  'deploy/README.md',
  ...readdirSync(new URL('deploy/docs/', root), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.md'))
    .map((file) => `deploy/docs/${file}`),
];

/** Fenced blocks of a language. */
const blocks = (page: string, language: string) =>
  [...text(page).matchAll(/^```(\w+)\n([\s\S]*?)^```$/gm)]
    .filter(([, name]) => name === language)
    .map(([, , body = '']) => body);

/** Words of a union that the source lists as constants, such as the reasons of a condition. */
function listed(file: string, constant: string): string[] {
  const [, body = ''] = new RegExp(`const ${constant} = \\[([^\\]]*)\\]`).exec(text(file)) ?? [];
  return [...body.matchAll(/'(\w+)'/g)].map(([, word = '']) => word);
}

describe.each(PAGES)('%s', (page) => {
  it('links to what exists', () => {
    for (const [, target = ''] of text(page).matchAll(/\]\((?!https?:)([^)#]+)/g))
      expect(existsSync(new URL(target, new URL(page, root))), target).toBe(true);
  });

  it('has manifests that the API server would take', () => {
    for (const body of blocks(page, 'yaml')) {
      const { kind } = (parse(body) ?? {}) as { kind?: string };
      if (kind === 'GpuQueue') expect(() => parseGpuQueue(body)).not.toThrow();
      if (kind === 'FineTuneJob') expect(resolveSpec(parseFineTuneJob(body).spec)).toBeDefined();
    }
  });

  it('names files of the repository that exist, in its commands', () => {
    for (const body of [
      ...blocks(page, 'sh'),
      ...[...text(page).matchAll(/`([^`\n]+)`/g)].map(([, code = '']) => code),
    ])
      for (const [path] of body.matchAll(/(?<![\w/.-])(?:deploy|helm|tests|controller)\/[\w./-]*\w/g))
        expect(existsSync(new URL(path, root)), path).toBe(true);
  });

  it('starts only programs and commands that exist', () => {
    const commands = createProgram().commands.map((command) => command.name());
    for (const [, command = ''] of text(page).matchAll(/npx tuneyard (\w+)/g))
      expect(commands).toContain(command);
    const { scripts } = JSON.parse(text('package.json')) as { scripts: Record<string, string> };
    for (const [, script = ''] of text(page).matchAll(/npm run ([\w:]+)/g))
      expect(Object.keys(scripts)).toContain(script);
  });
});

describe('docs', () => {
  it('troubleshooting has every reason for which a job waits or fails, and no other', () => {
    const page = text('deploy/docs/troubleshooting.md');
    const rows = [...page.matchAll(/^\| `(\w+)`/gm)].map(([, reason = '']) => reason);
    const known = ['WAITING_REASONS', 'FAILURE_REASONS'].flatMap((constant) =>
      listed('controller/src/api/conditions.ts', constant),
    );
    expect(known.length).toBeGreaterThan(15);
    expect([...new Set(rows)].sort()).toEqual([...new Set(known)].sort());
  });

  it('install has every flag of the controller, and no other', () => {
    const flags = (body: string, pattern: RegExp) =>
      [...new Set([...body.matchAll(pattern)].map(([, flag = '']) => flag))].sort();
    const table = text('deploy/docs/install.md').split('## Flags of the controller')[1] ?? '';
    expect(flags(table, /`--([a-z-]+)`/g)).toEqual(
      flags(text('controller/src/main.ts'), /'--([a-z-]+)[ ']/g),
    );
  });

  it('methods has every method', () => {
    const page = text('deploy/docs/methods.md');
    for (const method of listed('controller/src/api/method.ts', 'METHOD_TYPES'))
      expect(page).toContain(method);
    const methods = text('controller/src/api/method.ts').match(/METHOD_TYPES = \[([^\]]*)\]/)?.[1] ?? '';
    for (const [, method = ''] of methods.matchAll(/'([\w-]+)'/g)) expect(page).toContain(`\`${method}\``);
  });

  it('data formats has every format and kind of file', () => {
    const page = text('deploy/docs/data-formats.md');
    for (const [, extension = ''] of text('trainer/src/data/files/read-rows.ts').matchAll(/'(\.\w+)':/g))
      expect(page).toContain(`\`${extension}\``);
    for (const format of ['alpaca', 'messages', 'sharegpt', 'text']) expect(page).toContain(`\`${format}\``);
  });
});
