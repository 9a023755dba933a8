import type { Words } from '../index.js';

export const report: Words['report'] = {
  rows: (rows, kept) => `读取 ${rows} 行，保留 ${kept} 条样本`,
  counted: (label, count) => `${label}：${count} 行`,
  unusable: '去掉：无法使用',
  repeated: '去掉：完全重复',
  tooShort: '去掉：太短',
  tooLong: '去掉：太长',
  damaged: '含有 U+FFFD，说明文本此前已损坏',
  cut: '截断到最大长度',
  nearDuplicates: '与另一行几乎相同',
  leaked: '与训练集某一行几乎相同的留出数据',
  columns: { split: '划分', examples: '样本数', tokens: '词元数', trained: '参与训练', longest: '最长' },
  splits: { train: '训练集', validation: '验证集', test: '测试集' },
  lengths: '训练样本的词元数',
  upTo: (tokens) => `不超过 ${tokens}`,
  scripts: (list) => `文字：${list}`,
  scriptNames: {
    Latin: '拉丁字母',
    Han: '汉字',
    Cyrillic: '西里尔字母',
    Arabic: '阿拉伯字母',
    Hangul: '谚文',
    other: '其他文字',
  },
  unused: (fields) => `没有用到的字段：${fields}`,
  note: (text) => `说明：${text}`,
  warning: (text) => `警告：${text}`,
  reason: (rows, reason) => `因同一原因去掉 ${rows} 行：${reason}`,
  leftOut: (place, reason) => `去掉 ${place}：${reason}`,
  more: (count) => `另有 ${count} 行`,
  nearlyRepeats: (place, other) => `${place} 与 ${other} 几乎相同`,
  steps: (total, perEpoch, batchSize, padding) =>
    `预计 ${total} 步（批大小为 ${batchSize}，每轮 ${perEpoch} 步）；训练批次中有 ${padding} 是补齐的空位`,
  areLeftOut: (count, rows) => `${rows} 行中有 ${count} 行被去掉`,
  areLeftOutFirst: (count, rows, place, reason) =>
    `${rows} 行中有 ${count} 行被去掉；第一处是 ${place}：${reason}`,
  areTooLong: (count, rows) => `${rows} 行中有 ${count} 行因太长而被去掉`,
  areCut: (count, kept, tokens) =>
    `dataset.maxLength：${kept} 条样本中有 ${count} 条被截断到 ${tokens} 个词元`,
  areDamaged: (count, rows) =>
    `${rows} 行中有 ${count} 行含有 U+FFFD：文本在到达这里之前已经损坏，模型会照原样学习`,
  noValidation: () =>
    'training.earlyStopping 不会起作用，因为没有留出验证集；请调大 dataset.split.validation，或为某个数据源设置 split: validation',
  noTest: (metrics) =>
    `evaluation.metrics：无法测量 ${metrics}，因为没有留出测试集；请调大 dataset.split.test，或为某个数据源设置 split: test`,
};
