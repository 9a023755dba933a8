import { UserError } from '../errors.js';

/** A job of a trace. */
export interface TraceJob {
  readonly id: string;
  /** Who submitted it; its jobs wait in one queue. */
  readonly tenant: string;
  /** Milliseconds since the Unix epoch. */
  readonly submittedAt: number;
  /** How long it runs on all its GPUs, in seconds. */
  readonly seconds: number;
  readonly gpus: number;
}

/** Names of the columns of a CSV trace. */
export interface TraceColumns {
  /** A date, or seconds since any start. */
  readonly submitted: string;
  readonly seconds: string;
  readonly gpus: string;
  /** May be missing in the file: then there is one tenant. */
  readonly tenant: string;
}

export const PHILLY_COLUMNS: TraceColumns = {
  submitted: 'timestamp',
  seconds: 'duration',
  gpus: 'num_gpus',
  tenant: 'cluster',
};

/**
 * Reads a CSV of jobs; the first line names the columns. Jobs come back in the order of submission.
 * @throws UserError with the line when a column or a value is missing or wrong
 */
export function parseTrace(text: string, columns: TraceColumns, file: string): TraceJob[] {
  const [header = '', ...lines] = text.split(/\r?\n/);
  const names = header.split(',').map((name) => name.trim());
  const column = (name: string) => {
    const index = names.indexOf(name);
    if (index < 0)
      throw new UserError(`${file}:1: there is no column ${name}; there are ${names.join(', ')}`);
    return index;
  };
  const at = {
    submitted: column(columns.submitted),
    seconds: column(columns.seconds),
    gpus: column(columns.gpus),
    tenant: names.indexOf(columns.tenant),
  };
  const jobs: TraceJob[] = [];
  lines.forEach((line, index) => {
    if (line.trim() === '') return;
    const cells = line.split(',');
    const wrong = (what: string, value: string | undefined) =>
      new UserError(`${file}:${index + 2}: ${what} is ${value ?? 'missing'}`);
    const submittedAt = parseTime(cells[at.submitted]);
    const seconds = Number(cells[at.seconds]);
    const gpus = Number(cells[at.gpus]);
    if (submittedAt === undefined) throw wrong(columns.submitted, cells[at.submitted]);
    if (!(seconds >= 0)) throw wrong(columns.seconds, cells[at.seconds]);
    if (!Number.isInteger(gpus) || gpus < 0) throw wrong(columns.gpus, cells[at.gpus]);
    // A job without GPUs does not use the pool.
    if (gpus === 0) return;
    const tenant = cells[at.tenant]?.trim();
    jobs.push({
      id: `job-${index + 2}`,
      tenant: tenant === undefined || tenant === '' ? 'all' : tenant,
      submittedAt,
      seconds: Math.max(1, seconds),
      gpus,
    });
  });
  return jobs.sort((a, b) => a.submittedAt - b.submittedAt || (a.id < b.id ? -1 : 1));
}

/** A number is in seconds; anything else is a date, in UTC if it names no zone. */
function parseTime(cell: string | undefined): number | undefined {
  if (cell === undefined || cell.trim() === '') return undefined;
  const seconds = Number(cell);
  if (Number.isFinite(seconds)) return seconds * 1000;
  const text = cell.trim().replace(' ', 'T');
  const time = Date.parse(/(?:Z|[+-]\d\d:?\d\d)$/.test(text) ? text : `${text}Z`);
  return Number.isNaN(time) ? undefined : time;
}
