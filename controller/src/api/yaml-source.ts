import { isNode, isScalar, LineCounter, parseAllDocuments } from 'yaml';
import type { Document } from 'yaml';
import { UserError } from '../errors.js';

/** A value and where in its file its parts stand. */
export interface Source {
  readonly value: unknown;
  /** `file:line: ` of a path, or less when less is known. */
  readonly place: (path: readonly PropertyKey[]) => string;
}

/** Longest YAML text that is read, in characters. */
const MAX_TEXT = 1_048_576;
const MAX_ALIASES = 100;

/** The one document of a YAML text. @throws UserError naming the line when there are more, or none that is YAML */
export function readYaml(yaml: string, file: string | undefined): Source {
  const { documents, at } = parseYaml(yaml, file);
  const [document, second] = documents;
  if (second !== undefined) throw new UserError(`${at(second.range[0])}holds several documents: give one`);
  return document === undefined ? { value: null, place: () => at() } : sourceOf(document, at);
}

/** A document that is no YAML. */
export interface BrokenDocument {
  /** `file:line: ` */
  readonly place: string;
  readonly problem: string;
}

/** The documents of a YAML text that hold anything. @throws UserError when the text is too long */
export function readYamlDocuments(yaml: string, file: string | undefined): (Source | BrokenDocument)[] {
  const { documents, at } = parseYaml(yaml, file);
  return documents
    .filter((document) => !isEmpty(document))
    .map((document) => {
      try {
        return sourceOf(document, at);
      } catch (error) {
        if (!(error instanceof UserError)) throw error;
        return { place: at(document.range[0]), problem: error.message };
      }
    });
}

const isEmpty = ({ contents, errors }: Document.Parsed) =>
  errors.length === 0 && (contents === null || (isScalar(contents) && contents.value === null));

type At = (offset?: number) => string;

function parseYaml(yaml: string, file: string | undefined) {
  const lines = new LineCounter();
  const at: At = (offset) => {
    if (offset === undefined) return file === undefined ? '' : `${file}: `;
    return `${file ?? 'line '}${file === undefined ? '' : ':'}${lines.linePos(offset).line}: `;
  };
  if (yaml.length > MAX_TEXT) throw new UserError(`${at()}is larger than ${MAX_TEXT} characters`);
  const parsed = parseAllDocuments(yaml, { lineCounter: lines, prettyErrors: false });
  return { documents: [...parsed] as Document.Parsed[], at };
}

function sourceOf(document: Document.Parsed, at: At): Source {
  const [error] = document.errors;
  if (error !== undefined) throw new UserError(`${at(error.pos[0])}is no valid YAML: ${error.message}`);
  const place = (path: readonly PropertyKey[]): string => {
    for (let depth = path.length; depth >= 0; depth--) {
      const node = depth === 0 ? document.contents : document.getIn(path.slice(0, depth), true);
      if (isNode(node) && node.range) return at(node.range[0]);
    }
    return at();
  };
  try {
    return { value: document.toJS({ maxAliasCount: MAX_ALIASES }) as unknown, place };
  } catch (error) {
    throw new UserError(`${place([])}is no valid YAML: ${(error as Error).message}`, { cause: error });
  }
}
