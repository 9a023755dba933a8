import { words } from '../../words/index.js';
import type { DataFindings, Found, LongRow, SeenRow } from './findings.js';
import { markDifference, type Mark } from './mark-difference.js';

/** How findings are shown. */
export interface ShowOptions {
  /** Examples of each finding. */
  readonly most: number;
  /** A terminal that knows colours. */
  readonly hasColours: boolean;
}

/** What the model of the job adds. */
export interface ModelFindings {
  /** `dataset.maxLength` */
  readonly maxLength: number;
  /** Positions of the model; undefined = it is not known. */
  readonly positions: number | undefined;
  readonly beyondPositions: Found<LongRow>;
}

const COLOUR = '\u001B[1;32m';
const PLAIN = '\u001B[0m';

const inColour: Mark = (text) => `${COLOUR}${text}${PLAIN}`;
const inBrackets: Mark = (text) => `⟦${text}⟧`;

/** The rows that a report shows, as lines for the terminal. */
export function renderFindings(
  found: DataFindings,
  model: ModelFindings,
  show: ShowOptions,
): readonly string[] {
  const say = words().findings;
  const mark = show.hasColours ? inColour : inBrackets;
  const section = <T>(
    title: (rows: number) => string,
    { rows, first }: Found<T>,
    linesOf: (item: T) => string[],
  ) => {
    if (rows === 0 || show.most === 0) return [];
    const shown = first.slice(0, show.most);
    const more = rows - shown.length;
    return [
      '',
      title(rows),
      ...shown.flatMap(linesOf).map((line) => `  ${line}`),
      ...(more > 0 ? [`  ${say.more(more)}`] : []),
    ];
  };
  const longRow = ({ place, tokens, text }: LongRow) => [say.longRow(place, tokens, text)];
  return [
    ...(found.tokensPerCharacter === undefined
      ? []
      : [say.tokensPerCharacter(found.tokensPerCharacter.toFixed(2))]),
    ...(show.most === 0 || found.seen === undefined ? [] : seenLines(found.seen, show, mark)),
    ...section(say.nearDuplicates, found.nearDuplicates, ({ first, second }) => [
      say.pair(first.place, second.place),
      ...markDifference(first.text, second.text, mark).map((line) => `  ${line}`),
    ]),
    ...section(say.contradictions, found.contradictions, ({ question, answers }) => [
      question,
      ...answers.map(({ place, text }) => `  ${place}: ${text}`),
    ]),
    ...section((rows) => say.cut(rows, model.maxLength), found.cut, longRow),
    ...section((rows) => say.beyond(rows, model.positions ?? 0), model.beyondPositions, longRow),
    ...section(
      (rows) => say.otherScripts(rows, found.usualScript ?? ''),
      found.otherScripts,
      ({ place, script, text }) => [`${place} (${script}): ${text}`],
    ),
    ...section(say.misread, found.misread, ({ place, text }) => [`${place}: ${text}`]),
    ...section(say.personal, found.personal, ({ place, data }) => [
      `${place}: ${data.map(({ kind, masked }) => `${say.kinds[kind]} ${masked}`).join(', ')}`,
    ]),
  ];
}

function seenLines({ place, parts }: SeenRow, { hasColours }: ShowOptions, mark: Mark): string[] {
  const say = words().findings;
  const text = parts.map((part) => (part.trained ? mark(part.text) : part.text)).join('');
  return [
    '',
    hasColours ? say.seenInColour(place) : say.seenInBrackets(place),
    ...text
      .trimEnd()
      .split('\n')
      .map((line) => `  ${line}`),
  ];
}
