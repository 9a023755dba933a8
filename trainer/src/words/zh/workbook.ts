import type { Words } from '../index.js';

export const workbook: Words['workbook'] = {
  damaged: (path, why) => `无法读取 Excel 工作簿 ${path}：${why}。`,
  none: () => '这个 zip 文件里没有工作簿',
  noZip: () => '文件开头不是工作簿；如果是文本，请把扩展名改为 .csv 或 .txt',
  oldOrLocked: (path) => `${path} 是旧版 Excel 工作簿（.xls），或者设有密码：请另存为不带密码的 .xlsx。`,
  tooLarge: (path, part, bytes) =>
    `${path}：其中的 ${part} 解压后超过 ${bytes} 字节：请拆分工作簿，或把工作表另存为 CSV UTF-8。`,
  manyCharacters: (path, characters) =>
    `${path} 的文字超过 ${characters} 个字符：请拆分工作簿，或把工作表另存为 CSV UTF-8。`,
  noSheets: (path) => `${path} 里没有带表格的工作表。`,
  noSuchSheet: (path, asked, names) =>
    `${path}：没有名为“${asked}”的工作表；现有工作表：${names}。请用 --sheet 指定其中一个（作业中为 dataset.sources[].sheet）。`,
  notAWorkbook: (path) =>
    `${path} 没有工作表：--sheet（作业中为 dataset.sources[].sheet）只用于 .xlsx 文件。`,
  firstSheet: (path, sheet, names) =>
    `只读取 ${path} 的工作表“${sheet}”；可用 --sheet 指定其他工作表：${names}`,
  namesBelow: (place) => `列名取自第 ${place} 行，它上面的一行只有一个单元格`,
  longRow: (row, characters) => `第 ${row} 行超过 ${characters} 个字符`,
  rowOrder: (row) => `第 ${row} 行之后的行号没有增大`,
  cellOrder: (cell, row) => `第 ${row} 行的单元格 ${cell} 没有按顺序排列`,
  noNumber: (text) => `不是数字：${text}`,
  noText: () => '引用了工作簿里没有的文字',
  noResult: () => '是没有保存结果的公式：请用 Excel 打开工作簿并保存',
  formulaError: (error) => `是公式错误 ${error}`,
  lostDigits: () => '是超过 15 位的数字，Excel 只保留 15 位：请把该列设为文本格式后重新输入',
};
