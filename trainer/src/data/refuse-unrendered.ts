import type { ChatTemplate } from './chat-template.js';
import type { Message } from './conversation.js';
import { RowError } from './formats/row-format.js';
import { words } from '../words/index.js';

/**
 * Templates pass over what they do not know. A model must not learn an answer without the tools, calls or thoughts that belong to it, so
 * every such part is left out once: a text that stays the same did not hold it.
 * @throws RowError that names the part
 */
export function refuseUnrendered(messages: readonly Message[], template: ChatTemplate): void {
  if (template.hasTools) {
    const whole = template.render(messages, false);
    if (whole === template.withTools(undefined).render(messages, false))
      throw unrendered('"tools"', template);
  }
  for (const [index, message] of messages.entries()) {
    for (const [field, without] of variantsOf(message)) {
      // A template may drop what an earlier turn thought; the turn is trained from a text that ends with it.
      const until = messages.slice(0, index + 1);
      const changed = [...until.slice(0, -1), without];
      if (template.render(until, false) === template.render(changed, false))
        throw unrendered(words().rows.partOfTurn(field, index + 1, message.role), template);
    }
  }
}

/** The message without each of the parts that templates are known to pass over. */
function* variantsOf(message: Message): Generator<readonly [string, Message]> {
  const { toolCalls, reasoning, ...rest } = message;
  if (toolCalls !== undefined)
    yield ['tool_calls', { ...rest, ...(reasoning === undefined ? {} : { reasoning }) }];
  if (reasoning !== undefined)
    yield ['reasoning_content', { ...rest, ...(toolCalls === undefined ? {} : { toolCalls }) }];
  if (message.role === 'tool' && message.content.trim() !== '')
    yield ['content', { ...message, content: '\u2063' }];
}

function unrendered(part: string, { name }: ChatTemplate): RowError {
  return new RowError(words().rows.notRendered(name, part));
}
