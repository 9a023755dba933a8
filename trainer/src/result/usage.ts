import { words } from '../words/index.js';
import { code, plain } from './markdown.js';
import type { HandOver } from './training-record.js';

/** Ranks that vLLM takes as --max-lora-rank. */
const VLLM_RANKS = [8, 16, 32, 64, 128, 256, 320, 512];
const QUESTION = '…';

/** The section of the card that says how to load the result. */
export function usage(handOver: HandOver): readonly string[] {
  const says = words().card;
  const { record, runtimes, tokenizerFiles } = handOver;
  const { base } = record;
  const isWhole = record.method === 'full';
  const asksQuestions = tokenizerFiles.includes('chat_template.jinja');
  return [
    ...(asksQuestions ? [] : [says.text]),
    ...(base.isOnHub || isWhole ? [] : [says.localBase(code(base.name))]),
    isWhole ? says.wholeModel : runtimes.peft ? says.peft : says.noPeft(plain(runtimes.note)),
    ...(runtimes.peft || isWhole ? [fence('python', python(handOver, { isWhole, asksQuestions }))] : []),
    ...(runtimes.vllm
      ? [says.vllm, fence('sh', vllm(handOver, { isWhole, asksQuestions }))]
      : [says.noVllm(plain(runtimes.note))]),
    says.tuneyard,
    fence('sh', tuneyard(handOver, { isWhole, asksQuestions })),
  ];
}

interface Form {
  readonly isWhole: boolean;
  readonly asksQuestions: boolean;
}

function python({ record: { base } }: HandOver, { isWhole, asksQuestions }: Form): string[] {
  const revision = base.revision === undefined ? '' : `, revision=${JSON.stringify(base.revision)}`;
  return [
    ...(isWhole ? [] : ['from peft import PeftModel']),
    'from transformers import AutoModelForCausalLM, AutoTokenizer',
    '',
    'folder = "."  # this folder',
    'tokenizer = AutoTokenizer.from_pretrained(folder)',
    ...(isWhole
      ? ['model = AutoModelForCausalLM.from_pretrained(folder)']
      : [
          `base = AutoModelForCausalLM.from_pretrained(${JSON.stringify(base.name)}${revision})`,
          'model = PeftModel.from_pretrained(base, folder)',
        ]),
    ...(asksQuestions
      ? [
          `messages = [{"role": "user", "content": "${QUESTION}"}]`,
          'inputs = tokenizer.apply_chat_template(',
          '    messages, add_generation_prompt=True, return_tensors="pt", return_dict=True',
          ')',
        ]
      : [`inputs = tokenizer("${QUESTION}", return_tensors="pt")`]),
    'output = model.generate(',
    '    input_ids=inputs["input_ids"],',
    '    attention_mask=inputs["attention_mask"],',
    '    max_new_tokens=128,',
    '    do_sample=False,',
    ')',
    'print(tokenizer.decode(output[0, inputs["input_ids"].shape[1] :], skip_special_tokens=True))',
  ];
}

function vllm({ record: { base }, rank = 16 }: HandOver, { isWhole, asksQuestions }: Form): string[] {
  const revision = base.revision === undefined ? '' : ` --revision ${quoted(base.revision)}`;
  const template = asksQuestions ? ' --chat-template chat_template.jinja' : '';
  if (isWhole) return [`vllm serve .${template}`];
  const largest = VLLM_RANKS.find((allowed) => allowed >= rank) ?? rank;
  return [
    `vllm serve ${quoted(base.name)}${revision} --tokenizer . \\`,
    `  --enable-lora --max-lora-rank ${largest} --lora-modules tuned=.${template}`,
    '# then ask for the model "tuned"',
  ];
}

function tuneyard({ record: { base } }: HandOver, { isWhole, asksQuestions }: Form): string[] {
  const model = isWhole ? '.' : quoted(base.isOnHub ? `hf://${base.name}` : base.name);
  const adapter = isWhole ? '' : ' --adapter .';
  return [
    asksQuestions
      ? `npx tuneyard ask --model ${model}${adapter} "${QUESTION}"`
      : `npx tuneyard generate --model ${model}${adapter} --prompt "${QUESTION}"`,
  ];
}

function fence(language: string, lines: readonly string[]): string {
  return ['```' + language, ...lines, '```'].join('\n');
}

/** One word of a shell, whatever it holds. */
function quoted(word: string): string {
  const line = word.replace(/\p{C}/gu, '');
  return /^[\w./:@=-]+$/.test(line) && !line.startsWith('-') ? line : `'${line.replaceAll("'", `'\\''`)}'`;
}
