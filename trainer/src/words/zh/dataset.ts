import type { Words } from '../index.js';

export const dataset: Words['dataset'] = {
  unknownFormat: (name, known) => `未知的数据格式“${name}”；请用 auto 或以下之一：${known}。`,
  noFields: (place) =>
    `${place}：这一行没有字段，无法判断格式；可以是 instruction/output、messages、conversations、prompt/completion、question/answer 或 text。`,
  nameColumns: (place, fields, option) =>
    `${place}：无法判断含有 ${fields} 的行是什么格式；请指定各列，例如 ${option}（在任务中写 dataset.sources[].columns）。`,
  andMore: (list, count) => `${list} 等，另有 ${count} 个`,
  listExpected: (fields) => `应为由行组成的列表，这里却是含有 ${fields} 的对象：请把列表单独取出`,
  noColumn: (path, field, column, columns) =>
    `${path}.columns.${field}：没有名为“${column}”的列；现有的列：${columns}。`,
  noField: (path, field) =>
    `${path}.columns：没有哪种格式有字段“${field}”；等号左边应是 instruction、output、messages、text 这样的字段。`,
  swapped: (path, field, column) =>
    `${path}.columns：没有哪种格式有字段“${field}”；请把左右对调，写成 ${column}=${field}。`,
  columnTwice: (place, column) => `${place}：列“${column}”出现了两次，请重命名其中一个。`,
  preference: (place, field) =>
    `${place}：“${field}”说明这是偏好数据，不能用来训练：监督微调会把每个回答都当作想要的回答来学；请只保留想要的回答，或在 columns 中指定它所在的列，例如 output: chosen。`,
  wantedOrNot: (place, field) =>
    `${place}：“${field}”标明回答是否是想要的，这是偏好数据：监督微调会把每个回答都当作想要的回答来学；请只保留“${field}”为 true 的行，并去掉这个字段。`,
  tooManyFiles: (path, most) => `${path} 中的数据文件超过 ${most} 个。`,
  noDataFile: (path, kinds) => `${path} 中没有数据文件（${kinds}）。`,
  missing: (path) => `${path} 不存在。`,
  unreadable: (path, why) => `无法读取 ${path}：${why}`,
  notAFile: (path) => `${path} 不是文件。`,
  notJson: (place, why) => `${place}：不是有效的 JSON（${why}）。`,
  noRows: (path) => `${path} 中没有数据行；数据集至少要有一行。`,
  allHeldBack: (rows, splits) =>
    `数据集中没有可训练的行：共 ${rows} 行，dataset.split 把${splits}；请调大 dataset.split.train（1 表示全部用来训练），或增加数据。`,
  rowsTo: (rows, split) => ` ${rows} 行分给了 ${split}`,
  and: '，另把',
  noneUsable: (rows) => `数据集的 ${rows} 行中没有一行可以用来训练。`,
  noneUsableFirst: (rows, place, reason) =>
    `数据集的 ${rows} 行中没有一行可以用来训练（第一处被去掉的是 ${place}：${reason}）。`,
};
