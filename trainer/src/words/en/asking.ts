/** What asking a model says: `tuneyard ask` and `tuneyard chat`. */
export const asking = {
  warning: 'warning',
  base: 'base',
  tuned: 'tuned',
  question: 'question',
  reference: 'reference',
  noTemplate: (folder: string) =>
    `${folder} has no chat template, so how a question is put to the model is not known: name the template that it was trained with by --template alpaca, chatml, plain or a jinja text (training without a template takes alpaca), or continue plain text with "tuneyard generate --raw"`,
  refused: (why: string) => `the conversation cannot be put to the model: ${why}`,
  writesNothing: (template: string) => `${template} writes nothing for it`,
  noRoom: (tokens: string, most: string) =>
    `the conversation has ${tokens} tokens and leaves no room for an answer: the model reads ${most} at most; shorten it or begin a new one`,
  noAnswer: 'the model ended its answer at once, so there is none',
  cutByLimit: (tokens: string) => `the answer was cut after ${tokens} tokens; --max-tokens allows more`,
  cutByPositions: (tokens: string) =>
    `the answer was cut, because the model reads ${tokens} tokens at most, question and answer together`,
  interrupted: 'the answer was stopped',
  compareNeedsAdapter:
    '--compare sets the answers of the base model beside those of an adapter: name the adapter by --adapter DIR',
  nothingAsked: 'no question: give it as an argument, in a file by --file, or on standard input',
  askedTwice: 'a question and --file are both given; give one of them',
  adapterAsModel: (folder: string, base: string) =>
    `${folder} is an adapter and no model: name its base model by --model ${base}, and this folder by --adapter`,
  noQuestions: (file: string) => `${file} holds no question`,
  noQuestionIn: (place: string, fields: string) =>
    `${place}: no question is found in the fields ${fields}; name it instruction, question, prompt or 问题, or give lines of text in a .txt file`,
  chatHelp:
    '/reset begins a new conversation, /system TEXT sets the system message and begins a new one, /exit ends; // begins a question with a slash',
  chatBegins: 'Ask. /help lists the commands, Ctrl-C stops an answer.',
  newConversation: 'a new conversation begins',
  systemSet: (text: string) => `a new conversation begins with the system message: ${text}`,
  systemIs: (text: string) => `the system message is: ${text}`,
  noSystem: 'there is no system message; /system TEXT sets one',
  unknownCommand: (command: string) =>
    `${command} is no command; /help lists them, and // begins a question with a slash`,
  quitHint: 'Ctrl-C again, or /exit, ends the conversation',
  plainText:
    'this tokenizer has a chat template, and generate continues plain text without it, so a model that was tuned on questions answers badly: "tuneyard ask" applies the template, and --raw says that plain text is meant',
};
