import { describe, expect, it } from 'vitest';
import { JinjaTemplate } from './jinja-template.js';
import { TemplateBudgetError } from './python-interpreter.js';

const NOW = new Date(Date.UTC(2025, 2, 4, 15, 6, 7));
const messages = [
  { role: 'user', content: 'One?' },
  { role: 'assistant', content: '<think>\nhm\n</think>\n\nFirst é.' },
];
const render = (source: string) =>
  new JinjaTemplate(source).render({ messages, m: messages[0], eos_token: '</s>' }, NOW);

describe('JinjaTemplate renders what jinja2 renders', () => {
  // The right column is the output of jinja2 3.1.6 with the environment of transformers.
  it.each([
    [
      '{{ true }} {{ none }} {{ [1, "a", none, true] }} {{ {"a": [1]} }}',
      "True None [1, 'a', None, True] {'a': [1]}",
    ],
    ['{{ "a" ~ none ~ true ~ 1 }}|{{ undefinedvar ~ "x" }}|{{ m.zz }}', 'aNoneTrue1|x|'],
    ['{{ "1" == 1 }} {{ [1] == [1] }} {{ {"a": 1} == {"a": 1} }} {{ true == 1 }}', 'False True True True'],
    ['{{ m.get("zz") }} {{ "a" in undefinedvar }} {{ none in [none] }}', 'None False True'],
    ['{% for c in "ab" %}{{ c }}{% endfor %}{% for c in undefinedvar %}x{% endfor %}', 'ab'],
    [
      '{{ undefinedvar|length }} {{ "😀a"|length }} {{ "😀a"[0] }} {{ "abc"[1:] }} {{ [1, 2, 3][:-1] }}',
      '0 2 😀 bc [1, 2]',
    ],
    ['{{ "xxaxx".rstrip("x") }} {{ "xxa".lstrip("x") }} {{ "\nab\n\n".strip("\n") }}', 'xxa a ab'],
    [
      '{{ ", ".join(m.keys()) }} {{ "a-b".find("b") }} {{ "x_suf".removesuffix("_suf") }} {{ "12".isdigit() }}',
      'role, content 2 x True',
    ],
    [
      '{{ [" a "]|map("trim")|join }} {{ [1, 2, 3]|select("odd")|list }} {{ ["a", "b"]|map("upper")|list }}',
      "a [1, 3] ['A', 'B']",
    ],
    ['{{ "they\'re"|title }} {{ "aBC"|capitalize }} {{ 5|trim }} {{ none|upper }}', "They're Abc 5 NONE"],
    ['{{ "%s-%d" % ("a", 3) }} {{ "%05.1f" % 3.14159 }} {{ "ab" * 2 }} {{ -7 % 3 }}', 'a-3 003.1 abab 2'],
    ['{{ m is iterable }} {{ true is number }} {{ 1 < 2 }}', 'True True True'],
    ['{% for i in [1, 2] %}{{ loop.cycle("a", "b") }}{% endfor %}', 'ab'],
    [
      "{{ strftime_now('%Y-%m-%d %d %b %Y %B %A %a %H:%M:%S %j %y %p %I %-d %e') }}",
      '2025-03-04 04 Mar 2025 March Tuesday Tue 15:06:07 063 25 PM 03 4  4',
    ],
  ])('%s', (source, expected) => {
    expect(render(source)).toBe(expected);
  });

  it.each(['\r\n', '\r'])('with any line end (%j)', (end) => {
    const source =
      '{% for m in messages %}\n  {% if m.role %}\n{{ m.role }}: {{ "a\nb" }}\n  {% endif %}\n{% endfor %}\n\n';
    expect(render(source.replaceAll('\n', end))).toBe(render(source));
    expect(render(source)).toBe('user: a\nb\nassistant: a\nb\n');
  });

  it.each(['{{ 1 + "a" }}', '{{ "a" + 1 }}', '{{ undefinedvar.foo.bar }}', '{{ raise_exception("no") }}'])(
    'refuses %s',
    (source) => {
      expect(() => render(source)).toThrow();
    },
  );

  it.each([
    '{% for i in range(1000000000) %}x{% endfor %}',
    '{% set ns = namespace(t="xxxxxxxx") %}{% for i in range(60) %}{% set ns.t = ns.t ~ ns.t %}{% endfor %}',
    '{{ "x" * 1000000000 }}',
  ])('comes to an end: %s', (source) => {
    expect(() => render(source)).toThrow();
  });

  it('gives up a template of nested loops', { timeout: 30_000 }, () => {
    const loops = 4;
    const source = `${'{% for i in range(1000) %}'.repeat(loops)}x${'{% endfor %}'.repeat(loops)}`;
    expect(() => render(source)).toThrow(TemplateBudgetError);
  });
});
