import { UserError } from '../../errors.js';

export interface HubAddress {
  readonly type: 'model' | 'dataset';
  /** `org/name`, or `name` for the oldest repositories. */
  readonly repository: string;
  /** Branch, tag or commit; '' = not said. */
  readonly revision: string;
  /** File or folder in it, perhaps with `*`; '' = all of it. */
  readonly path: string;
}

const NAME = /^[A-Za-z0-9][\w.-]{0,95}$/;
const REVISION = /^@(refs\/(?:pr|convert)\/[\w.-]+|[^/]+)/;

/**
 * Reads `hf://org/name[@revision][/path]` and `hf://datasets/org/name[@revision][/path]`.
 * @throws UserError that shows the form
 */
export function parseHubAddress(uri: string): HubAddress {
  let rest = uri.slice('hf://'.length);
  let type: HubAddress['type'] = 'model';
  const prefix = /^(models|datasets)\//.exec(rest);
  if (prefix !== null) {
    type = prefix[1] === 'datasets' ? 'dataset' : 'model';
    rest = rest.slice(prefix[0].length);
  }
  const repository = /^[^/@]+(?:\/[^/@]+)?/.exec(rest)?.[0] ?? '';
  const names = repository.split('/');
  if (!names.every((name) => NAME.test(name))) throw malformed(uri);
  rest = rest.slice(repository.length);
  const revision = REVISION.exec(rest);
  if (revision !== null) rest = rest.slice(revision[0].length);
  if (rest !== '' && !rest.startsWith('/')) throw malformed(uri);
  const path = rest.replace(/^\/+|\/+$/g, '');
  return { type, repository, revision: decodeURIComponent(revision?.[1] ?? ''), path };
}

function malformed(uri: string): UserError {
  return new UserError(
    `${uri}: is no address of the Hugging Face hub; it has the form hf://org/name[@revision] or hf://datasets/org/name[@revision][/path]`,
  );
}
