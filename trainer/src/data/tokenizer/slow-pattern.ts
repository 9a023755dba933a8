import { isJsonObject } from '../../support/index.js';
import { componentsOf } from './pipeline-components.js';
import { OverTimeError, TimeAllowance } from './time-allowance.js';

/** Many times what a pattern takes that goes through a text once. */
const TRIAL_MS = 500;

/** The first regular expression of some components that alone takes long on a text; undefined when none does. */
export function slowPatternOn(text: string, components: readonly unknown[]): string | undefined {
  const patterns = components.flatMap(componentsOf).flatMap(({ config, pattern }) => {
    const source = isJsonObject(config['pattern']) ? config['pattern']['Regex'] : undefined;
    return typeof source === 'string' && pattern !== undefined ? [{ source, pattern }] : [];
  });
  const [only] = patterns;
  if (patterns.length === 1) return only?.source;
  return patterns.find(({ pattern }) => takesLong(text, pattern))?.source;
}

function takesLong(text: string, pattern: RegExp): boolean {
  try {
    new TimeAllowance({ base: TRIAL_MS, perCharacter: 0 }).run(0, () => text.replace(pattern, ''));
    return false;
  } catch (error) {
    return error instanceof OverTimeError;
  }
}
