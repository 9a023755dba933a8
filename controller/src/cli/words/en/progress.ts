/** What a run says before its first step. */
export const progress = {
  starting: 'starting the workers',
  phases: {
    fetch: 'fetching model and data',
    data: 'reading the data',
    model: 'loading the model',
    base: 'model and data are loaded; measuring the base model and computing the first step',
  },
};
