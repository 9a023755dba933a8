import type { Message } from './conversation.js';
import { jsonText, WrittenNumber } from './exact-json.js';

/** How a template takes the arguments of a call: most print an object, some append a text. */
export type ArgumentsForm = 'object' | 'text';

const NUMBER_MARK = /"\uE0F1\uE0F2(\d+)\uE0F2\uE0F1"|\uE0F1\uE0F2(\d+)\uE0F2\uE0F1/g;

/** The variables of one rendering. Numbers that the interpreter would print anew pass through it as marks. */
export class TemplateValues {
  private readonly numbers: string[] = [];

  /** A message under the names that published templates use. */
  messageOf(message: Message, form: ArgumentsForm): Record<string, unknown> {
    const { role, content, hasContent, reasoning, toolCalls, name, toolCallId } = message;
    return {
      role,
      content: hasContent === false ? null : content,
      ...(reasoning === undefined ? {} : { reasoning_content: reasoning }),
      ...(name === undefined ? {} : { name }),
      ...(toolCallId === undefined ? {} : { tool_call_id: toolCallId }),
      ...(toolCalls === undefined
        ? {}
        : {
            tool_calls: toolCalls.map((call) => ({
              ...(call.id === undefined ? {} : { id: call.id }),
              type: 'function',
              function: {
                name: call.name,
                arguments:
                  form === 'object'
                    ? this.jsonOf(call.arguments)
                    : (call.argumentsText ?? jsonText(call.arguments)),
              },
            })),
          }),
    };
  }

  /** A JSON value for the interpreter. */
  jsonOf(value: unknown): unknown {
    if (value instanceof WrittenNumber) {
      this.numbers.push(value.text);
      return `\uE0F1\uE0F2${this.numbers.length - 1}\uE0F2\uE0F1`;
    }
    if (Array.isArray(value)) return value.map((item) => this.jsonOf(item));
    if (typeof value === 'bigint') return this.jsonOf(new WrittenNumber(String(value)));
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([name, field]) => [name, this.jsonOf(field)]));
  }

  /** The rendered text with the numbers as the data have them. */
  restore(text: string): string {
    if (this.numbers.length === 0) return text;
    return text.replaceAll(
      NUMBER_MARK,
      (mark, quoted: string | undefined, bare: string | undefined) =>
        this.numbers[Number(quoted ?? bare)] ?? mark,
    );
  }
}
