/** What a run that is interrupted says. */
export const interruption = {
  stopping: 'stopping after the step in hand, with a checkpoint; Ctrl-C again ends at once, without one',
  atOnce: 'ending at once',
  nothingKept: 'stopped before a checkpoint was written, so nothing is kept; the same command begins anew',
  kept: (step: string, place: string, command: string) =>
    `stopped; the checkpoint of step ${step} is kept in ${place}. Go on with:\n  ${command}`,
};
