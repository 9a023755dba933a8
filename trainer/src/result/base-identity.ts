import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { ModelConfig } from '@tuneyard/proto';
import { publicAddress } from './public-address.js';

/** The base model by name and content. */
export interface BaseIdentity {
  /** `organization/name` where it is known, otherwise the name of the folder. */
  readonly name: string;
  readonly isOnHub: boolean;
  /** Commit of the hub. */
  readonly revision?: string | undefined;
  /** `sha256:<hex>` over configuration, tokenizer and weights. */
  readonly digest: string;
}

/** A snapshot in the cache of Hugging Face says of what it is. */
const SNAPSHOT = /\/models--([^/]+?)--([^/]+)\/snapshots\/([0-9a-f]{40})\/?$/;
const HUB = /^hf:\/\/([^/@]+\/[^/@]+)(?:@([^/]+))?/;
const IDENTIFYING = /^(config\.json|tokenizer\.json|tokenizer\.model|.*\.safetensors)$/;
const COMMIT = /^[0-9a-f]{40}$/;

/** @param version names the content that was fetched; '' = it was local */
export function baseName(asked: ModelConfig, version: string): Omit<BaseIdentity, 'digest'> {
  const hub = HUB.exec(asked.source);
  if (hub?.[1] !== undefined) {
    const revision = [version, asked.revision, hub[2]].find((text) => text && COMMIT.test(text));
    return { name: hub[1], isOnHub: true, revision };
  }
  const snapshot = SNAPSHOT.exec(asked.source);
  if (snapshot) return { name: `${snapshot[1]}/${snapshot[2]}`, isOnHub: true, revision: snapshot[3] };
  return { name: publicAddress(asked.source), isOnHub: false };
}

/** `sha256:<hex>` over names, sizes and contents of the files that make the model what it is. */
export async function digestOfModel(folder: string): Promise<string> {
  const whole = createHash('sha256');
  for (const name of (await readdir(folder)).filter((entry) => IDENTIFYING.test(entry)).sort()) {
    const path = join(folder, name);
    whole.update(`${name}\0${(await stat(path)).size}\0`);
    for await (const part of createReadStream(path, { highWaterMark: 1 << 20 })) whole.update(part as Buffer);
  }
  return `sha256:${whole.digest('hex')}`;
}
