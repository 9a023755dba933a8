import { UserError } from '../errors.js';
import type { JsonObject } from '../support/index.js';
import type { Message } from './conversation.js';
import { messageOf } from './failure.js';
import { RowError } from './formats/row-format.js';
import { JinjaTemplate, writesDate } from './jinja/jinja-template.js';
import { TemplateBudgetError } from './jinja/python/template-error.js';
import type { TemplateTokens } from './special-tokens.js';
import { templateMessage, type ArgumentsForm } from './template-values.js';
import type { Tokenizer } from './tokenizer.js';
import { words } from '../words/index.js';

/** Renders messages as the text a model was, or will be, trained on. The interpreter reaches nothing but its variables. */
export class ChatTemplate {
  /** What it was seen to write behind an answer. */
  readonly turnEnds = new Set<string>();
  private readonly template: JinjaTemplate;
  /** The date of the run. */
  private now = new Date();
  /** Whether the date of the run stands in its texts. */
  readonly writesDate: boolean;
  private tools: readonly JsonObject[] | undefined;

  /**
   * @param name how messages call it
   * @param source jinja
   * @param addsBos the tokenizer's begin-of-sequence id goes before the rendered text (a model's own template writes it itself)
   */
  constructor(
    readonly name: string,
    readonly source: string,
    private readonly tokens: {
      readonly bos: string;
      readonly eos: string;
      readonly others?: TemplateTokens | undefined;
    },
    readonly addsBos: boolean,
  ) {
    this.writesDate = writesDate(source);
    try {
      this.template = new JinjaTemplate(source);
    } catch (error) {
      throw new UserError(`dataset.template: ${name} is not valid jinja: ${messageOf(error)}`);
    }
  }

  /**
   * The template that a job asks for: `auto` (the tokenizer's, or `alpaca` when it has none), a built-in name, or
   * an inline jinja source.
   */
  static choose(choice: string, tokenizer: Tokenizer): ChatTemplate {
    const tokens = {
      bos: tokenizer.bosId === undefined ? '' : (tokenizer.tokenOf(tokenizer.bosId) ?? ''),
      eos: tokenizer.eosId === undefined ? '' : (tokenizer.tokenOf(tokenizer.eosId) ?? ''),
      others: tokenizer.templateTokens,
    };
    if (choice === '' || choice === 'auto') {
      return tokenizer.chatTemplate === undefined
        ? ChatTemplate.choose('alpaca', tokenizer)
        : new ChatTemplate("the model's chat template", tokenizer.chatTemplate, tokens, false);
    }
    if (choice.includes('{{') || choice.includes('{%')) {
      return new ChatTemplate('the inline template', choice, tokens, false);
    }
    const source = BUILT_IN[choice];
    if (source === undefined) {
      throw new UserError(
        `dataset.template "${choice}" is unknown; use auto, one of ${Object.keys(BUILT_IN).join(', ')}, or an inline jinja template.`,
      );
    }
    return new ChatTemplate(choice, source, tokens, tokenizer.addsBos);
  }

  /** Whether functions are rendered. */
  get hasTools(): boolean {
    return this.tools !== undefined;
  }

  /** The same template for a conversation with functions that the assistant may call. */
  withTools(tools: readonly JsonObject[] | undefined): ChatTemplate {
    if (tools === this.tools) return this;
    const copy = Object.assign(Object.create(ChatTemplate.prototype) as ChatTemplate, this);
    copy.tools = tools;
    return copy;
  }

  /** The same template on a date. */
  on(date: Date): ChatTemplate {
    const copy = Object.assign(Object.create(ChatTemplate.prototype) as ChatTemplate, this);
    copy.now = date;
    return copy;
  }

  /**
   * @param openAnswer ends the text with what stands before an answer of the assistant.
   * @throws RowError when the template refuses the messages, for example because two users follow each other.
   */
  render(messages: readonly Message[], openAnswer: boolean): string {
    const hasCalls = messages.some(({ toolCalls }) => toolCalls !== undefined);
    try {
      return this.renderAs('object', messages, openAnswer);
    } catch (error) {
      if (!hasCalls || error instanceof TemplateBudgetError) throw this.refusal(error);
    }
    try {
      return this.renderAs('text', messages, openAnswer);
    } catch (error) {
      throw this.refusal(error);
    }
  }

  /** A template without an end is the fault of the template, and every row would wait for it. */
  private refusal(error: unknown): Error {
    return error instanceof TemplateBudgetError
      ? new UserError(`dataset.template: ${this.name} ${error.message}; name another one.`)
      : new RowError(words().rows.templateRefuses(this.name, messageOf(error)));
  }

  private renderAs(form: ArgumentsForm, messages: readonly Message[], openAnswer: boolean): string {
    return this.template.render(
      {
        messages: messages.map((message) => templateMessage(message, form)),
        tools: this.tools ?? null,
        documents: null,
        add_generation_prompt: openAnswer,
        ...this.tokens.others,
        bos_token: this.tokens.bos,
        eos_token: this.tokens.eos,
      },
      this.now,
    );
  }
}

const BUILT_IN: Readonly<Record<string, string>> = {
  alpaca:
    "{% for message in messages %}{% if message.role == 'assistant' %}{{ '### Response:\\n' + message.content + eos_token + '\\n\\n' }}" +
    "{% elif message.role == 'system' %}{{ message.content + '\\n\\n' }}" +
    "{% else %}{{ '### Instruction:\\n' + message.content + '\\n\\n' }}{% endif %}{% endfor %}" +
    "{% if add_generation_prompt %}{{ '### Response:\\n' }}{% endif %}",
  chatml:
    "{% for message in messages %}{{ '<|im_start|>' + message.role + '\\n' + message.content + '<|im_end|>\\n' }}{% endfor %}" +
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}",
  plain:
    '{% for message in messages %}{{ message.content }}' +
    "{% if message.role == 'assistant' %}{{ eos_token }}{% else %}{{ '\\n' }}{% endif %}{% endfor %}",
};
