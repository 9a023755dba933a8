import { existsSync, readFileSync, statSync } from 'node:fs';
import { UserError } from '../errors.js';
import { decodeUtf8 } from './decode-utf8.js';
import { giantJson } from './giant-json.js';
import { notTheFile } from './not-the-file.js';

export type JsonObject = Readonly<Record<string, unknown>>;

const LARGEST_JSON_BYTES = 64 * 1024 * 1024;

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Reads a JSON file that must hold an object. @throws UserError naming the file. */
export function readJsonFile(path: string): JsonObject {
  if (!existsSync(path)) throw new UserError(`${path}: there is no such file.`);
  const { size } = statSync(path);
  if (size > LARGEST_JSON_BYTES) {
    throw new UserError(
      `${path}: ${size} bytes is too large for a JSON file (at most ${LARGEST_JSON_BYTES}).`,
    );
  }
  const bytes = readFileSync(path);
  const other = notTheFile(bytes);
  if (other !== undefined) throw new UserError(`${path} ${other}.`);
  const giant = giantJson(bytes);
  if (giant !== undefined) throw new UserError(`${path} ${giant}, which no file of a model has.`);
  const text = decodeUtf8(bytes, path);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new UserError(
      `${path}: not valid JSON (${error instanceof Error ? error.message : String(error)}).`,
    );
  }
  if (!isJsonObject(value)) throw new UserError(`${path}: must hold a JSON object.`);
  return value;
}

/** Reads typed fields of one JSON file and names file and field when one is wrong. */
export class JsonFields {
  constructor(
    private readonly object: JsonObject,
    private readonly place: string,
  ) {}

  has(name: string): boolean {
    return this.object[name] !== undefined && this.object[name] !== null;
  }

  get names(): readonly string[] {
    return Object.keys(this.object);
  }

  raw(name: string): unknown {
    return this.object[name];
  }

  number(name: string, fallback?: number): number {
    const value = this.object[name] ?? fallback;
    if (typeof value !== 'number' || !Number.isFinite(value)) throw this.wrong(name, 'a number');
    return value;
  }

  /** An integer in [1, 2^31). */
  count(name: string, fallback?: number): number {
    const value = this.number(name, fallback);
    if (!Number.isInteger(value) || value < 1 || value >= 2 ** 31)
      throw this.wrong(name, 'a positive integer');
    return value;
  }

  boolean(name: string, fallback: boolean): boolean {
    const value = this.object[name] ?? fallback;
    if (typeof value !== 'boolean') throw this.wrong(name, 'true or false');
    return value;
  }

  string(name: string, fallback?: string): string {
    const value = this.object[name] ?? fallback;
    if (typeof value !== 'string') throw this.wrong(name, 'a string');
    return value;
  }

  section(name: string): JsonFields | undefined {
    const value = this.object[name];
    if (value === undefined || value === null) return undefined;
    if (!isJsonObject(value)) throw this.wrong(name, 'an object');
    return new JsonFields(value, `${this.place}: ${name}`);
  }

  wrong(name: string, expected: string): UserError {
    const value = JSON.stringify(this.object[name]) ?? 'missing';
    return new UserError(`${this.place}: field "${name}" must be ${expected}, but is ${value.slice(0, 80)}.`);
  }
}
