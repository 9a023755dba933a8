import type { Words } from '../index.js';

export const progress: Words['progress'] = {
  starting: '正在启动训练进程',
  phases: {
    fetch: '正在获取模型和数据',
    data: '正在读取数据',
    model: '正在加载模型',
    base: '模型和数据已加载，正在测试基座模型并计算第一步',
  },
};
