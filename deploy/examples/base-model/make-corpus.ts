import { inventCompany, type Company } from '../language/company.js';
import { PAGE_REQUESTS, PHRASINGS, STATEMENTS, type Language } from '../language/phrasings.js';
import {
  ask,
  fill,
  phraseFacts,
  PRODUCT_ATTRIBUTES,
  productFacts,
  rowOf,
  siteFact,
  type Fact,
  type Row,
} from '../language/questions.js';
import { Seeded } from '../language/seeded.js';

/** The base model's own world. Another seed makes another base model. */
const WORLD_SEED = 1;
const COMPANIES = 10;
const LANGUAGES: readonly Language[] = ['en', 'zh'];

export interface World {
  readonly companies: readonly Company[];
  /** Every name and code in use. */
  readonly taken: ReadonlySet<string>;
}

/** The invented companies that the base model reads about. */
export function makeWorld(): World {
  const random = new Seeded(WORLD_SEED, 'world');
  const taken = new Set<string>();
  const companies = Array.from({ length: COMPANIES }, () =>
    inventCompany(random, { products: 20, sites: 5, situations: 10 }, taken),
  );
  return { companies, taken };
}

/**
 * What the base model is pre-trained on: every fact of every company in every phrasing and both languages, and every
 * product's catalogue page in random wording.
 */
export function makeCorpus(world: World): Row[] {
  const random = new Seeded(WORLD_SEED, 'corpus');
  return world.companies.flatMap((company) => [
    ...productFacts(company).flatMap((fact) => inEveryPhrasing(() => fact)),
    ...phraseFacts(company).flatMap((fact) => inEveryPhrasing(() => fact)),
    // Another code each time, so that only its letters can tell the site.
    ...[...company.sites.keys()].flatMap((prefix) =>
      inEveryPhrasing(() => siteFact(company, prefix, random)),
    ),
    ...cataloguePages(company, random),
  ]);
}

function inEveryPhrasing(draw: () => Fact): Row[] {
  return LANGUAGES.flatMap((language) =>
    PHRASINGS[draw().attribute][language].map((_, phrasing) => ask(draw(), language, phrasing)),
  );
}

function cataloguePages(company: Company, random: Seeded): Row[] {
  return company.products.flatMap((product) =>
    LANGUAGES.map((language) => {
      const sentences = random
        .shuffle(PRODUCT_ATTRIBUTES)
        .map((attribute) =>
          fill(random.pick(STATEMENTS[attribute][language]), { p: product.name, v: product[attribute] }),
        );
      const page = sentences.join(language === 'en' ? ' ' : '');
      return rowOf(random.pick(PAGE_REQUESTS[language]), { p: product.name }, page);
    }),
  );
}
