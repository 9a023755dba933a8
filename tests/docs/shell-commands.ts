import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { REPOSITORY } from '../support/repository.js';

export interface DocumentedCommand {
  readonly line: number;
  /** Without comments and line ends. */
  readonly text: string;
}

/** The commands of the blocks marked `sh` of a page, in order; a backslash joins lines, a comment is left out. */
export function commandsOf(page: string): readonly DocumentedCommand[] {
  const found: DocumentedCommand[] = [];
  let isShell = false;
  let begun = '';
  readFileSync(join(REPOSITORY, page), 'utf8')
    .split('\n')
    .forEach((raw, index) => {
      const line = raw.trim();
      if (line.startsWith('```')) {
        isShell = line === '```sh';
        return;
      }
      if (!isShell) return;
      const text = `${begun}${line.replace(/(^|\s+)#.*$/, '')}`.trim();
      begun = text.endsWith('\\') ? `${text.slice(0, -1).trim()} ` : '';
      if (begun === '' && text !== '') found.push({ line: index + 1, text });
    });
  return found;
}

/** The manifests of a page, in order. */
export const manifestsOf = (page: string): readonly string[] =>
  [...readFileSync(join(REPOSITORY, page), 'utf8').matchAll(/^```yaml\n(apiVersion[\s\S]*?)^```$/gm)].map(
    ([, body = '']) => body,
  );
