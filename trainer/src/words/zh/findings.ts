import type { Words } from '../index.js';

export const findings: Words['findings'] = {
  seenInBrackets: (place) => `模型看到的一行数据（${place}）；⟦ ⟧ 中是模型要学会写出的内容`,
  seenInColour: (place) => `模型看到的一行数据（${place}）；着色部分是模型要学会写出的内容`,
  nearDuplicates: (rows) => `与前面某一行几乎相同的行数：${rows}`,
  pair: (first, second) => `${first} 与 ${second}`,
  contradictions: (rows) => `同一问题却有不同答案的行数：${rows}`,
  cut: (rows, limit) => `按 dataset.maxLength = ${limit} 个词元截断的行数：${rows}`,
  beyond: (rows, positions) => `超出模型 ${positions} 个位置的行数：${rows}`,
  longRow: (place, tokens, text) => `${place}，${tokens} 个词元：${text}`,
  otherScripts: (rows, usual) => `与多数行（${usual}）文字不同的行数：${rows}`,
  misread: (rows) => `疑似按错误编码读取的行数：${rows}`,
  personal: (rows) => `含个人信息的行数：${rows}`,
  kinds: { mobile: '手机号', identity: '身份证号', bankCard: '银行卡号', email: '电子邮箱' },
  more: (rows) => `另有 ${rows} 行`,
  tokensPerCharacter: (figure) => `每个字符的词元数：${figure}`,
  contradictionsWarning: (rows) =>
    `有 ${rows} 行对同一问题给出了与前面不同的答案，模型无法同时学会：请只保留正确的答案`,
  personalWarning: (rows) => `有 ${rows} 行含个人信息，模型可能会透露给他人：请删除或替换`,
  poorTokenizer: (figure) =>
    `分词器平均每个字符要用 ${figure} 个词元，说明基座模型几乎不懂这些数据的语言：请换用懂这种语言的模型`,
  misreadWarning: (rows, all, place, text) =>
    `${all} 行中有 ${rows} 行疑似按错误编码读取，第一处是 ${place}：“${text}”；请用 dataset.encoding 指定编码，或重新保存文件`,
};
