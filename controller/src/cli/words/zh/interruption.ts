import type { Words } from '../index.js';

export const interruption: Words['interruption'] = {
  stopping: '完成当前这一步并写入检查点后停止；再按一次 Ctrl-C 会立即结束，不写检查点',
  atOnce: '立即结束',
  nothingKept: '在写入检查点之前就已停止，因此没有保留任何内容；用同一条命令可重新开始',
  kept: (step, place, command) =>
    `已停止；第 ${step} 步的检查点保存在 ${place}。继续训练请运行：\n  ${command}`,
};
