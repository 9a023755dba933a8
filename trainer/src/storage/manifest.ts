import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Written last, read first: with it a published folder is complete, without it there is none. */
export const MANIFEST_FILE = 'manifest.json';
const FORMAT = 'tuneyard-folder-v1';

export interface ManifestFile {
  readonly name: string;
  readonly bytes: number;
  /** Lower-case hexadecimal. */
  readonly sha256: string;
}

/** The job that a folder was written by, in a cluster or on this machine. */
export interface Writer {
  readonly namespace: string;
  readonly name: string;
  /** Two jobs of the same name, one after the other, have different ones. */
  readonly uid: string;
}

/** What a published folder holds. */
export interface Manifest {
  readonly format: typeof FORMAT;
  /** `sha256:<hex>` over names, sizes and contents of the files, in name order. */
  readonly digest: string;
  readonly bytes: number;
  readonly files: readonly ManifestFile[];
  /** Not part of the digest: the same content has the same digest, whoever wrote it. Absent: not known. */
  readonly writer?: Writer | undefined;
}

/** Reads every file of a folder and writes down what they are. */
export async function describeFolder(folder: string): Promise<Manifest> {
  const files: ManifestFile[] = [];
  const whole = createHash('sha256');
  for (const name of (await readdir(folder)).filter((entry) => entry !== MANIFEST_FILE).sort()) {
    const path = join(folder, name);
    const { size } = await stat(path);
    const hash = createHash('sha256');
    whole.update(`${name}\0${size}\0`);
    for await (const part of createReadStream(path, { highWaterMark: 1 << 20 })) {
      hash.update(part as Buffer);
      whole.update(part as Buffer);
    }
    files.push({ name, bytes: size, sha256: hash.digest('hex') });
  }
  const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
  return { format: FORMAT, digest: `sha256:${whole.digest('hex')}`, bytes, files };
}

export async function writeManifest(folder: string, manifest: Manifest): Promise<void> {
  await writeFile(join(folder, MANIFEST_FILE), `${JSON.stringify(manifest, null, 2)}\n`);
}

/** The writer that a manifest names; undefined when it names none, or nothing that is one. */
export function writerOf({ writer }: Manifest): Writer | undefined {
  const { namespace, name, uid } = (writer ?? {}) as Partial<Record<keyof Writer, unknown>>;
  const isWhole = typeof namespace === 'string' && typeof name === 'string' && typeof uid === 'string';
  return isWhole ? { namespace, name, uid } : undefined;
}

/** The manifest in a text; undefined when it is none of ours. */
export function parseManifest(text: string): Manifest | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null) return undefined;
  const { format, files } = value as Partial<Manifest>;
  const whole =
    Array.isArray(files) &&
    files.every(({ name, sha256 }) => typeof name === 'string' && /^[0-9a-f]{64}$/.test(sha256));
  return format === FORMAT && whole ? (value as Manifest) : undefined;
}
