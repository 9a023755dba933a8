/** What "tuneyard train" says of its result. */
export const training = {
  warning: (text: string) => `warning: ${text}`,
  chosen: (field: string, value: string, reason: string) => `${field}=${value} (${reason})`,
  resumed: (step: string) => `goes on from the checkpoint of step ${step}`,
  loading: (logs: string) => `loading model and data; worker logs are in ${logs}`,
  nothingMeasured: () => '--memory-report: nothing was measured; only the wasm backend counts its memory',
  noResult: () => 'the workers ended without a result',
  failed: (what: string, logs: string) => `training failed: ${what} (logs: ${logs})`,
  trained: (steps: string, time: string) => `trained ${steps} steps in ${time}`,
  timeOfSteps: (gradients: string, sums: string, update: string, data: string, padding: string) =>
    `time of the steps: ${gradients} gradients, ${sums} all-reduce, ${update} update, ${data} waiting for data; ${padding} of the positions were padding`,
  question: 'question',
  reference: 'reference',
  base: 'base',
  tuned: 'tuned',
  samples: (shown: string, rows: string, split: string) =>
    `answers to ${shown} of ${rows} held-out rows (${split} split); more stands in evaluation.jsonl of the result`,
  measured: (name: string, examples: string, before: string, after: string) =>
    `${name} on ${examples} held-out examples: ${before} before, ${after} after`,
  comparing: () => 'comparing base and tuned model on held-out rows',
};
