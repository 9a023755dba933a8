import { displayWidth } from '@tuneyard/proto/display';
import { words } from '../words/index.js';
import { leftOut, type DataReport } from './data-report.js';

const BAR = 40;

/** The report as a page for the terminal. */
export function renderReport(report: DataReport): string {
  const { splits } = report;
  const { report: say } = words();
  const kept = splits.train.examples + splits.validation.examples + splits.test.examples;
  const lines = [
    say.rows(String(report.rows), String(kept)),
    ...count(say.unusable, report.invalid),
    ...count(say.repeated, report.duplicates),
    ...count(say.tooShort, report.tooShort),
    ...count(say.tooLong, report.tooLong),
    ...count(say.damaged, report.damaged),
    ...count(say.cut, report.truncated, kept),
    ...count(say.nearDuplicates, report.nearDuplicates),
    ...count(say.leaked, report.leaked),
    '',
    tableLine([
      say.columns.split,
      say.columns.examples,
      say.columns.tokens,
      say.columns.trained,
      say.columns.longest,
    ]),
    ...Object.entries(splits).map(([name, { examples, tokens, trainedTokens, longest }]) =>
      tableLine([
        say.splits[name as keyof typeof say.splits],
        ...[examples, tokens, trainedTokens, longest].map(String),
      ]),
    ),
    '',
    say.lengths,
    ...histogram(report),
    '',
    say.scripts(
      Object.entries(report.scripts)
        .sort(([, a], [, b]) => b - a)
        .map(([script, rows]) => `${scriptName(script)} ${rows}`)
        .join(', '),
    ),
  ];
  const unused = Object.entries(report.unusedFields).map(([field, rows]) => `${field} (${rows})`);
  if (unused.length > 0) lines.push(say.unused(unused.join(', ')));
  for (const note of report.notes) lines.push(say.note(note));
  for (const { reason, rows } of report.reasons) lines.push(say.reason(String(rows), reason));
  for (const { place, reason } of report.rejections) lines.push(say.leftOut(place, reason));
  const more = leftOut(report) - report.rejections.length;
  if (more > 0) lines.push(say.more(String(more)));
  for (const { place, trainedAt } of report.leaks) lines.push(say.nearlyRepeats(place, trainedAt));
  return `${lines.join('\n')}\n`;
}

/** The script as people call it; those without a word of their own by the name that Unicode gives them. */
const scriptName = (script: string): string =>
  (words().report.scriptNames as Readonly<Record<string, string>>)[script] ?? script;

/** Columns of terminals that the columns of the table take. */
const WIDTHS = [11, 10, 12, 12, 9] as const;

/** The first column to the left, figures to the right; Han characters are two columns wide. */
const tableLine = (cells: readonly string[]): string =>
  cells
    .map((cell, index) => {
      const space = ' '.repeat(Math.max(0, (WIDTHS[index] ?? 0) - displayWidth(cell)));
      return index === 0 ? `${cell}${space}` : `${space}${cell}`;
    })
    .join('');

function count(label: string, value: number, of?: number): string[] {
  if (value === 0) return [];
  const share = of ? ` (${((100 * value) / of).toFixed(1)} %)` : '';
  return [`  ${words().report.counted(label, String(value))}${share}`];
}

function histogram({ lengths }: DataReport): string[] {
  const most = Math.max(1, ...lengths.map(({ examples }) => examples));
  return lengths.map(({ upTo, examples }) => {
    const bar = '█'.repeat(Math.max(1, Math.round((BAR * examples) / most)));
    return `  ${words().report.upTo(String(upTo).padStart(6))}  ${bar} ${examples}`;
  });
}
