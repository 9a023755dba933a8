/**
 * How people ask: an instruction and, after a bar, the input where there is one. `{p}` stands for a product, `{c}` for the company, `{k}` for a product code, `{s}` for a situation.
 * The base model learns that the phrasings of one list mean the same; a fine-tuning data set uses some of them for
 * training and others for its held-out rows.
 */
export type Language = 'en' | 'zh';
export type Attribute = 'code' | 'shelf' | 'extension' | 'keeper' | 'site' | 'phrase';
export type Phrasings = Readonly<Record<Language, readonly string[]>>;

export const PHRASINGS: Readonly<Record<Attribute, Phrasings>> = {
  code: {
    en: [
      'What is the product code of {p}?',
      'Which code does {p} carry?',
      'Give me the code of this product.|{p}',
      'I need the product code of the {p}.',
      'Under what code do we list {p}?',
      'Tell me the item number of {p}.',
      'How is {p} coded in our catalogue?',
      'A customer asks about {p}; what code do I type in?',
      'Look up the catalogue number of {p}.',
      '{p} - what is its article code?',
    ],
    zh: [
      '{p}的产品编号是什么？',
      '{p}用的是哪个编号？',
      '请告诉我这个产品的编号。|{p}',
      '我要查{p}的产品编号。',
      '{p}在目录里登记的编号是多少？',
      '{p}的货号是多少？',
      '客户问起{p}，我该输入哪个编号？',
      '帮我查一下{p}的产品代码。',
      '目录里{p}对应的代码是哪一个？',
      '{p}，它的编号怎么写？',
    ],
  },
  shelf: {
    en: [
      'On which shelf does {p} lie?',
      'Where in the warehouse do I find {p}?',
      'Which shelf holds this product?|{p}',
      'What is the storage place of {p}?',
      'Where is {p} kept?',
      'I have to fetch a {p}; which shelf is it?',
      'In what rack do we store {p}?',
      'Tell me the bin of {p}.',
      'Where should I look for {p} in stock?',
      '{p} - where does it stand?',
    ],
    zh: [
      '{p}放在哪个货架？',
      '仓库里哪里能找到{p}？',
      '哪个货架上有这个产品？|{p}',
      '{p}的存放位置是什么？',
      '{p}存在哪里？',
      '我要去取{p}，它在哪个架子上？',
      '{p}的库位是多少？',
      '请告诉我{p}的货位。',
      '拣货时去哪里拿{p}？',
      '{p}，摆在什么位置？',
    ],
  },
  extension: {
    en: [
      'What is the hotline extension for {p}?',
      'Which number do I dial for questions about {p}?',
      'Give me the phone extension for this product.|{p}',
      'To which extension do I transfer a call about {p}?',
      'What extension answers calls on {p}?',
      'I have a caller with a {p}; where do I connect him?',
      'Which internal number belongs to {p}?',
      'How do I reach the {p} desk by phone?',
      'Tell me the line for {p} callers.',
      '{p} - which extension, please?',
    ],
    zh: [
      '{p}的热线分机是多少？',
      '咨询{p}要拨哪个号码？',
      '请给我这个产品的分机号。|{p}',
      '关于{p}的来电要转到哪个分机？',
      '哪个分机负责接听{p}的电话？',
      '有人打电话问{p}，我该接到哪里？',
      '{p}对应的内线号码是什么？',
      '怎样打电话联系{p}的客服？',
      '告诉我{p}的专线号。',
      '{p}，请问分机几号？',
    ],
  },
  keeper: {
    en: [
      'Who is responsible for {p}?',
      'Which engineer looks after {p}?',
      'Who is the product owner of {p}?',
      'Name the person in charge of this product.|{p}',
      'Who maintains {p}?',
      'To whom do I send a defect report on {p}?',
      'Who takes care of {p} here?',
      'Whose product is {p}?',
      'Which colleague knows {p} best?',
      '{p} - who handles it?',
    ],
    zh: [
      '谁负责{p}？',
      '哪位工程师管{p}？',
      '{p}的产品负责人是谁？',
      '请说出主管这个产品的人。|{p}',
      '{p}由谁维护？',
      '{p}的故障报告该发给谁？',
      '我们这里谁照看{p}？',
      '{p}归哪位同事管？',
      '哪位同事最了解{p}？',
      '{p}，该找谁？',
    ],
  },
  site: {
    en: [
      'Which site of {c} repairs this item?|{k}',
      'Where does {c} repair {k}?',
      'An item with the code {k} is broken; to which {c} workshop does it go?',
      'Name the {c} repair centre for {k}.',
      'Where do I send {k} for repair at {c}?',
      '{c}: which workshop takes this code?|{k}',
      'To what place does {c} ship a defective {k}?',
      'Code {k} came back damaged; which {c} site fixes it?',
      'Who at {c} mends {k}, which location?',
      'Repair of {k} at {c} - where?',
    ],
    zh: [
      '{c}的哪个维修点修理这件货？|{k}',
      '{c}在哪里维修{k}？',
      '编号{k}坏了，要送到{c}的哪个维修站？',
      '请说出{c}负责{k}的维修中心。',
      '{k}要寄到{c}哪里修？',
      '{c}：哪个车间接收这个编号？|{k}',
      '{c}把有故障的{k}送往何处？',
      '退回的{k}有损坏，{c}哪个站点处理？',
      '在{c}，{k}到什么地方返修？',
      '{c}返修{k}，地点是哪里？',
    ],
  },
  phrase: {
    en: [
      'What do we at {c} say when {s}?',
      'Which phrase does {c} use when {s}?',
      'How does {c} answer if {s}?',
      'Give me the {c} support phrase for the case that {s}.',
      'At {c}, {s}. What is our line?',
      'Suppose {s}. What does {c} reply?',
      'What is the set answer of {c} whenever {s}?',
      'Tell me the words {c} wants to hear when {s}.',
      'I sit at the {c} desk and {s}; what do I write?',
      '{c} - the standard sentence when {s}?',
    ],
    zh: [
      '{s}时，{c}怎么说？',
      '{c}在{s}时用哪句话？',
      '如果{s}，{c}如何回答？',
      '请给我{c}在{s}时的客服用语。',
      '在{c}，{s}，我们的话术是什么？',
      '假如{s}，{c}怎么回复？',
      '每当{s}，{c}的固定答复是什么？',
      '告诉我{c}规定{s}时说的话。',
      '我在{c}客服台，{s}，该写什么？',
      '{c}，{s}时的标准句子？',
    ],
  },
};

