/** What is said of the tuned model beside its base. */
export const comparison = {
  someRows: (compared: string, rows: string, seconds: string) =>
    `${compared} of ${rows} held-out rows were compared (at most 200 of them, and for at most ${seconds} seconds)`,
  someAnswers: (answered: string, chosen: string, seconds: string) =>
    `answers to ${answered} of ${chosen} rows were generated, as far as ${seconds} seconds went`,
  failed: (reason: string) =>
    `base and tuned model could not be compared (${reason}); the result is saved all the same`,
  noTestRows: (metric: string) =>
    `evaluation.metrics asks for ${metric}, but no row is held back for it: give dataset.split.test a share, or a source with split: test`,
};

/** Whether the tuned model is better, with the figures that say so. */
export const verdict = {
  both: (answers: string, losses: string) => `${answers}; and ${losses}`,
  better: (figures: string) => `Better than the base model: ${figures}.`,
  worse: (figures: string) => `Worse than the base model: ${figures}.`,
  same: (figures: string) => `No difference from the base model that could be told: ${figures}.`,
  nothingHeldOut: () =>
    'Whether it is better cannot be told: no rows are held back from training (dataset.split); give validation or test a share.',
  answers: (tuned: string, base: string, rows: string, gained: string, lost: string, p: string) =>
    `it answers ${tuned} of ${rows} held-out rows right, the base ${base} (${gained} gained, ${lost} lost, p ${p})`,
  losses: (fell: string, rows: string, base: string, tuned: string, p: string) =>
    `the loss is lower on ${fell} of ${rows} held-out rows (mean ${base} before, ${tuned} after, p ${p})`,
};
