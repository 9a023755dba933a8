import { words } from '../words/index.js';
import { cell, code, plain, table } from './markdown.js';
import type { HandOver } from './training-record.js';
import { usage } from './usage.js';

/** Rows that are shown on the card. */
const SHOWN_ROWS = 8;
/** Settings that a reader of a card asks for first. */
const SHOWN_SETTINGS = ['epochs', 'steps', 'batchSize', 'learningRate', 'scheduler', 'seed'];

/** `README.md` beside a result, as model hubs show it. What comes from data and names is text there, and no Markdown. */
export function modelCard(handOver: HandOver): string {
  const says = words().card;
  const { record, comparison } = handOver;
  const isWhole = record.method === 'full';
  const base = plain(record.base.name);
  const sections = [
    frontMatter(handOver),
    `# ${isWhole ? says.titleWhole(base) : says.title(plain(record.method), base)}`,
    facts(handOver),
    `## ${says.resultTitle}`,
    plain(comparison.verdict.text),
    ...[...comparison.advice.map(({ text }) => text), ...comparison.notes].map((text) => `- ${plain(text)}`),
    ...metrics(handOver),
    ...samples(handOver),
    says.figures,
    `## ${says.settingsTitle}`,
    says.settings,
    settings(handOver),
    `## ${says.useTitle}`,
    ...usage(handOver),
    `## ${says.provenanceTitle}`,
    says.licence,
    says.provenance(record.data.sources.map(({ name }) => code(name)).join(', ')),
    says.made,
  ];
  return `${sections.join('\n\n')}\n`;
}

/** What model hubs read; a licence is not among it, because nobody has stated one. */
function frontMatter({ record: { base, method }, runtimes }: HandOver): string {
  return [
    '---',
    ...(base.isOnHub ? [`base_model: ${JSON.stringify(base.name)}`] : []),
    `library_name: ${runtimes.peft ? 'peft' : 'transformers'}`,
    'pipeline_tag: text-generation',
    `tags: [${[method, 'tuneyard'].map((tag) => JSON.stringify(tag)).join(', ')}]`,
    '---',
  ].join('\n');
}

function facts({ record }: HandOver): string {
  const says = words().card;
  const { base, data } = record;
  const sources = data.sources
    .map(({ name, sha256 }) => code(sha256 === undefined ? name : `${name} (sha256 ${sha256})`))
    .join(', ');
  return table(
    ['', ''],
    [
      [says.base, code(base.name)],
      ...(base.revision === undefined ? [] : [[says.revision, code(base.revision)]]),
      [says.baseDigest, code(base.digest)],
      [says.method, code(record.method)],
      [says.data, sources],
      [says.dataDigest, code(data.digest)],
      [says.rows, `${data.rows.train}, ${data.rows.validation}, ${data.rows.test}`],
      [says.steps, `${record.steps} / ${record.totalSteps}`],
      [says.tokens, String(record.tokens)],
    ],
  );
}

function metrics({ comparison }: HandOver): readonly string[] {
  const says = words().card;
  if (comparison.metrics.length === 0) return [];
  const rows = comparison.metrics.map(({ name, base, tuned, examples }) => [
    code(name),
    base?.toFixed(4) ?? '',
    tuned.toFixed(4),
    String(examples),
  ]);
  return [table([says.metric, says.before, says.after, says.on], rows)];
}

function samples({ comparison, compared }: HandOver): readonly string[] {
  const says = words().card;
  const shown = compared.filter(({ tuned }) => tuned !== undefined).slice(0, SHOWN_ROWS);
  if (shown.length === 0) return [];
  const rows = shown.map(({ question, reference, base = '', tuned = '' }) =>
    [question, reference, base, tuned].map(cell),
  );
  return [
    `### ${says.samplesTitle}`,
    says.samples(comparison.split),
    table([says.question, says.reference, says.before, says.after], rows),
  ];
}

function settings({ record }: HandOver): string {
  const training = record.settings.training as Readonly<Record<string, unknown>>;
  const method = record.settings.method as Readonly<Record<string, unknown>>;
  const block = Object.entries(method).find(([, value]) => typeof value === 'object');
  const rows = [
    ...SHOWN_SETTINGS.filter((name) => training[name]).map((name) => [
      code(`training.${name}`),
      code(JSON.stringify(training[name])),
    ]),
    ...(block === undefined ? [] : [[code(`method.${block[0]}`), code(JSON.stringify(block[1]))]]),
  ];
  return table(['', ''], rows);
}
