import type { Words } from '../index.js';

export const programs: Words['programs'] = {
  notInstalled: (name) =>
    `没有安装程序 ${name}；请在代码仓库中运行“npm ci”，或用 TUNEYARD_TRAINER 指定它的位置`,
};
