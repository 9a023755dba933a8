import { WrittenNumber } from '../exact-json.js';
import { isAbsent, RowError, shown, type Row } from './row-format.js';
import { words } from '../../words/index.js';

/** Fields that say whether a turn is trained: 1 or true, 0 or false. */
export const MARK_FIELDS = ['weight', 'train', 'training', 'trainable', 'loss'] as const;

/** Parts of a turn that would change what is learnt and are not read. */
const UNREAD = [
  'refusal',
  'audio',
  'image',
  'images',
  'video',
  'videos',
  'train_detail',
  'training_detail',
  'chosen',
  'rejected',
];

/** What a turn says of being trained. */
export interface TurnMark {
  /** Of the field. */
  readonly path: string;
  readonly isTrained: boolean;
}

/** The mark of a turn; undefined when it has none. @throws RowError for a share, or marks that contradict one another */
export function markOf(turn: Row, path: string): TurnMark | undefined {
  let mark: TurnMark | undefined;
  for (const field of MARK_FIELDS) {
    const value = turn[field];
    if (isAbsent(value)) continue;
    const says = flagOf(value);
    if (says === undefined) throw new RowError(words().rows.mark(`${path}.${field}`, shown(value)));
    if (mark !== undefined && mark.isTrained !== says)
      throw new RowError(words().rows.markContradicts(`${path}.${field}`));
    mark = { path: `${path}.${field}`, isTrained: says };
  }
  return mark;
}

/** @throws RowError that names a part which is not read */
export function refuseUnreadParts(turn: Row, path: string): void {
  const field = UNREAD.find((name) => {
    const value = turn[name];
    return !isAbsent(value) && value !== '' && !(Array.isArray(value) && value.length === 0);
  });
  if (field !== undefined) throw new RowError(words().rows.unsupported(`${path}.${field}`));
}

/** 1, true and their texts; 0, false and theirs. */
export function flagOf(value: unknown): boolean | undefined {
  const plain = value instanceof WrittenNumber ? Number(value.text) : value;
  if (plain === true || plain === 1 || plain === 1n) return true;
  if (plain === false || plain === 0 || plain === 0n) return false;
  if (typeof plain !== 'string') return undefined;
  const word = plain.trim().toLowerCase();
  if (word === 'true' || word === '1') return true;
  return word === 'false' || word === '0' ? false : undefined;
}
