import { words } from '../../words/index.js';
import type { DataFindings } from './findings.js';

/** What is found in the rows and should be mended before training; one sentence each. */
export function findingsWarnings(found: DataFindings): string[] {
  const say = words().findings;
  const { contradictions, personal, tokensPerCharacter, isPoorTokenizer } = found;
  return [
    ...(contradictions.rows > 0 ? [say.contradictionsWarning(contradictions.rows)] : []),
    ...(personal.rows > 0 ? [say.personalWarning(personal.rows)] : []),
    ...(isPoorTokenizer ? [say.poorTokenizer((tokensPerCharacter ?? 0).toFixed(2))] : []),
  ];
}
