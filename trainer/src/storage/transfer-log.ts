/** Who is told what moves between this machine and sources and destinations. */
export interface TransferLog {
  /** One line for the log. Never holds credentials. */
  readonly info: (message: string) => void;
  /** Bytes that arrived, since the last call. */
  readonly received: (bytes: number) => void;
}

export const SILENT: TransferLog = { info: () => undefined, received: () => undefined };

const UNITS = ['bytes', 'KB', 'MB', 'GB', 'TB'] as const;

/** A number of bytes for people, in powers of 1000 as disks and hubs count. */
export function bytesText(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 1000 && unit < UNITS.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${unit === 0 ? value : value.toFixed(value < 10 ? 2 : 1)} ${UNITS[unit]}`;
}
