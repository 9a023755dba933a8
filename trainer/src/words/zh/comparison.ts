import type { Words } from '../index.js';

export const comparison: Words['comparison'] = {
  someRows: (compared, rows, seconds) =>
    `在 ${rows} 条留出数据中比较了 ${compared} 条（最多 200 条，最多用 ${seconds} 秒）`,
  someAnswers: (answered, chosen, seconds) =>
    `在 ${chosen} 条数据中为 ${answered} 条生成了回答（最多用 ${seconds} 秒）`,
  failed: (reason) => `无法比较基座模型和微调后的模型（${reason}）；训练结果仍已保存`,
  noTestRows: (metric) =>
    `evaluation.metrics 要求 ${metric}，但没有为它留出数据：请给 dataset.split.test 设一个比例，或给某个数据源设 split: test`,
};

export const verdict: Words['verdict'] = {
  both: (answers, losses) => `${answers}；另外，${losses}`,
  better: (figures) => `比基座模型好：${figures}。`,
  worse: (figures) => `比基座模型差：${figures}。`,
  same: (figures) => `看不出与基座模型的差别：${figures}。`,
  nothingHeldOut: () =>
    '无法判断是否更好：没有留出不参与训练的数据（dataset.split）；请给 validation 或 test 设一个比例。',
  answers: (tuned, base, rows, gained, lost, p) =>
    `在 ${rows} 条留出数据中答对 ${tuned} 条，基座模型答对 ${base} 条（新答对 ${gained} 条，新答错 ${lost} 条，p ${p}）`,
  losses: (fell, rows, base, tuned, p) =>
    `在 ${rows} 条留出数据中有 ${fell} 条的损失降低（平均值训练前 ${base}，训练后 ${tuned}，p ${p}）`,
};
