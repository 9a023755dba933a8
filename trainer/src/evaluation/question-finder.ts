import { encodePrompt, type ChatTemplate, type Example, type Tokenizer } from '../data/index.js';

/** Two questions that share no token, so that what their prompts share is the template's. */
const PROBES = ['Q', '\u7532'] as const;

/** Finds the question in a prompt: what a template writes before and behind every question is left out. */
export class QuestionFinder {
  private readonly before: Int32Array;
  private readonly behind: Int32Array;

  constructor(
    private readonly tokenizer: Tokenizer,
    template: ChatTemplate,
  ) {
    const [one, other] = PROBES.map((content) => promptOf(content, tokenizer, template));
    const shared = (left: Int32Array, right: Int32Array): number => {
      let count = 0;
      while (count < Math.min(left.length, right.length) - 1 && left[count] === right[count]) count++;
      return count;
    };
    const head = one && other ? shared(one, other) : 0;
    const tail = one && other ? shared(one.toReversed(), other.toReversed()) : 0;
    this.before = one?.slice(0, head) ?? new Int32Array(0);
    this.behind = one?.slice(one.length - tail) ?? new Int32Array(0);
  }

  /** In words; the whole prompt where it has more turns, or a template of its own. */
  questionOf({ inputIds, promptLength }: Pick<Example, 'inputIds' | 'promptLength'>): string {
    const prompt = inputIds.subarray(0, promptLength);
    const end = prompt.length - this.behind.length;
    const framed =
      end > this.before.length &&
      this.before.every((id, at) => prompt[at] === id) &&
      this.behind.every((id, at) => prompt[end + at] === id);
    return this.tokenizer.decode(framed ? prompt.subarray(this.before.length, end) : prompt).trim();
  }
}

/** Undefined where the template refuses a question alone. */
function promptOf(content: string, tokenizer: Tokenizer, template: ChatTemplate): Int32Array | undefined {
  try {
    return encodePrompt([{ role: 'user', content }], { tokenizer, template });
  } catch {
    return undefined;
  }
}
