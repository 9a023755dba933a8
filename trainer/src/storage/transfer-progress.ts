import { bytesText, type TransferLog } from './transfer-log.js';

/** Seconds between two lines about one download. */
const LINE_SECONDS = 10;

/** Says now and then how far a download is. */
export class TransferProgress {
  private readonly started = performance.now();
  private readonly timer: NodeJS.Timeout;
  private bytes = 0;

  /** @param total bytes in all; undefined = unknown */
  constructor(
    private readonly place: string,
    private readonly total: number | undefined,
    private readonly log: TransferLog,
  ) {
    log.info(`${place}: downloading${total === undefined ? '' : ` ${bytesText(total)}`}`);
    this.timer = setInterval(() => this.line(), LINE_SECONDS * 1000).unref();
  }

  received(bytes: number): void {
    this.bytes += bytes;
    this.log.received(bytes);
  }

  complete(): void {
    this.log.info(
      `${this.place}: ${bytesText(this.bytes)} downloaded in ${this.seconds.toFixed(1)} s (${this.rate})`,
    );
  }

  stop(): void {
    clearInterval(this.timer);
  }

  private line(): void {
    const share =
      this.total === undefined || this.total === 0
        ? ''
        : ` of ${bytesText(this.total)} (${((100 * this.bytes) / this.total).toFixed(0)} %)`;
    this.log.info(`${this.place}: ${bytesText(this.bytes)}${share}, ${this.rate}`);
  }

  private get seconds(): number {
    return (performance.now() - this.started) / 1000;
  }

  private get rate(): string {
    return `${bytesText(Math.round(this.bytes / Math.max(this.seconds, 0.001)))}/s`;
  }
}
