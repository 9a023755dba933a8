/** Why one row of a data file is left out. `path` names the field in the row, `shown` is the value as JSON. */
export const rows = {
  missing: (path: string) => `"${path}" is missing`,
  empty: (path: string) => `"${path}" is empty`,
  mustBeText: (path: string) => `"${path}" must be a text`,
  mustBeTextOrObject: (path: string) => `"${path}" must be a text or an object`,
  mustBeObject: (path: string) => `"${path}" must be an object`,
  mustBeList: (path: string) => `"${path}" must be a list`,
  mustBeTurns: (path: string) => `"${path}" must be a list with at least one turn`,
  mustBeTurnsToo: (path: string) => `"${path}" must be a list of turns, as "prompt" is`,
  mustBeFunctions: (path: string) => `"${path}" must be a list of functions`,
  mustBeCall: (path: string) => `"${path}" must be a call of a function`,
  mustBePairs: (path: string) => `"${path}" must be a list of [question, answer] pairs`,
  mustBePair: (path: string) => `"${path}" must be a [question, answer] pair of texts`,
  notJson: (path: string) => `"${path}" is not valid JSON`,
  repeated: (path: string) => `"${path}" stands in it twice`,
  unreadable: (path: string, why: string) => `"${path}" ${why}`,
  halfCharacter: (path: string) => `"${path}" holds half of a character (a lone surrogate)`,
  bothThere: (first: string, second: string, field: string) =>
    `"${first}" and "${second}" are both there: choose one with --columns ${field}=${first} or --columns ${field}=${second} (dataset.sources[].columns in a job)`,
  sameField: (column: string, field: string) =>
    `"${column}" and another column are both "${field}": choose one with --columns ${field}=${column} (dataset.sources[].columns in a job)`,
  namelessFunction: (path: string) => `"${path}" has neither "function" nor "name"`,
  onlyCalls: (path: string, shown: string) => `"${path}" is ${shown}; only calls of functions are read`,
  onlyText: (path: string, shown: string) => `"${path}" is of type ${shown}; only text is trained`,
  noMedia: (path: string) => `"${path}" is not supported: only text is trained`,
  unsupported: (path: string) => `"${path}" is not supported`,
  choices: (path: string) =>
    `"${path}" is not read: write the choices into the question, and the answer in words`,
  rowWeight: () => '"weight" of a row is not supported; weigh whole sources with dataset.sources[].weight',
  noTrainedAnswer: (path: string) => `"${path}" has no answer that is to be trained`,
  noAnswer: (path: string) => `"${path}" has no answer of the assistant`,
  emptyAnswer: (path: string) => `"${path}" has an empty answer`,
  unknownRole: (path: string, shown: string) => `"${path}" is ${shown}, which is no known role`,
  mark: (path: string, shown: string) =>
    `"${path}" is ${shown}; an answer is trained (1, true) or not (0, false)`,
  markContradicts: (path: string) => `"${path}" contradicts another mark of the same turn`,
  markOnRole: (path: string, role: string) =>
    `"${path}" asks to train a turn of the ${role}; only answers of the assistant are trained`,
  markedButAllTrained: () =>
    'an answer is marked not to be trained, but dataset.trainOnPrompt trains every turn',
  promptMarkedButAllTrained: (path: string) =>
    `"${path}" asks not to train the turn, but dataset.trainOnPrompt trains every turn`,
  templateRefuses: (template: string, why: string) => `${template} refuses it: ${why}`,
  notRendered: (template: string, part: string) =>
    `${template} does not render ${part}: name one that does in dataset.template`,
  partOfTurn: (field: string, turn: number, role: string) => `"${field}" of turn ${turn} (${role})`,
};
