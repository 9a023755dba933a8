import type { Words } from '../index.js';

export const training: Words['training'] = {
  question: '问题',
  reference: '参考答案',
  base: '基座模型',
  tuned: '微调后',
  samples: (shown, rows, split) =>
    `${rows} 条留出数据（${split} 部分）中 ${shown} 条的回答；更多内容见结果中的 evaluation.jsonl`,
  measured: (name, examples, before, after) =>
    `${name}（${examples} 条留出数据）：训练前 ${before}，训练后 ${after}`,
  comparing: () => '正在用留出数据比较基座模型和微调后的模型',
};
