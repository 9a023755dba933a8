import type { Manifest, Writer } from './manifest.js';

/**
 * Where results and checkpoints go: folders, each of which a reader sees whole or not at all. Addresses are those of the scheme.
 * Implementations stand side by side in `destinations/` and pass the same contract tests.
 */
export interface Destination {
  /**
   * Fills a folder of this machine and publishes its files at the address, in place of what is there. When that fails, the
   * address has what it had before, or nothing.
   *
   * @param writer stands in the manifest, so that another job knows that the folder is not its own
   */
  publish(uri: string, fill: (folder: string) => Promise<void>, writer?: Writer): Promise<Manifest>;
  /** What the folder at the address says of itself, unverified; undefined when there is no complete one. */
  manifest(uri: string): Promise<Manifest | undefined>;
  /** Names of the complete folders directly below the address, in order. */
  list(uri: string): Promise<readonly string[]>;
  /** Names of all folders directly below the address, complete or not, in order. */
  folders(uri: string): Promise<readonly string[]>;
  /** Hands a complete folder, as files of this machine, to `use`. @throws UserError when there is none */
  read<T>(uri: string, use: (folder: string) => Promise<T>): Promise<T>;
  remove(uri: string): Promise<void>;
}

/** An address below another one. */
export function below(uri: string, name: string): string {
  return `${uri.replace(/\/+$/, '')}/${name}`;
}
