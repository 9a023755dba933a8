/** Signals that ask this process to end. */
export interface SignalWatch {
  /** Aborted by the first signal, if there is something to save then. */
  readonly interrupted: AbortSignal;
  /** Whether there is something to save; at first there is not. */
  canSave: () => boolean;
  forget(): void;
}

/**
 * SIGTERM, SIGINT and SIGHUP ask for a checkpoint and an orderly end after the step in hand. Asked twice, or while there is
 * nothing to save yet because model and data are still loading, the process ends at once. Called before anything else is
 * loaded: as process 1 of a container, a process that has no handler yet is not ended by a signal.
 */
export function watchSignals(): SignalWatch {
  const interruption = new AbortController();
  const onSignal = (_: NodeJS.Signals, number: number): void => {
    if (interruption.signal.aborted || !watch.canSave()) process.exit(128 + number);
    interruption.abort();
  };
  const watch: SignalWatch = {
    interrupted: interruption.signal,
    canSave: () => false,
    forget: () => void process.off('SIGTERM', onSignal).off('SIGINT', onSignal).off('SIGHUP', onSignal),
  };
  process.on('SIGTERM', onSignal).on('SIGINT', onSignal).on('SIGHUP', onSignal);
  return watch;
}
