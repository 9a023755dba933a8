/** The rows that a data report shows, and what should be mended. `place` is `file:line`. */
export const findings = {
  seenInBrackets: (place: string) =>
    `one row as the model sees it (${place}); it learns to write what stands in ⟦ ⟧`,
  seenInColour: (place: string) =>
    `one row as the model sees it (${place}); it learns to write what is coloured`,
  nearDuplicates: (rows: number) => `nearly the same as an earlier row: ${rows}`,
  pair: (first: string, second: string) => `${first} and ${second}`,
  contradictions: (rows: number) => `the same question with another answer: ${rows}`,
  cut: (rows: number, limit: number) => `cut at dataset.maxLength = ${limit} tokens: ${rows}`,
  beyond: (rows: number, positions: number) => `longer than the ${positions} positions of the model: ${rows}`,
  longRow: (place: string, tokens: number, text: string) => `${place}, ${tokens} tokens: ${text}`,
  otherScripts: (rows: number, usual: string) => `in another script than most rows (${usual}): ${rows}`,
  misread: (rows: number) => `look as if they had been read in a wrong encoding: ${rows}`,
  personal: (rows: number) => `with personal data: ${rows}`,
  kinds: {
    mobile: 'mobile number',
    identity: 'identity number',
    bankCard: 'bank card number',
    email: 'e-mail address',
  },
  more: (rows: number) => `and ${rows} more`,
  tokensPerCharacter: (figure: string) => `tokens per character: ${figure}`,
  contradictionsWarning: (rows: number) =>
    `${rows === 1 ? '1 row answers' : `${rows} rows answer`} a question otherwise than an earlier row, and the model cannot learn both: keep the right answer`,
  personalWarning: (rows: number) =>
    `${rows === 1 ? '1 row holds' : `${rows} rows hold`} personal data, which the model may repeat to others: remove or replace them`,
  poorTokenizer: (figure: string) =>
    `the tokenizer makes ${figure} tokens of a character, so the base model hardly knows the language of the data: choose one that does`,
  misreadWarning: (rows: number, all: number, place: string, text: string) =>
    `${rows} of ${all} rows look as if they had been read in a wrong encoding, the first is ${place}: "${text}"; name the encoding in dataset.encoding, or save the file anew`,
};
