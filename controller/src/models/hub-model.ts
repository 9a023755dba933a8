import { UserError } from '../errors.js';
import { modelShapeOf, type ModelShape } from '@tuneyard/proto/memory';

/** A model of the hub at one commit. */
export interface HubModel {
  readonly commit: string;
  /** Its sizes, from config.json; undefined when that cannot be read or is of an architecture that is not known. */
  readonly shape?: ModelShape;
}

export interface HubAccess {
  /** Without a slash at the end. */
  readonly endpoint: string;
  /** For everything that is asked about one model, in milliseconds. */
  readonly timeoutMs: number;
}

const COMMIT = /^[0-9a-f]{40}$/;
const ADDRESS = /^hf:\/\/(?:models\/)?([A-Za-z0-9][\w.-]{0,95}(?:\/[A-Za-z0-9][\w.-]{0,95})?)(?:@([^/]+))?$/;
/** Answers have a few kilobytes. */
const MOST_BYTES = 1 << 18;

/** What `hf://org/name[@revision]` names; undefined for other addresses. */
export function hubModelAddress(
  source: string,
): { readonly name: string; readonly revision?: string } | undefined {
  const [whole, name, revision] = ADDRESS.exec(source) ?? [];
  if (whole === undefined || name === undefined || name === 'datasets') return undefined;
  return revision === undefined ? { name } : { name, revision: decoded(revision) };
}

/** @throws UserError for a text that is not encoded as addresses are */
function decoded(revision: string): string {
  try {
    return decodeURIComponent(revision);
  } catch {
    throw new UserError(
      `spec.model.source: the revision ${revision} holds a % that begins no encoded character: write %25 for a percent sign`,
    );
  }
}

/**
 * Asks the hub at which commit a public model's branch, tag or commit is, and what sizes it has there.
 * @throws Error when the hub cannot be asked, does not show the model, or answers anything else
 */
export async function lookUpHubModel(name: string, revision: string, access: HubAccess): Promise<HubModel> {
  const signal = AbortSignal.timeout(access.timeoutMs);
  const get = (path: string) => getJson(`${access.endpoint}/${path}`, signal);
  let commit = revision;
  if (!COMMIT.test(revision)) {
    const { sha } = await get(`api/models/${name}/revision/${encodeURIComponent(revision)}`);
    if (typeof sha !== 'string' || !COMMIT.test(sha)) throw new Error(`no commit is named for ${revision}`);
    commit = sha;
  }
  // A model without it may be of use to the trainer in ways that are not known here.
  const config = await get(`${name}/resolve/${commit}/config.json`).catch(() => ({}));
  const shape = shapeOf(config);
  return { commit, ...(shape === undefined ? {} : { shape }) };
}

function shapeOf(config: Readonly<Record<string, unknown>>): ModelShape | undefined {
  try {
    return modelShapeOf(config);
  } catch {
    return undefined;
  }
}

async function getJson(url: string, signal: AbortSignal): Promise<Readonly<Record<string, unknown>>> {
  const response = await fetch(url, { signal, headers: { accept: 'application/json' } });
  if (!response.ok || response.body === null) {
    await response.body?.cancel();
    throw new Error(`${url} answers ${response.status}`);
  }
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const part of response.body) {
    size += part.length;
    // Leaving the loop ends the connection.
    if (size > MOST_BYTES) throw new Error(`${url} answers more than ${MOST_BYTES} bytes`);
    parts.push(part);
  }
  const value: unknown = JSON.parse(Buffer.concat(parts).toString('utf8'));
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new Error(`${url}: no object`);
  return value as Readonly<Record<string, unknown>>;
}
