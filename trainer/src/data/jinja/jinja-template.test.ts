import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { WrittenNumber } from '../exact-json.js';
import { JinjaTemplate } from './jinja-template.js';
import { TemplateBudgetError, TemplateError } from './python/template-error.js';

const NOW = new Date(Date.UTC(2025, 2, 4, 15, 6, 7));

const golden = (name: string) => readFileSync(new URL(`golden/${name}`, import.meta.url), 'utf8');
const variables = JSON.parse(golden('variables.json')) as Record<string, unknown>;
// JSON.parse would round it, and cannot tell a float from an integer.
Object.assign(variables, {
  big: 12345678901234567890n,
  fl: [1.5, -0.5, new WrittenNumber('1e+16'), 1e-5, new WrittenNumber('100.0'), new WrittenNumber('1e+22')],
});
const render = (source: string, more: Readonly<Record<string, unknown>> = {}) =>
  new JinjaTemplate(source).render({ ...variables, ...more }, NOW);

/** The text, or null for a refusal. */
function outcomeOf(source: string): string | null {
  try {
    return render(source);
  } catch (error) {
    if (error instanceof TemplateError) return null;
    throw error;
  }
}

describe('JinjaTemplate', () => {
  // The file holds a template and what jinja2 3.1.6 makes of it in the environment of transformers, null for an error.
  it('renders what jinja2 renders, and refuses what it refuses', () => {
    const rows = golden('renderings.jsonl')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as [template: string, expected: string | null]);
    const different = rows
      .map(([template, expected]) => ({ template, expected, rendered: outcomeOf(template) }))
      .filter(({ expected, rendered }) => rendered !== expected);
    expect(different).toEqual([]);
    expect(rows.length).toBeGreaterThan(1500);
  });

  it('writes the date of the rendering in UTC', () => {
    expect(render("{{ strftime_now('%Y-%m-%d %d %b %Y %B %A %a %H:%M:%S %j %y %p %I %-d %e') }}")).toBe(
      '2025-03-04 04 Mar 2025 March Tuesday Tue 15:06:07 063 25 PM 03 4  4',
    );
  });

  it.each(['\r\n', '\r'])('takes any line end (%j)', (end) => {
    const source =
      '{% for m in messages %}\n  {% if m.role %}\n{{ m.role }}: {{ "a\nb" }}\n  {% endif %}\n{% endfor %}\n\n';
    expect(render(source.replaceAll('\n', end))).toBe(render(source));
  });

  it('keeps the digits of a float as the data have them, and its type', () => {
    const numbers = {
      v: [new WrittenNumber('1.10'), new WrittenNumber('1.0'), new WrittenNumber('12345678901234567890'), 3],
    };
    expect(render('{{ v }} {{ v|tojson }} {{ v[0] is float }} {{ v[0] + 1 }} {{ v[2] + 1 }}', numbers)).toBe(
      '[1.10, 1.0, 12345678901234567890, 3] [1.10, 1.0, 12345678901234567890, 3] True 2.1 12345678901234567891',
    );
  });

  it.each([
    ["{{ raise_exception('No user query found.') }}", 'No user query found.'],
    ['{{ unknown.field }}', "'unknown' is undefined"],
    ['{{ m.zz.field }}', "'dict object' has no attribute 'zz'"],
    ['{{ "a" + 1 }}', 'can only concatenate str (not "int") to str'],
    ['{{ 1 < "a" }}', "'<' not supported between instances of 'int' and 'str'"],
    ['{{ l.append(1) }}', "access to attribute 'append' of 'list' object is unsafe."],
    [
      '{% if t %}',
      "Unexpected end of template. Jinja was looking for the following tags: 'elif' or 'else' or 'endif'. The innermost block that needs to be closed is 'if'. (line 1)",
    ],
    ['\n{{ 1 2 }}', "expected token 'end of print statement', got 'integer' (line 2)"],
    ['{{ s|nosuch }}', "No filter named 'nosuch'. (line 1)"],
  ])('says in the words of jinja2 why it refuses %s', (source, sentence) => {
    expect(() => render(source)).toThrow(expect.objectContaining({ message: sentence }));
  });

  it.each([
    ['{{ lipsum() }}', 'lipsum, which is random,'],
    ['{{ l|random }}', 'the filter "random"'],
    ['{{ s|pprint }}', 'the filter "pprint"'],
    ['{{ s|urlize }}', 'the filter "urlize"'],
    ['{{ s.encode() }}', 'the method "encode" of a text'],
    ['{{ s.upper }}', 'printing a function'],
    ['{{ l|map("upper") }}', 'printing a generator'],
    ['{{ 2 ** 0.5 }}', 'a power with a fraction'],
    ['{% autoescape true %}{% endautoescape %}', 'the tag "autoescape"'],
  ])('refuses what it cannot render as jinja2 does: %s', (source, what) => {
    expect(() => render(source)).toThrow(`${what} is not supported in a chat template`);
  });

  it.each([
    '{% for i in range(1000000000) %}x{% endfor %}',
    '{% set ns = namespace(t="xxxxxxxx") %}{% for i in range(60) %}{% set ns.t = ns.t ~ ns.t %}{% endfor %}',
    '{% set ns = namespace(t="x", l=[]) %}{% for i in range(30) %}{% set ns.t = ns.t + ns.t %}{% set ns.l = ns.l + [ns.t] %}{% endfor %}',
    '{% set ns = namespace(l=[1]) %}{% for i in range(60) %}{% set ns.l = ns.l + ns.l %}{% endfor %}',
    '{{ "x" * 10**9 }}',
    '{{ [1] * 10**9 }}',
    '{{ "x".ljust(10**9) }}',
    '{{ s|center(10**9) }}',
    '{{ "a\nb"|indent(10**9) }}',
    '{{ "%1000000000d" % 1 }}',
    '{{ "{:1000000000}".format(1) }}',
    '{{ l|batch(10**9, "x")|list }}',
    '{{ 10 ** (10 ** 10) }}',
    '{{ 10 ** 5000 }}',
    `{{ ${'9'.repeat(5000)} }}`,
    '{% macro f(n) %}{{ f(n + 1) }}{% endmacro %}{{ f(0) }}',
    `{{ ${'('.repeat(50_000)}1${')'.repeat(50_000)} }}`,
  ])('comes to an end: %s', (source) => {
    expect(() => render(source)).toThrow();
  });

  it('gives up a template of nested loops', { timeout: 30_000 }, () => {
    const loops = 4;
    const source = `${'{% for i in range(1000) %}'.repeat(loops)}x${'{% endfor %}'.repeat(loops)}`;
    expect(() => render(source)).toThrow(TemplateBudgetError);
  });

  it('writes JSON that reads back as the value', () => {
    const short = new JinjaTemplate('{{ v|tojson }}');
    const long = new JinjaTemplate('{{ v|tojson(indent=2, ensure_ascii=true) }}');
    fc.assert(
      fc.property(fc.jsonValue({ noUnicodeString: false }), (v) => {
        // JSON has no -0.
        const again = JSON.parse(JSON.stringify(v)) as unknown;
        for (const template of [short, long])
          expect(JSON.parse(template.render({ v: again }, NOW))).toEqual(again);
      }),
    );
  });

  it('cuts and turns a text by its characters', () => {
    const template = new JinjaTemplate('{{ text[b:e] }}|{{ text|length }}|{{ text[::-1] }}');
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.nat(9), fc.nat(9), (text, begin, end) => {
        const characters = Array.from(text);
        const rendered = template.render({ text, b: begin, e: end }, NOW);
        expect(rendered).toBe(
          `${characters.slice(begin, end).join('')}|${characters.length}|${characters.toReversed().join('')}`,
        );
      }),
    );
  });
});
