/** What "tuneyard train" says of its result. */
export const training = {
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
