import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const SOURCES = fileURLToPath(new URL('../../controller/src/', import.meta.url));
/** The command line tool acts with its user's permissions. */
const NOT_THE_CONTROLLER = /\.test\.ts$|^cli\//;

/** Method of KubeClient to what RBAC calls it. */
const VERBS: Readonly<Record<string, string>> = {
  get: 'get',
  list: 'list',
  watch: 'watch',
  create: 'create',
  createUnread: 'create',
  update: 'update',
  mergePatch: 'patch',
  apply: 'patch', // and create, of a whole object
  delete: 'delete',
};

const CALL =
  /(?:[cC]lient|this)\s*\.\s*(get|list|watch|create|createUnread|update|mergePatch|apply|delete)(?:<[^>(]*>)?\(\s*([A-Z][A-Z_]+)\b/g;
/** A reflector lists and watches. */
const REFLECTED = /\breflect(?:<[^>(]*>)?\(\s*([A-Z][A-Z_]+)\b/g;
/** An object of a job is created, or patched if it is there. */
const OWNED = /\bwriteOwned\([^{]*\{\s*resource: ([A-Z][A-Z_]+)\b/g;
const CONSTANT = /const ([A-Z_]+)(?:: Resource)? = (?:core\('(\w+)'|\{[^}]*?plural: ([\w']+))/g;
const SUBRESOURCE = /subresource: '(\w+)'/;

/** `resource verb` of everything that the controller's source asks of the API server, e.g. `pods create`. */
export function verbsInCode(): ReadonlySet<string> {
  const files = readdirSync(SOURCES, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts') && !NOT_THE_CONTROLLER.test(file))
    .map((file) => readFileSync(join(SOURCES, file), 'utf8'));
  const plurals = pluralsOf(files.join('\n'));
  const used = new Set<string>();
  for (const text of files) {
    for (const match of text.matchAll(CALL)) {
      const [, method = '', constant = ''] = match;
      const subresource = SUBRESOURCE.exec(callText(text, match.index))?.[1];
      const resource = [plurals(constant), ...(subresource === undefined ? [] : [subresource])].join('/');
      used.add(`${resource} ${VERBS[method]}`);
      if (method === 'apply' && subresource === undefined) used.add(`${resource} create`);
    }
    for (const [, constant = ''] of text.matchAll(OWNED))
      used.add(`${plurals(constant)} create`).add(`${plurals(constant)} patch`);
    for (const [, constant = ''] of text.matchAll(REFLECTED)) {
      used.add(`${plurals(constant)} list`).add(`${plurals(constant)} watch`);
    }
  }
  return used;
}

/** From the call to the parenthesis that closes it. */
function callText(text: string, from: number): string {
  let depth = 0;
  for (let at = text.indexOf('(', from); at < text.length; at++) {
    if (text[at] === '(') depth++;
    if (text[at] === ')' && --depth === 0) return text.slice(from, at);
  }
  return text.slice(from);
}

/** Constant of a resource, such as PODS, to its plural. */
function pluralsOf(source: string): (constant: string) => string {
  const known = new Map<string, string>();
  for (const [, constant = '', core, plural = ''] of source.matchAll(CONSTANT)) {
    known.set(constant, core ?? plural.replaceAll("'", ''));
  }
  // Named by constants of the API.
  const named: Record<string, string> = { FINE_TUNE_JOBS: 'finetunejobs', GPU_QUEUES: 'gpuqueues' };
  return (constant) => {
    const plural = known.get(constant);
    if (plural === undefined) throw new Error(`no resource is called ${constant} in the controller's source`);
    return named[plural] ?? plural;
  };
}
