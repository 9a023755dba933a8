import type { Outcome } from './outcome.js';

const COLUMNS: readonly { readonly title: string; readonly of: (outcome: Outcome) => string }[] = [
  { title: 'policy', of: ({ policy }) => policy },
  { title: 'mean wait', of: ({ wait }) => duration(wait.mean) },
  { title: 'p50', of: ({ wait }) => duration(wait.p50) },
  { title: 'p90', of: ({ wait }) => duration(wait.p90) },
  { title: 'p99', of: ({ wait }) => duration(wait.p99) },
  { title: 'large mean', of: ({ waitOfLarge }) => duration(waitOfLarge.mean) },
  { title: 'large p99', of: ({ waitOfLarge }) => duration(waitOfLarge.p99) },
  { title: 'largest', of: ({ waitOfLargest }) => duration(waitOfLargest) },
  { title: 'mean completion', of: ({ meanCompletion }) => duration(meanCompletion) },
  { title: 'used', of: ({ utilisation }) => percent(utilisation) },
  { title: 'idle while waited', of: ({ fragmentation }) => percent(fragmentation) },
  { title: 'evictions', of: ({ evictions }) => String(evictions) },
  { title: 'GPU-hours lost', of: ({ gpuSecondsLost }) => (gpuSecondsLost / 3600).toFixed(1) },
  { title: 'unfairness', of: ({ unfairness }) => unfairness.toFixed(2) },
];

/** Outcomes side by side, as Markdown. */
export function formatTable(outcomes: readonly Outcome[]): string {
  const rows = [
    COLUMNS.map(({ title }) => title),
    ...outcomes.map((outcome) => COLUMNS.map(({ of }) => of(outcome))),
  ];
  const widths = COLUMNS.map((_, i) => Math.max(3, ...rows.map((row) => (row[i] ?? '').length)));
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0))).join(' | ')} |`;
  const rule = `| ${widths.map((width, i) => (i === 0 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`)).join(' | ')} |`;
  return [line(rows[0] ?? []), rule, ...rows.slice(1).map(line)].join('\n');
}

const percent = (part: number) => `${(part * 100).toFixed(1)} %`;

function duration(seconds: number): string {
  if (!Number.isFinite(seconds)) return 'never';
  if (seconds < 100) return `${seconds.toFixed(0)} s`;
  if (seconds < 6000) return `${(seconds / 60).toFixed(1)} min`;
  return `${(seconds / 3600).toFixed(1)} h`;
}
