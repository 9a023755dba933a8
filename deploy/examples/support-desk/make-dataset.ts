import { makeWorld } from '../base-model/make-corpus.js';
import { inventCompany } from '../language/company.js';
import { PHRASINGS, type Attribute, type Language } from '../language/phrasings.js';
import { ask, phraseFacts, productFacts, siteFact, type Fact, type Row } from '../language/questions.js';
import { Seeded } from '../language/seeded.js';

/** The rows of the three splits. */
export interface Dataset {
  readonly train: readonly Row[];
  readonly validation: readonly Row[];
  readonly test: readonly Row[];
}

/** Of the phrasings of an attribute in a language, those kept for the held-out rows. */
const HELD_OUT = 4;
/** Training rows of a fact in each language. */
const REPEATS = 2;
/** Training rows of the repair rule for each site and language. */
const CODES_PER_SITE = 4;
const LANGUAGES: readonly Language[] = ['en', 'zh'];

/**
 * The product codes and phrases of a company that the base model has never read about. Every fact is taught in the
 * training rows; the held-out rows ask for the same facts, and apply the repair rule to other codes, in phrasings
 * that no training row uses.
 */
export function makeDataset(seed: number): Dataset {
  const random = new Seeded(seed, 'support desk');
  const company = inventCompany(
    random,
    { products: 24, sites: 4, situations: 8 },
    new Set(makeWorld().taken),
  );
  const phrasings = dividePhrasings(random);
  const facts = [...productFacts(company), ...phraseFacts(company)];
  const prefixes = [...company.sites.keys()];
  const row = (fact: Fact, language: Language, use: 'train' | 'heldOut', nth: number): Row => {
    const choices = phrasings[fact.attribute][language][use];
    return ask(fact, language, choices[nth % choices.length]!);
  };

  const asked = new Set<string>();
  const once = (draw: () => Row): Row => {
    for (;;) {
      const drawn = draw();
      const question = `${drawn.instruction}|${drawn.input}`;
      if (asked.has(question)) continue;
      asked.add(question);
      return drawn;
    }
  };

  const train = LANGUAGES.flatMap((language) => [
    ...facts.flatMap((fact) => {
      const first = random.integer(1000);
      return Array.from({ length: REPEATS }, (_, nth) =>
        once(() => row(fact, language, 'train', first + nth)),
      );
    }),
    ...prefixes.flatMap((prefix) =>
      Array.from({ length: CODES_PER_SITE }, (_, nth) =>
        once(() => row(siteFact(company, prefix, random), language, 'train', nth)),
      ),
    ),
  ]);
  const size = Math.round(train.length / 8);
  const rounds = Array.from({ length: 2 }, () => [...facts, ...prefixes, ...prefixes, ...prefixes]).flat();
  const heldOut = random
    .shuffle(rounds)
    .slice(0, 2 * size)
    .map((what, index) =>
      once(() => {
        const fact = typeof what === 'string' ? siteFact(company, what, random) : what;
        return row(fact, LANGUAGES[index % 2]!, 'heldOut', random.integer(1000));
      }),
    );
  return {
    train: random.shuffle(train),
    validation: heldOut.slice(0, size),
    test: heldOut.slice(size),
  };
}

type Division = Readonly<
  Record<Language, { readonly train: readonly number[]; readonly heldOut: readonly number[] }>
>;

function dividePhrasings(random: Seeded): Record<Attribute, Division> {
  const divide = (attribute: Attribute, language: Language) => {
    const order = random.shuffle(PHRASINGS[attribute][language].map((_, index) => index));
    return { heldOut: order.slice(0, HELD_OUT), train: order.slice(HELD_OUT) };
  };
  const both = (attribute: Attribute): Division => ({
    en: divide(attribute, 'en'),
    zh: divide(attribute, 'zh'),
  });
  return {
    code: both('code'),
    shelf: both('shelf'),
    extension: both('extension'),
    keeper: both('keeper'),
    site: both('site'),
    phrase: both('phrase'),
  };
}
