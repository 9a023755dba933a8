import type { Words } from '../index.js';

export const asking: Words['asking'] = {
  warning: '警告',
  base: '基座模型',
  tuned: '微调后',
  question: '问题',
  reference: '参考答案',
  noTemplate: (folder) =>
    `${folder} 没有对话模板，因此不知道如何向模型提问：请用 --template 指定训练时使用的模板（alpaca、chatml、plain 或一段 jinja 文本；没有模板的模型训练时使用 alpaca），或用“tuneyard generate --raw”续写纯文本`,
  refused: (why) => `无法把这段对话交给模型：${why}`,
  writesNothing: (template) => `${template} 没有为它生成任何内容`,
  noRoom: (tokens, most) =>
    `这段对话有 ${tokens} 个词元，没有给回答留下位置：模型最多读 ${most} 个；请缩短对话，或重新开始`,
  noAnswer: '模型立即结束了回答，因此没有内容',
  cutByLimit: (tokens) => `回答在 ${tokens} 个词元处被截断；可用 --max-tokens 加长`,
  cutByPositions: (tokens) => `回答被截断，因为模型最多读 ${tokens} 个词元，问题和回答合计`,
  interrupted: '回答已停止',
  compareNeedsAdapter: '--compare 会把基座模型与适配器的回答并排显示：请用 --adapter DIR 指定适配器',
  nothingAsked: '没有问题：请把问题写成参数，或用 --file 指定文件，或从标准输入给出',
  askedTwice: '同时给出了问题和 --file；请只给其中一个',
  adapterAsModel: (folder, base) =>
    `${folder} 是适配器，不是模型：请用 --model ${base} 指定它的基座模型，用 --adapter 指定这个文件夹`,
  noQuestions: (file) => `${file} 中没有问题`,
  noQuestionIn: (place, fields) =>
    `${place}：在字段 ${fields} 中找不到问题；请命名为 instruction、question、prompt 或“问题”，或在 .txt 文件中每行写一个问题`,
  chatHelp: '/reset 重新开始对话，/system TEXT 设置系统提示并重新开始，/exit 结束；问题以斜杠开头时请写 //',
  chatBegins: '请提问。/help 列出命令，Ctrl-C 停止回答。',
  newConversation: '新的对话开始了',
  systemSet: (text) => `新的对话开始了，系统提示为：${text}`,
  systemIs: (text) => `系统提示为：${text}`,
  noSystem: '没有系统提示；可用 /system TEXT 设置',
  unknownCommand: (command) => `没有命令 ${command}；/help 列出全部命令，问题以斜杠开头时请写 //`,
  quitHint: '再按一次 Ctrl-C，或输入 /exit，即可结束对话',
  plainText:
    '这个分词器有对话模板，而 generate 不用模板、只续写纯文本，所以用问答微调过的模型会答得很差：“tuneyard ask”会使用模板；加上 --raw 表示确实要续写纯文本',
};
