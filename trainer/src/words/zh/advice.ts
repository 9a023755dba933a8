import type { Words } from '../index.js';

export const advice: Words['advice'] = {
  stillFalling: (from, to, longer, rate, higher) =>
    `训练结束时训练损失仍在下降，最后四分之一从 ${from} 降到 ${to}：请训练更久（--set ${longer}），或提高学习率（--set training.learningRate=${higher}，现在是 ${rate}）`,
  worseThanGuessing: (loss, vocabulary, guess, rate, higher, longer) =>
    `损失 ${loss} 比在 ${vocabulary} 个词元中随机猜测（${guess}）还差，模型几乎没有学到东西：请提高学习率（--set training.learningRate=${higher}，现在是 ${rate}）并训练更久（--set ${longer}）`,
  byHeart: (before, after) =>
    `验证损失从基座模型的 ${before} 升到 ${after}，而训练损失下降了，说明模型在死记样本：请设置 training.earlyStopping.patience=2、减少轮数或增加数据`,
  diverged: (before, after, rate, lower) =>
    `验证损失从基座模型的 ${before} 升到 ${after}，训练损失也没有下降，说明步子太大：请降低学习率（--set training.learningRate=${lower}，现在是 ${rate}），并用“tuneyard data report”查看是否有损坏的数据`,
  fewRows: (rows) =>
    `只有 ${rows} 条留出数据：少于 6 条时无法判断模型之间的差别；请用 dataset.split 留出更多数据`,
};
