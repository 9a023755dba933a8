import { formatTable } from '../display/index.js';
import type { DataReport } from '../data-report.js';
import type { Findings } from './check-job.js';
import { gib, type MemoryFit } from './memory-fit.js';

/** For people, newline included. */
export function describeFindings(findings: Findings): string {
  const { place, kind = 'document', name, valid, problems, warnings, notes, filled, memory, data } = findings;
  const verdict = valid ? 'valid' : `${problems.length} ${problems.length === 1 ? 'problem' : 'problems'}`;
  return [
    `${place}: ${kind}${name === undefined ? '' : ` ${name}`}: ${verdict}\n`,
    ...problems.map((problem) => `  error    ${problem}\n`),
    ...warnings.map((warning) => `  warning  ${warning}\n`),
    ...notes.map((note) => `  note     ${note}\n`),
    ...(memory === undefined ? [] : describeMemory(memory)),
    ...(data === undefined ? [] : [`  data     ${describeData(data)}\n`]),
    ...(filled === undefined || filled.length === 0 ? [] : ['  filled in\n', indented(filledTable(filled))]),
  ].join('');
}

function describeMemory({ message, flavors }: MemoryFit): string[] {
  return [
    `  memory   ${message}\n`,
    ...flavors
      .filter(({ bytes }) => bytes !== undefined)
      .map(
        ({ flavor, bytes = 0, fits }) =>
          `           ${flavor}: ${gib(bytes)}, ${fits ? 'fits' : 'too small'}\n`,
      ),
  ];
}

function describeData({ rows, duplicates, invalid, truncated, splits, steps }: DataReport): string {
  const { train, validation, test } = splits;
  return (
    `${rows} rows: ${train.examples} to train on, ${validation.examples} for validation, ${test.examples} for the test; ` +
    `${invalid} invalid, ${duplicates} repeated, ${truncated} cut; longest ${train.longest} tokens; ${steps.total} steps`
  );
}

const filledTable = (filled: NonNullable<Findings['filled']>) =>
  formatTable(
    ['FIELD', 'VALUE', 'WHY'],
    filled.map(({ field, value, reason }) => [
      `spec.${field}`,
      typeof value === 'string' ? value : JSON.stringify(value),
      reason,
    ]),
  );

const indented = (text: string) => text.replaceAll(/^(?=.)/gm, '    ');
