/** What the course of a training says, and what to try. */
export const advice = {
  stillFalling: (from: string, to: string, longer: string, rate: string, higher: string) =>
    `the training loss was still falling at the end, from ${from} to ${to} over the last quarter: train longer (--set ${longer}) or faster (--set training.learningRate=${higher} instead of ${rate})`,
  worseThanGuessing: (
    loss: string,
    vocabulary: string,
    guess: string,
    rate: string,
    higher: string,
    longer: string,
  ) =>
    `the loss of ${loss} is worse than guessing one of ${vocabulary} tokens (${guess}), so the model has hardly learned anything: raise the learning rate (--set training.learningRate=${higher} instead of ${rate}) and train longer (--set ${longer})`,
  byHeart: (before: string, after: string) =>
    `the validation loss rose from ${before} of the base model to ${after} while the training loss fell, so the model learns its examples by heart: set training.earlyStopping.patience=2, train fewer epochs, or add data`,
  diverged: (before: string, after: string, rate: string, lower: string) =>
    `the validation loss rose from ${before} of the base model to ${after} and the training loss did not fall, so the steps are too large: lower the learning rate (--set training.learningRate=${lower} instead of ${rate}), and look at "tuneyard data report" for damaged rows`,
  fewRows: (rows: string) =>
    `only ${rows} held-out rows: no difference between models can be told from fewer than 6; hold back more with dataset.split`,
};
