import type { Message } from './conversation.js';
import { jsonText } from './exact-json.js';

/** How a template takes the arguments of a call: most print an object, some append a text. */
export type ArgumentsForm = 'object' | 'text';

/** A message under the names that published templates use. */
export function templateMessage(message: Message, form: ArgumentsForm): Record<string, unknown> {
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
                form === 'object' ? call.arguments : (call.argumentsText ?? jsonText(call.arguments)),
            },
          })),
        }),
  };
}
