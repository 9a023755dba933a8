import { UserError } from '../../errors.js';
import { isAbsent, RowError, type Row, type RowFormat } from './row-format.js';
import { flagOf } from './turn-marks.js';
import { words } from '../../words/index.js';

/** Answers side by side, of which some are not wanted. */
const PREFERENCE = [
  'chosen',
  'rejected',
  'chosen_response',
  'rejected_response',
  'response_chosen',
  'response_rejected',
  'chosen_messages',
  'rejected_messages',
  'preferred_output',
  'non_preferred_output',
  'better_response_id',
];
/** One answer, and whether it is wanted. */
const WANTED_OR_NOT = ['label', 'kto_tag'];
const MEDIA = ['image', 'images', 'video', 'videos', 'audio', 'audios', 'image_url', 'image_path'];
const CHOICES = ['choices', 'options', 'endings'];
/** Names that decide what a row is for, so that another way of writing them decides it too. */
export const TASK_FIELDS: readonly string[] = [...PREFERENCE, ...WANTED_OR_NOT, ...MEDIA, ...CHOICES];

/**
 * @param chosen columns that the job names itself: who maps `chosen` to the answer has decided
 * @throws UserError for data of another kind of tuning, which would teach answers that are not wanted
 */
export function refusePreference(row: Row, place: string, chosen: ReadonlySet<string>): void {
  const preference = PREFERENCE.find((field) => isGiven(row[field]));
  if (preference === undefined || PREFERENCE.some((field) => chosen.has(field))) return;
  throw new UserError(words().dataset.preference(place, preference));
}

/**
 * Refuses rows whose other fields turn the meaning of what the format reads: answers that are not wanted, or questions that cannot be
 * answered without the rest.
 * @throws UserError for data of another kind of tuning; RowError for one row
 */
export function refuseOtherTasks(row: Row, place: string, format: RowFormat): void {
  const media = MEDIA.find((field) => isGiven(row[field]));
  if (media !== undefined) throw new RowError(words().rows.noMedia(media));
  if (format.name === 'text') return;
  const mark = WANTED_OR_NOT.find((field) => flagOf(row[field]) !== undefined);
  if (mark !== undefined) throw new UserError(words().dataset.wantedOrNot(place, mark));
  const choices = CHOICES.find((field) => Array.isArray(row[field]));
  if (choices !== undefined && !format.fields.has('messages') && !format.fields.has('conversations'))
    throw new RowError(words().rows.choices(choices));
  const weight = row['weight'];
  if (!isAbsent(weight) && flagOf(weight) !== true) throw new RowError(words().rows.rowWeight());
}

function isGiven(value: unknown): boolean {
  return !isAbsent(value) && value !== '' && !(Array.isArray(value) && value.length === 0);
}
