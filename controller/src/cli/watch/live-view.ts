import type { FineTuneJob } from '../../api/index.js';
import { keyOf, type CacheEvent } from '../../kube/index.js';
import { fitLine } from '../display/index.js';
import { JOB_COLUMNS, NAMESPACE_COLUMN } from '../jobs-table.js';
import { formatColumns } from '../output.js';
import { JobHistory } from './job-history.js';
import { jobScreen, type ScreenSize } from './job-screen.js';
import type { TerminalScreen } from './terminal-screen.js';
import type { View } from './view.js';
import type { WatchedJobs } from './watched-jobs.js';

/** Changes that come within this time are drawn at once. */
const GATHER_MS = 80;
/** Times and ages go on by themselves. */
const TICK_MS = 1000;

/** The whole terminal, redrawn as things change. */
export class LiveView implements View {
  private readonly history = new JobHistory();
  private readonly ticking: NodeJS.Timeout;
  private gathering: NodeJS.Timeout | undefined;
  private last: FineTuneJob | undefined;

  constructor(
    private readonly screen: TerminalScreen,
    private readonly watched: WatchedJobs,
    private readonly what: 'one job' | 'jobs of a namespace' | 'all jobs',
  ) {
    this.ticking = setInterval(() => this.draw(), TICK_MS);
  }

  job({ type, object }: CacheEvent<FineTuneJob>): void {
    this.last = object;
    if (type !== 'deleted') this.history.observe(object, performance.now());
    this.drawSoon();
  }

  event(): void {
    this.drawSoon();
  }

  resized(): void {
    this.screen.clear();
    this.draw();
  }

  close(): void {
    clearInterval(this.ticking);
    clearTimeout(this.gathering);
    this.draw();
    this.screen.close();
  }

  private drawSoon(): void {
    this.gathering ??= setTimeout(() => this.draw(), GATHER_MS);
  }

  private draw(): void {
    clearTimeout(this.gathering);
    this.gathering = undefined;
    const { size } = this.screen;
    this.screen.draw(this.what === 'one job' ? this.jobLines(size) : this.tableLines(size));
  }

  private jobLines(size: ScreenSize): string[] {
    if (this.last === undefined) return [];
    const { history, watched } = this;
    const events = watched.events?.list() ?? [];
    return jobScreen({ job: this.last, history, events, trouble: watched.trouble, now: Date.now() }, size);
  }

  private tableLines({ columns, rows }: ScreenSize): string[] {
    const jobs = [...this.watched.jobs.list()].sort((a, b) => keyOf(a).localeCompare(keyOf(b)));
    const { trouble } = this.watched;
    const shown = this.what === 'all jobs' ? [NAMESPACE_COLUMN, ...JOB_COLUMNS] : JOB_COLUMNS;
    const room = rows - (trouble === undefined ? 2 : 3);
    const table = formatColumns(jobs.slice(0, Math.max(0, room)), shown, 'wide')
      .trimEnd()
      .split('\n');
    return [
      ...(trouble === undefined ? [] : [`! ${trouble}`]),
      ...table,
      ...(jobs.length > room ? [`… and ${jobs.length - room} more`] : []),
    ]
      .slice(0, rows)
      .map((line) => fitLine(line, columns));
  }
}
