import { text } from 'node:stream/consumers';
import { sideBySide, withoutControls, type TextColumn } from '@tuneyard/proto/display';
import { readQuestions, type Message, type Question } from '../../data/index.js';
import { UserError } from '../../errors.js';
import { completeConversations, promptOf, type Completion } from '../../inference/index.js';
import { words } from '../../words/index.js';
import { writeJson } from '../write-json.js';
import type { AskRequest } from './ask-request.js';
import { printStreamed, remarkOn } from './print-streamed.js';
import { openRespondents, type Respondent } from './respondents.js';

/** Questions whose answers are printed together. */
const PRINTED_TOGETHER = 4;

interface Answered {
  readonly question: Question;
  readonly answers: readonly { readonly who: Respondent; readonly completion: Completion }[];
}

/** Answers one question, or each question of a file; every respondent answers on its own. */
export async function run(request: AskRequest): Promise<void> {
  const started = performance.now();
  const questions = await questionsOf(request);
  const respondents = await openRespondents(request);
  refuseTooLong(questions, respondents);
  const [question] = questions;
  const [who] = respondents;
  const answered: Answered[] = [];
  if (request.file === undefined && question && who && respondents.length === 1 && request.json !== '-') {
    const completion = await printStreamed(who, question.messages);
    answered.push({ question, answers: [{ who, completion }] });
  } else {
    for (let begin = 0; begin < questions.length; begin += PRINTED_TOGETHER) {
      const group = await answersTo(questions.slice(begin, begin + PRINTED_TOGETHER), respondents, begin);
      answered.push(...group);
      if (request.json !== '-') for (const entry of group) printAnswers(entry, request);
    }
  }
  if (request.json !== undefined) writeJson(request.json, report(request, answered, started));
  for (const { model } of respondents.toReversed()) model.dispose();
}

async function questionsOf({ question, file, system }: AskRequest): Promise<readonly Question[]> {
  if (question !== undefined && file !== undefined) throw new UserError(words().asking.askedTwice);
  const asked =
    file === undefined
      ? [await givenQuestion(question)]
      : await readQuestions(file, (note) => console.error(note));
  if (system === undefined) return asked;
  return asked.map(({ messages, ...rest }) => ({
    ...rest,
    messages: [{ role: 'system', content: system }, ...messages.filter(({ role }) => role !== 'system')],
  }));
}

async function givenQuestion(question: string | undefined): Promise<Question> {
  const given = question ?? (process.stdin.isTTY ? '' : (await text(process.stdin)).trim());
  if (given === '') throw new UserError(words().asking.nothingAsked);
  return { messages: [{ role: 'user', content: given }], reference: undefined, place: '' };
}

/** A file is not answered in part. @throws UserError with the place of a question that does not fit */
function refuseTooLong(questions: readonly Question[], respondents: readonly Respondent[]): void {
  for (const { messages, place } of questions) {
    for (const { format, options } of respondents) {
      try {
        promptOf(messages, format, options.maxPositions);
      } catch (error) {
        if (place === '' || !(error instanceof UserError)) throw error;
        throw new UserError(`${place}: ${error.message}`);
      }
    }
  }
}

/** @param first index of the first question, so that each draws tokens of its own */
async function answersTo(
  questions: readonly Question[],
  respondents: readonly Respondent[],
  first: number,
): Promise<Answered[]> {
  const conversations = questions.map(({ messages }) => messages);
  const byRespondent: { who: Respondent; completions: readonly Completion[] }[] = [];
  for (const who of respondents) {
    const { model, format, options } = who;
    const sampling = options.sampling && { ...options.sampling, seed: options.sampling.seed + first };
    const completions = await completeConversations(
      (prompts, generation) => model.generate(prompts, generation),
      format,
      conversations,
      { ...options, sampling },
    );
    byRespondent.push({ who, completions });
  }
  return questions.map((question, index) => ({
    question,
    answers: byRespondent.flatMap(({ who, completions }) => {
      const completion = completions[index];
      return completion === undefined ? [] : [{ who, completion }];
    }),
  }));
}

function printAnswers({ question, answers }: Answered, { file }: AskRequest): void {
  const named = words().asking;
  const columns: TextColumn[] = [
    ...(question.reference === undefined ? [] : [{ heading: named.reference, text: question.reference }]),
    ...answers.map(({ who, completion }) => ({ heading: who.name, text: completion.text })),
  ];
  if (file !== undefined)
    console.log(labelled({ heading: named.question, text: lastWords(question.messages) }));
  const lines = process.stdout.isTTY
    ? sideBySide(columns, process.stdout.columns ?? 80)
    : columns.map(labelled);
  console.log(`${lines.join('\n')}${file === undefined ? '' : '\n'}`);
  for (const { who, completion } of answers) remarkOn(completion, who);
}

/** `heading: text`, further lines below it. */
function labelled({ heading, text: content }: TextColumn): string {
  const shown = process.stdout.isTTY ? withoutControls(content) : content;
  return `${heading}: ${shown.replaceAll('\n', '\n  ')}`;
}

const lastWords = (messages: readonly Message[]): string => messages.at(-1)?.content ?? '';

function report(
  { model, system }: AskRequest,
  answered: readonly Answered[],
  started: number,
): Record<string, unknown> {
  return {
    model,
    ...(system === undefined ? {} : { system }),
    seconds: (performance.now() - started) / 1000,
    backend: answered[0]?.answers[0]?.who.model.backend,
    questions: answered.map(({ question: { messages, reference, place }, answers }) => ({
      question: lastWords(messages),
      messages,
      ...(reference === undefined ? {} : { reference }),
      ...(place === '' ? {} : { place }),
      answers: answers.map(({ who, completion }) => ({
        name: who.name,
        adapter: who.adapter,
        ...completion,
      })),
    })),
  };
}
