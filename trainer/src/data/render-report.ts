import { leftOut, type DataReport } from './data-report.js';

const BAR = 40;

/** The report as a page for the terminal. */
export function renderReport(report: DataReport): string {
  const { splits } = report;
  const kept = splits.train.examples + splits.validation.examples + splits.test.examples;
  const lines = [
    `${report.rows} rows read, ${kept} examples kept`,
    ...count('left out: unusable', report.invalid),
    ...count('left out: repeated', report.duplicates),
    ...count('left out: too short', report.tooShort),
    ...count('left out: too long', report.tooLong),
    ...count('hold U+FFFD, so they were damaged before', report.damaged),
    ...count('cut to the maximum length', report.truncated, kept),
    ...count('nearly the same as another row', report.nearDuplicates),
    ...count('held-out rows that nearly repeat a training row', report.leaked),
    '',
    'split        examples      tokens     trained  longest',
    ...Object.entries(splits).map(([name, split]) =>
      [
        name.padEnd(11),
        String(split.examples).padStart(10),
        String(split.tokens).padStart(12),
        String(split.trainedTokens).padStart(12),
        String(split.longest).padStart(9),
      ].join(''),
    ),
    '',
    'tokens of a training example',
    ...histogram(report),
    '',
    `scripts: ${Object.entries(report.scripts)
      .sort(([, a], [, b]) => b - a)
      .map(([script, rows]) => `${script} ${rows}`)
      .join(', ')}`,
  ];
  const unused = Object.entries(report.unusedFields).map(([field, rows]) => `${field} (${rows})`);
  if (unused.length > 0) lines.push(`fields of the rows that are not used: ${unused.join(', ')}`);
  for (const note of report.notes) lines.push(`note: ${note}`);
  for (const { reason, rows } of report.reasons) lines.push(`left out for this reason: ${rows}: ${reason}`);
  for (const { place, reason } of report.rejections) lines.push(`left out ${place}: ${reason}`);
  const more = leftOut(report) - report.rejections.length;
  if (more > 0) lines.push(`and ${more} more`);
  for (const { place, trainedAt } of report.leaks) lines.push(`${place} nearly repeats ${trainedAt}`);
  return `${lines.join('\n')}\n`;
}

function count(label: string, value: number, of?: number): string[] {
  if (value === 0) return [];
  return [`  ${label}: ${value}${of ? ` (${((100 * value) / of).toFixed(1)} %)` : ''}`];
}

function histogram({ lengths }: DataReport): string[] {
  const most = Math.max(1, ...lengths.map(({ examples }) => examples));
  return lengths.map(({ upTo, examples }) => {
    const bar = '█'.repeat(Math.max(1, Math.round((BAR * examples) / most)));
    return `  up to ${String(upTo).padStart(6)}  ${bar} ${examples}`;
  });
}
