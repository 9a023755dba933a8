import type { Body, Expression, FilterExpression, IfStatement, Parameters, Statement } from './nodes.js';
import {
  parseExpression,
  parseFilter,
  parseFilters,
  parseTuple,
  parseUnconditional,
} from './parse-expression.js';
import { parseTarget, parseTargetName } from './parse-target.js';
import { unsupported } from '../python/template-error.js';
import { TokenStream, type Expected } from './token-stream.js';
import { tokensOf } from './tokens.js';

type TagParser = (parser: Parser) => Statement | Statement[];

const NO_PARAMETERS: Parameters = { names: [], defaults: [] };

/** The statements of a template. @throws TemplateError where the source is none */
export function parseTemplate(source: string): Body {
  const parser = new Parser(new TokenStream(tokensOf(source)));
  return parser.statements();
}

class Parser {
  /** The tags that are open, with what would end each. */
  private readonly open: { readonly tag: string; readonly ends: readonly string[] }[] = [];

  constructor(readonly stream: TokenStream) {}

  /** Everything up to one of the end tags, which stays. */
  statements(ends: readonly string[] = []): Statement[] {
    const { stream } = this;
    const found: Statement[] = [];
    while (!stream.is('end')) {
      if (stream.is('data')) found.push({ type: 'Text', text: stream.next().text });
      else if (stream.skipIf('variable_begin')) {
        found.push({ type: 'Print', value: parseTuple(stream) });
        stream.expect('variable_end');
      } else {
        stream.expect('block_begin');
        if (ends.length > 0 && stream.is(...ends.map((end): Expected => `name:${end}`))) return found;
        found.push(...this.tag(ends));
        stream.expect('block_end');
      }
    }
    return found;
  }

  /** The body of a tag with the tag that ends it. */
  body(tag: string, ...ends: readonly string[]): { readonly body: Statement[]; readonly end: string } {
    // Python's colon is allowed.
    this.stream.skipIf('operator::');
    this.stream.expect('block_end');
    this.open.push({ tag, ends });
    const body = this.statements(ends);
    if (this.stream.is('end')) throw this.unexpected(undefined, ends);
    this.open.pop();
    return { body, end: this.stream.next().text };
  }

  private tag(ends: readonly string[]): Statement[] {
    const { stream } = this;
    if (!stream.is('name')) throw stream.error('tag name expected');
    const name = stream.current.text;
    const parse = Object.hasOwn(TAGS, name) ? TAGS[name] : undefined;
    if (!parse) throw this.unexpected(name, ends);
    stream.next();
    return [parse(this)].flat();
  }

  private unexpected(name: string | undefined, ends: readonly string[]): Error {
    const looking = ends.map((end) => `'${end}'`).join(' or ');
    const isNested = name !== undefined && this.open.some((tag) => tag.ends.includes(name));
    const inner = this.open.at(-1);
    const sentences = [
      name === undefined ? 'Unexpected end of template.' : `Encountered unknown tag '${name}'.`,
      looking === ''
        ? ''
        : isNested
          ? `You probably made a nesting mistake. Jinja is expecting this tag, but currently looking for ${looking}.`
          : `Jinja was looking for the following tags: ${looking}.`,
      inner ? `The innermost block that needs to be closed is '${inner.tag}'.` : '',
    ];
    return this.stream.error(sentences.filter((sentence) => sentence !== '').join(' '));
  }
}

const TAGS: Readonly<Record<string, TagParser>> = {
  for: parseFor,
  if: parseIf,
  set: parseSet,
  macro: parseMacro,
  call: parseCall,
  generation: (parser) => {
    const { body } = parser.body('generation', 'endgeneration');
    return { type: 'Generation', parameters: NO_PARAMETERS, body };
  },
  filter: parseFilterBlock,
  with: parseWith,
  block: parseBlock,
  break: () => ({ type: 'Break' }),
  continue: () => ({ type: 'Continue' }),
  print: parsePrint,
  extends: ({ stream }) => ({ type: 'Load', template: parseExpression(stream), names: [] }),
  include: parseInclude,
  import: parseImport,
  from: parseFrom,
  autoescape: () => {
    throw unsupported('the tag "autoescape"');
  },
};

function parseFor(parser: Parser): Statement {
  const { stream } = parser;
  const target = parseTarget(stream, 'parameter', { ends: ['name:in'] });
  stream.expect('name:in');
  const items = parseUnconditional(stream, ['name:recursive']);
  const test = stream.skipIf('name:if') ? parseExpression(stream) : undefined;
  const isRecursive = stream.skipIf('name:recursive');
  const { body, end } = parser.body('for', 'endfor', 'else');
  const otherwise = end === 'else' ? parser.body('for', 'endfor').body : [];
  return { type: 'For', target, items, body, otherwise, test, isRecursive };
}

