import { TemplateBudgetError } from './template-error.js';

/** Steps of one rendering: a hundred times what the longest published template needs for a turn. */
const MAX_STEPS = 5_000_000;
const MAX_SECONDS = 5;
/** Longest text, in UTF-16 units. */
const MAX_TEXT = 64 * 1024 * 1024;
/** Characters of all texts that are made by copying. */
const MAX_COPIED = 8 * MAX_TEXT;
/** From this length on a joined text counts as copied: it may be kept, and is one piece of memory when it is read. */
const LONG_TEXT = 1 << 20;
/** Longest list that is made at once. */
const MAX_ITEMS = 1_000_000;
/** Bits of an integer. */
export const MAX_BITS = 1 << 16;

/** A rendering is synchronous, so there is one at a time. */
let [steps, copied, deadline] = [0, 0, 0];

/** Starts the budget of a rendering. */
export function startBudget(): void {
  [steps, copied, deadline] = [0, 0, performance.now() + MAX_SECONDS * 1000];
}

/** @throws TemplateBudgetError when the rendering takes too many steps or too long */
export function spendStep(): void {
  if (++steps > MAX_STEPS || (steps % 64 === 0 && performance.now() > deadline))
    throw new TemplateBudgetError(`is not done after ${MAX_SECONDS} seconds or ${MAX_STEPS} operations`);
}

/** @throws TemplateBudgetError when a text becomes too long */
export function spendText(length: number): void {
  if (length > MAX_TEXT) throw new TemplateBudgetError(`writes more than ${MAX_TEXT} characters`);
  copied += length;
  if (copied > MAX_COPIED) throw new TemplateBudgetError(`copies more than ${MAX_COPIED} characters`);
}

/** A value that is joined of others: it shares their memory until it is read. */
export function joinedText(text: string): string {
  if (text.length > LONG_TEXT) spendText(text.length);
  return text;
}

/** The text that is written so far. */
export function boundedText(text: string): string {
  if (text.length > MAX_TEXT) throw new TemplateBudgetError(`writes more than ${MAX_TEXT} characters`);
  return text;
}

/** @throws TemplateBudgetError when a list becomes too long */
export function spendItems(count: number): void {
  if (count > MAX_ITEMS) throw new TemplateBudgetError(`makes a list of more than ${MAX_ITEMS} items`);
  steps += count;
  spendStep();
}
