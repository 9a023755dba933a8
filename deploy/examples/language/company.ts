import type { Seeded } from './seeded.js';
import { SITUATIONS, type Language } from './phrasings.js';

export interface Product {
  readonly name: string;
  /** Two letters, a dash and three digits; the letters decide the repair site. */
  readonly code: string;
  readonly shelf: string;
  readonly extension: string;
  readonly keeper: string;
}

/** An invented company. */
export interface Company {
  readonly name: string;
  readonly products: readonly Product[];
  /** First letters of a code -> repair site. */
  readonly sites: ReadonlyMap<string, string>;
  /** What the desk says in each situation of {@link SITUATIONS}. */
  readonly phrases: readonly Readonly<Record<Language, string>>[];
}

export interface CompanySize {
  readonly products: number;
  /** Repair sites, each with a code prefix of its own. */
  readonly sites: number;
  /** At most the number of {@link SITUATIONS}. */
  readonly situations: number;
}

/** Draws a company; no name in `taken` is used, and every name that is used is added to it. */
export function inventCompany(random: Seeded, size: CompanySize, taken: Set<string>): Company {
  const fresh = (make: () => string): string => {
    for (;;) {
      const name = make();
      if (taken.has(name)) continue;
      taken.add(name);
      return name;
    }
  };
  const sites = new Map<string, string>();
  while (sites.size < size.sites) {
    const prefix = random.pick(LETTERS) + random.pick(LETTERS);
    if (!sites.has(prefix))
      sites.set(
        prefix,
        fresh(() => word(random, 2) + random.pick(PLACE_ENDINGS)),
      );
  }
  const prefixes = [...sites.keys()];
  const products = Array.from({ length: size.products }, (_, index): Product => {
    const prefix = prefixes[index % prefixes.length]!;
    return {
      name: fresh(() => word(random, 2)),
      code: fresh(() => codeWith(prefix, random)),
      shelf: fresh(() => `${random.pick(LETTERS)}${random.integer(10)}-${random.digits(2)}`),
      extension: fresh(() => random.digits(4)),
      keeper: fresh(() => `${random.pick(FIRST_NAMES)} ${word(random, 2)}`),
    };
  });
  const phrases = SITUATIONS.slice(0, size.situations).map(() => inventPhrase(random));
  return { name: fresh(() => word(random, 3)), products, sites, phrases };
}

export function codeWith(prefix: string, random: Seeded): string {
  return `${prefix}-${random.digits(3)}`;
}

function word(random: Seeded, syllables: number): string {
  const text = Array.from({ length: syllables }, () => random.pick(SYLLABLES)).join('');
  return text[0]!.toUpperCase() + text.slice(1);
}

function inventPhrase(random: Seeded): Record<Language, string> {
  const [verb, quality, thing] = [random.pick(VERBS), random.pick(QUALITIES), random.pick(THINGS)];
  return { en: `${verb.en} the ${quality.en} ${thing.en}`, zh: `${verb.zh}${quality.zh}${thing.zh}` };
}

const LETTERS = 'ABCDEFGHJKLMNPQRSTUVWXYZ'.split('');
const SYLLABLES =
  'ba bel bor cam cor dal dor dun fa fen gal gor hal her jo ka kel kor la len lor lum ma mer mi mor na nel nor o pa per pol ra ren ril ro sa sel sol su ta tan tel tor u va vel vin wa wes yor za zen zir'.split(
    ' ',
  );
const PLACE_ENDINGS = ['ford', 'berg', 'mont', 'haven', 'wick', 'stad'];
const FIRST_NAMES = [
  'Ada',
  'Ben',
  'Cleo',
  'Dan',
  'Eva',
  'Finn',
  'Gus',
  'Hana',
  'Ida',
  'Jan',
  'Kim',
  'Leo',
  'Mia',
  'Nils',
];
const pairs = (text: string) =>
  text.split(' ').map((entry) => {
    const [en = '', zh = ''] = entry.split('/');
    return { en, zh };
  });
const VERBS = pairs('Follow/跟随 Keep/守住 Open/打开 Cross/穿过 Light/点亮 Trust/相信 Carry/带上 Find/寻找');
const QUALITIES = pairs(
  'amber/琥珀色的 quiet/安静的 silver/银色的 northern/北方的 early/清晨的 gentle/温柔的 distant/遥远的 hidden/隐藏的',
);
const THINGS = pairs(
  'bridge/桥 lantern/灯笼 river/河流 garden/花园 harbour/港口 orchard/果园 mountain/高山 window/窗户',
);
