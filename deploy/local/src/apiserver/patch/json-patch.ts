import { cloneJson, equalJson, isObject, type JsonObject, textOf } from '../json.js';
import { badRequest, StatusError } from '../status-error.js';

interface Operation {
  op: string;
  path: string;
  from: string;
  value: unknown;
}

const forbiddenSteps = new Set(['__proto__', 'constructor', 'prototype']);

/** RFC 6902. Works on a copy; throws StatusError 422 for a path that is not there or a failed test. */
export function applyJsonPatch(target: JsonObject, patch: unknown): JsonObject {
  if (!Array.isArray(patch)) throw badRequest('a JSON patch must be a list of operations');
  if (patch.length > 10_000) throw badRequest('the allowed maximum operations in a JSON patch is 10000');
  let document: unknown = cloneJson(target);
  for (const entry of patch as unknown[]) {
    if (!isObject(entry) || typeof entry['op'] !== 'string' || typeof entry['path'] !== 'string') {
      throw badRequest('every JSON patch operation needs "op" and "path"');
    }
    const { op, path, from, value } = entry;
    document = applyOperation(document, { op: textOf(op), path: textOf(path), from: textOf(from), value });
  }
  if (!isObject(document)) throw badRequest('the JSON patch does not leave an object');
  return document;
}

function applyOperation(document: unknown, operation: Operation): unknown {
  const steps = parsePointer(operation.path);
  switch (operation.op) {
    case 'add':
      return write(document, steps, cloneJson(operation.value), 'add', operation.path);
    case 'replace':
      read(document, steps, operation.path);
      return write(document, steps, cloneJson(operation.value), 'replace', operation.path);
    case 'remove':
      return remove(document, steps, operation.path);
    case 'test':
      if (!equalJson(read(document, steps, operation.path), operation.value)) {
        throw unprocessable(`testing value ${operation.path} failed`);
      }
      return document;
    case 'copy':
    case 'move': {
      const from = parsePointer(operation.from);
      const value = cloneJson(read(document, from, operation.from));
      const base = operation.op === 'move' ? remove(document, from, operation.from) : document;
      return write(base, steps, value, 'add', operation.path);
    }
    default:
      throw badRequest(`unknown JSON patch operation "${operation.op}"`);
  }
}

function parsePointer(pointer: string): string[] {
  if (pointer === '') return [];
  if (!pointer.startsWith('/')) throw badRequest(`"${pointer}" is not a JSON pointer`);
  const steps = pointer
    .slice(1)
    .split('/')
    .map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'));
  if (steps.some((step) => forbiddenSteps.has(step))) throw badRequest(`"${pointer}" is not allowed`);
  return steps;
}

const unprocessable = (message: string): StatusError =>
  new StatusError(
    422,
    'Invalid',
    `the server rejected our request due to an error in our request: ${message}`,
  );

const missing = (path: string): StatusError => unprocessable(`the path "${path}" does not exist`);

function stepInto(value: unknown, step: string, path: string): unknown {
  if (Array.isArray(value)) {
    const index = Number(step);
    if (!/^\d+$/.test(step) || index >= value.length) throw missing(path);
    return value[index];
  }
  if (!isObject(value) || !(step in value)) throw missing(path);
  return value[step];
}

function read(document: unknown, steps: string[], path: string): unknown {
  return steps.reduce((value, step) => stepInto(value, step, path), document);
}

function write(
  document: unknown,
  steps: string[],
  value: unknown,
  mode: 'add' | 'replace',
  path: string,
): unknown {
  const last = steps.at(-1);
  if (last === undefined) return value;
  const parent = read(document, steps.slice(0, -1), path);
  if (Array.isArray(parent)) {
    const index = last === '-' ? parent.length : Number(last);
    if (!Number.isInteger(index) || index < 0 || index > parent.length) throw missing(path);
    parent.splice(index, mode === 'replace' ? 1 : 0, value);
  } else if (isObject(parent)) {
    parent[last] = value;
  } else {
    throw missing(path);
  }
  return document;
}

function remove(document: unknown, steps: string[], path: string): unknown {
  const last = steps.at(-1);
  if (last === undefined) throw badRequest('a JSON patch cannot remove the whole object');
  const parent = read(document, steps.slice(0, -1), path);
  stepInto(parent, last, path);
  if (Array.isArray(parent)) parent.splice(Number(last), 1);
  else if (isObject(parent)) delete parent[last];
  return document;
}
