import type { Words } from '../index.js';

export const progress: Words['progress'] = {
  step: (step, total, percent) => `第 ${step}/${total} 步（${percent}）`,
  fromStep: (step) => `第 ${step} 步`,
  loss: (loss) => `训练损失 ${loss}`,
  evalLoss: (loss) => `验证损失 ${loss}`,
  rate: (tokens) => `每秒 ${tokens} 个词元`,
  oneWorker: '1 个训练进程',
  workers: (count) => `${count} 个训练进程`,
  left: (time) => `剩余 ${time}`,
  seconds: (seconds) => `${seconds} 秒`,
  minutes: (minutes, seconds) => `${minutes} 分 ${seconds} 秒`,
  hours: (hours, minutes) => `${hours} 小时 ${minutes} 分`,
  starting: '正在启动训练进程',
  phases: {
    fetch: '正在获取模型和数据',
    data: '正在读取数据',
    model: '正在加载模型',
    base: '模型和数据已加载，正在测试基座模型并计算第一步',
  },
};
