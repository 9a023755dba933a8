/** What a run says before its first step, and of each step. */
export const progress = {
  step: (step: string, total: string, percent: string) => `step ${step}/${total} (${percent})`,
  fromStep: (step: string) => `step ${step}`,
  loss: (loss: string) => `loss ${loss}`,
  evalLoss: (loss: string) => `eval ${loss}`,
  rate: (tokens: string) => `${tokens} tokens/s`,
  oneWorker: '1 worker',
  workers: (count: string) => `${count} workers`,
  left: (time: string) => `ETA ${time}`,
  seconds: (seconds: string) => `${seconds} s`,
  minutes: (minutes: string, seconds: string) => `${minutes} m ${seconds} s`,
  hours: (hours: string, minutes: string) => `${hours} h ${minutes} m`,
  starting: 'starting the workers',
  phases: {
    fetch: 'fetching model and data',
    data: 'reading the data',
    model: 'loading the model',
    base: 'model and data are loaded; measuring the base model and computing the first step',
  },
};