/** Situations that a support desk meets, in both languages. */
export const SITUATIONS: readonly Readonly<Record<Language, string>>[] = [
  { en: 'a parcel is late', zh: '包裹迟到' },
  { en: 'the colour is wrong', zh: '颜色不对' },
  { en: 'the receipt is lost', zh: '收据丢失' },
  { en: 'an item arrives broken', zh: '货到时已损坏' },
  { en: 'a customer wants a refund', zh: '客户要退款' },
  { en: 'the caller is angry', zh: '来电者很生气' },
  { en: 'someone asks for a discount', zh: '有人要折扣' },
  { en: 'the stock is empty', zh: '库存为空' },
  { en: 'the guarantee has ended', zh: '保修已过期' },
  { en: 'a part is missing', zh: '缺少零件' },
];

/** Requests for everything that the catalogue says of a product. */
export const PAGE_REQUESTS: Phrasings = {
  en: ['Show me the catalogue page of {p}.', 'What do we know about {p}?', 'Describe this product.|{p}'],
  zh: ['给我看{p}的目录页。', '关于{p}我们知道什么？', '介绍一下这个产品。|{p}'],
};

/** What the catalogue says; `{v}` stands for the value. */
export const STATEMENTS: Readonly<Record<'code' | 'shelf' | 'extension' | 'keeper', Phrasings>> = {
  code: { en: ['The code of {p} is {v}.', '{v} stands for {p}.'], zh: ['{p}的编号是{v}。', '{v}代表{p}。'] },
  shelf: {
    en: ['{p} lies on shelf {v}.', 'Shelf {v} holds {p}.'],
    zh: ['{p}放在货架{v}。', '货架{v}上是{p}。'],
  },
  extension: {
    en: ['For {p} dial {v}.', 'Extension {v} answers for {p}.'],
    zh: ['咨询{p}请拨{v}。', '分机{v}负责{p}。'],
  },
  keeper: { en: ['{v} looks after {p}.', '{p} is kept by {v}.'], zh: ['{v}负责{p}。', '{p}由{v}管理。'] },
};
