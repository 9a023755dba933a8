import { createHash } from 'node:crypto';
import type { SplitConfig } from '@tuneyard/proto';
import { UserError } from '../errors.js';

export type SplitName = 'train' | 'validation' | 'test';

/** A stable fingerprint of a row's words. */
export function digestOf(content: string): string {
  return createHash('sha256').update(content).digest('hex');
}

/**
 * The split a row belongs to: a function of its words, the seed and the shares, and of nothing else. Adding or
 * removing rows never moves another row.
 */
export function splitByContent(digest: string, config: SplitConfig): SplitName {
  const total = config.train + config.validation + config.test;
  if (!(total > 0) || Math.min(config.train, config.validation, config.test) < 0) {
    throw new UserError(
      'dataset.split: the shares of train, validation and test must not be negative, and not all zero.',
    );
  }
  const position = splitPosition(digest, config) * total;
  if (position < config.train) return 'train';
  return position < config.train + config.validation ? 'validation' : 'test';
}

/** Where a row falls between the first share (0) and the last (1). */
export function splitPosition(digest: string, { seed }: Pick<SplitConfig, 'seed'>): number {
  const hash = createHash('sha256').update(`${seed}\u0000${digest}`).digest();
  return hash.readUIntBE(0, 6) / 2 ** 48;
}

/** The split that a source declares for all its rows; undefined = divided by content. */
export function declaredSplit(name: string): SplitName | undefined {
  if (name === '') return undefined;
  if (name === 'train' || name === 'validation' || name === 'test') return name;
  throw new UserError(
    `dataset.sources[].split "${name}" is unknown; use train, validation, test, or leave it out.`,
  );
}
