import type { Words } from '../index.js';

export const training: Words['training'] = {
  warning: (text) => `警告：${text}`,
  chosen: (field, value, reason) => `自动选定 ${field}=${value}（${reason}）`,
  resumed: (step) => `从第 ${step} 步的检查点继续`,
  loading: (logs) => `正在加载模型和数据；训练进程的日志在 ${logs}`,
  nothingMeasured: () => '--memory-report：没有测到数据；只有 wasm 后端统计内存',
  noResult: () => '训练进程结束了，但没有结果',
  failed: (what, logs) => `训练失败：${what}（日志：${logs}）`,
  trained: (steps, time) => `训练了 ${steps} 步，用时 ${time}`,
  timeOfSteps: (gradients, sums, update, data, padding) =>
    `各步的时间：计算梯度 ${gradients}，进程间汇总 ${sums}，更新参数 ${update}，等待数据 ${data}；${padding} 的位置是补齐的空位`,
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
