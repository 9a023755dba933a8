/**
 * Ends this process when the one that started it is gone, however it ended: closed by a signal, killed, or lost with its
 * terminal. The operating system closes the channel between them, which no handler of the parent has to do.
 *
 * Does nothing in a process that was started without a channel (`stdio: [..., 'ipc']`).
 * @param end default: exit code 1
 */
export function endWithParent(end: () => void = () => process.exit(1)): void {
  if (process.channel === undefined) return;
  process.once('disconnect', end);
  // A process whose work is done ends, although its parent lives.
  process.channel.unref();
}