function parseIf(parser: Parser): IfStatement {
  const branches: [Expression, Body][] = [];
  for (;;) {
    const test = parseUnconditional(parser.stream, []);
    const { body, end } = parser.body('if', 'elif', 'else', 'endif');
    branches.push([test, body]);
    if (end === 'elif') continue;
    return { type: 'If', branches, otherwise: end === 'else' ? parser.body('if', 'endif').body : [] };
  }
}

function parseSet(parser: Parser): Statement {
  const { stream } = parser;
  const target = parseTarget(stream, 'store', { allowsField: true });
  if (stream.skipIf('operator:=')) return { type: 'Set', target, value: parseTuple(stream) };
  if (target.type === 'NamespaceField') throw unsupported('a block that sets a field of a namespace');
  const filter = parseFilters(stream, undefined) as FilterExpression | undefined;
  return { type: 'SetBlock', target, filter, body: parser.body('set', 'endset').body };
}

function parseMacro(parser: Parser): Statement {
  const name = parseTargetName(parser.stream, 'store');
  const parameters = parseParameters(parser.stream);
  return { type: 'Macro', name, parameters, body: parser.body('macro', 'endmacro').body };
}

function parseParameters(stream: TokenStream): Parameters {
  const names: Expression[] = [];
  const defaults: Expression[] = [];
  stream.expect('operator:(');
  while (!stream.is('operator:)')) {
    if (names.length > 0) stream.expect('operator:,');
    names.push({ type: 'Name', name: parseTargetName(stream, 'parameter'), use: 'parameter' });
    if (stream.skipIf('operator:=')) defaults.push(parseExpression(stream));
    else if (defaults.length > 0) throw stream.error('non-default argument follows default argument');
  }
  stream.expect('operator:)');
  return { names, defaults };
}

function parseCall(parser: Parser): Statement {
  const { stream } = parser;
  const { line } = stream.current;
  const parameters = stream.is('operator:(') ? parseParameters(stream) : NO_PARAMETERS;
  const call = parseExpression(stream);
  if (call.type !== 'Call') throw stream.error('expected call', line);
  return { type: 'CallBlock', parameters, call, body: parser.body('call', 'endcall').body };
}

function parseFilterBlock(parser: Parser): Statement {
  const first = parseFilter(parser.stream, undefined);
  const filter = parseFilters(parser.stream, first) as FilterExpression;
  return { type: 'FilterBlock', filter, body: parser.body('filter', 'endfilter').body };
}

function parseWith(parser: Parser): Statement {
  const { stream } = parser;
  const targets: Expression[] = [];
  const values: Expression[] = [];
  while (!stream.is('block_end')) {
    if (targets.length > 0) stream.expect('operator:,');
    targets.push(parseTarget(stream, 'parameter'));
    stream.expect('operator:=');
    values.push(parseExpression(stream));
  }
  return { type: 'With', targets, values, body: parser.body('with', 'endwith').body };
}

function parseBlock(parser: Parser): Statement {
  const { stream } = parser;
  const name = stream.expect('name').text;
  if (stream.is('name:scoped', 'name:required')) throw unsupported(`a ${stream.current.text} block`);
  if (stream.is('operator:-'))
    throw stream.error(
      'Block names in Jinja have to be valid Python identifiers and may not contain hyphens, use an underscore instead.',
    );
  const { body } = parser.body('block', 'endblock');
  stream.skipIf(`name:${name}`);
  return { type: 'Block', name, body };
}

function parsePrint({ stream }: Parser): Statement[] {
  const values: Statement[] = [];
  while (!stream.is('block_end')) {
    if (values.length > 0) stream.expect('operator:,');
    values.push({ type: 'Print', value: parseExpression(stream) });
  }
  return values;
}

function parseInclude({ stream }: Parser): Statement {
  const template = parseExpression(stream);
  if (stream.is('name:ignore') && stream.aheadIs('name:missing')) {
    stream.next();
    stream.next();
  }
  skipContext(stream);
  return { type: 'Load', template, names: [] };
}

function skipContext(stream: TokenStream): boolean {
  if (!stream.is('name:with', 'name:without') || !stream.aheadIs('name:context')) return false;
  stream.next();
  stream.next();
  return true;
}

function parseImport({ stream }: Parser): Statement {
  const template = parseExpression(stream);
  stream.expect('name:as');
  const name = parseTargetName(stream, 'store');
  skipContext(stream);
  return { type: 'Load', template, names: [{ type: 'Name', name, use: 'store' }] };
}

function parseFrom({ stream }: Parser): Statement {
  const template = parseExpression(stream);
  stream.expect('name:import');
  const names: Expression[] = [];
  do {
    if (skipContext(stream)) break;
    const name = parseTargetName(stream, 'store');
    const alias = stream.skipIf('name:as') ? parseTargetName(stream, 'store') : name;
    names.push({ type: 'Name', name: alias, use: 'store' });
    if (skipContext(stream)) break;
  } while (stream.skipIf('operator:,'));
  return { type: 'Load', template, names };
}
