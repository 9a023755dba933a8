import type { Words } from '../index.js';

export const files: Words['files'] = {
  otherDocument: (path) => `${path}：不支持这种文档：请另存为 .xlsx 或 CSV UTF-8。`,
  otherCompression: (path) => `${path}：无法识别的数据文件；请先解压；压缩文件只支持 gzip，例如 .jsonl.gz。`,
  otherKind: (path, known) => `${path}：无法识别的数据文件；请使用 ${known}。`,
  txtIs: {
    table: (path) =>
      `根据前几行，${path} 按表格读取；如需逐行作为连续文本读取，请设置 dataset.sources[].format: text`,
    json: (path) =>
      `根据第一行，${path} 按 JSON 读取；如需逐行作为连续文本读取，请设置 dataset.sources[].format: text`,
  },
  unwrapped: (place, field, others) =>
    `${place}：数据行取自列表“${field}”${others === '' ? '' : `；未使用：${others}`}`,
};
