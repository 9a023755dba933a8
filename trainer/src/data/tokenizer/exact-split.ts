import { componentsOf } from './pipeline-components.js';

export const SPLIT_BEHAVIORS = [
  'Removed',
  'Isolated',
  'MergedWithPrevious',
  'MergedWithNext',
  'Contiguous',
] as const;
export type SplitBehavior = (typeof SPLIT_BEHAVIORS)[number];

interface Piece {
  readonly text: string;
  readonly isDelimiter: boolean;
}

/** The pieces of a text between what `pattern` matches, and the matches, by the rules of Hugging Face's tokenizers in Rust. */
export function splitPieces(
  text: string,
  pattern: RegExp,
  { behavior, isInverted }: { readonly behavior: SplitBehavior; readonly isInverted: boolean },
): string[] {
  const pieces = piecesOf(text, pattern).map(({ text: own, isDelimiter }): Piece => ({
    text: own,
    isDelimiter: isDelimiter !== isInverted,
  }));
  return joined(pieces, behavior).filter((piece) => piece !== '');
}

function joined(pieces: readonly Piece[], behavior: SplitBehavior): string[] {
  switch (behavior) {
    case 'Removed':
      return pieces.filter(({ isDelimiter }) => !isDelimiter).map(({ text }) => text);
    case 'Isolated':
      return pieces.map(({ text }) => text);
    case 'Contiguous':
      return joinedWhere(pieces, (before, piece) => before.isDelimiter === piece.isDelimiter);
    case 'MergedWithPrevious':
      return joinedWhere(pieces, (before, piece) => piece.isDelimiter && !before.isDelimiter);
    default:
      return joinedWhere(pieces, (before, piece) => before.isDelimiter && !piece.isDelimiter);
  }
}

function joinedWhere(pieces: readonly Piece[], belongs: (before: Piece, piece: Piece) => boolean): string[] {
  const texts: string[] = [];
  for (const [index, piece] of pieces.entries()) {
    const before = pieces[index - 1];
    if (before !== undefined && belongs(before, piece)) texts.push((texts.pop() ?? '') + piece.text);
    else texts.push(piece.text);
  }
  return texts;
}

function piecesOf(text: string, pattern: RegExp): Piece[] {
  const pieces: Piece[] = [];
  let end = 0;
  for (const match of text.matchAll(pattern)) {
    // Nothing, right behind a match, is none.
    if (match[0] === '' && pieces.at(-1)?.isDelimiter === true && match.index === end) continue;
    if (match.index > end) pieces.push({ text: text.slice(end, match.index), isDelimiter: false });
    pieces.push({ text: match[0], isDelimiter: true });
    end = match.index + match[0].length;
  }
  if (end < text.length) pieces.push({ text: text.slice(end), isDelimiter: false });
  return pieces;
}

/** The library divides by matches alone; of what becomes of them it knows a part. */
export function correctSplits(preTokenizer: unknown): void {
  for (const { component, config, pattern } of componentsOf(preTokenizer)) {
    if (config['type'] !== 'Split' || pattern === undefined) continue;
    const behavior = SPLIT_BEHAVIORS.find((name) => name === config['behavior']);
    const isInverted = config['invert'] === true;
    // This the library does right, and fast.
    if (behavior === undefined || (behavior === 'Isolated' && !isInverted)) continue;
    Reflect.set(component, 'pre_tokenize_text', (text: string) =>
      splitPieces(text, pattern, { behavior, isInverted }),
    );
  }
}
