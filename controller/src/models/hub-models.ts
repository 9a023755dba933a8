import { lookUpHubModel, type HubModel } from './hub-model.js';

export interface HubModelsOptions {
  /** Asked about models, such as https://huggingface.co; undefined = nothing is asked. */
  readonly endpoint: string | undefined;
  /** Milliseconds, going forward only. */
  readonly now: () => number;
  /** For one model. @default 5000 */
  readonly timeoutMs?: number;
  readonly onFailure?: (name: string, error: unknown) => void;
}

interface Entry {
  readonly name: string;
  readonly revision: string;
  /** undefined before the first answer; 'unknown' when there was none. */
  answer: HubModel | 'unknown' | undefined;
  isAsking: boolean;
  /** When the answer is no longer good. */
  expires: number;
  readonly waiting: Set<() => void>;
}

/** Models that are remembered: more than there are jobs that wait. */
const MOST = 50_000;
/** Models that are asked about at once, and of these, for one tenant. */
const AT_ONCE = 8;
const AT_ONCE_FOR_ONE = 4;
/** Models of one tenant that wait to be asked about. The workers of further ones ask for themselves. */
const MOST_WAITING = 5000;
/** Branches move and failures pass: a job that comes later sees how it is then. A commit stays as it is. */
const LIFETIME_MS = 60_000;

/** What the hub says of public models: asked once for all jobs that name the same, and never waited for by a loop. */
export class HubModels {
  readonly #entries = new Map<string, Entry>();
  /** Tenant to what is to be asked for it; they take turns. */
  readonly #lines = new Map<string, Entry[]>();
  /** Tenant to how many models are being asked about for it. */
  readonly #asking = new Map<string, number>();
  #inFlight = 0;

  constructor(private readonly options: HubModelsOptions) {}

  /** As far as it is known now; asks for it when it was not asked for before. */
  known(name: string, revision: string, tenant = ''): HubModel | undefined {
    const answer = this.#entry(name, revision, tenant)?.answer;
    return answer === 'unknown' ? undefined : answer;
  }

  /** Whether the hub has answered, or will not. `later` is called once it has. */
  isSettled(name: string, revision: string, later: () => void, tenant = ''): boolean {
    const entry = this.#entry(name, revision, tenant);
    if (entry === undefined || entry.answer !== undefined) return true;
    entry.waiting.add(later);
    return false;
  }

  #entry(name: string, revision: string, tenant: string): Entry | undefined {
    const { endpoint, now } = this.options;
    if (endpoint === undefined) return undefined;
    const key = `${name}@${revision}`;
    const before = this.#entries.get(key);
    const isGood = before !== undefined && before.expires > now();
    if (before !== undefined && (isGood || before.isAsking)) return before;
    // Who already does without an answer goes on so while it is asked for again.
    const answer = before?.answer === 'unknown' ? before.answer : undefined;
    const entry: Entry = { name, revision, answer, isAsking: true, expires: 0, waiting: new Set() };
    this.#remember(key, entry);
    const line = this.#lines.get(tenant);
    if ((line?.length ?? 0) >= MOST_WAITING) {
      this.#settle(entry, 'unknown');
      return entry;
    }
    if (line === undefined) this.#lines.set(tenant, [entry]);
    else line.push(entry);
    this.#askNext(endpoint);
    return entry;
  }

  #remember(key: string, entry: Entry): void {
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    if (this.#entries.size <= MOST) return;
    // Who is still asked about is waited for.
    for (const [old, { isAsking }] of this.#entries) {
      if (isAsking) continue;
      this.#entries.delete(old);
      return;
    }
  }

  #askNext(endpoint: string): void {
    while (this.#inFlight < AT_ONCE) {
      const next = [...this.#lines].find(([tenant]) => (this.#asking.get(tenant) ?? 0) < AT_ONCE_FOR_ONE);
      if (next === undefined) return;
      const [tenant, line] = next;
      const entry = line.shift();
      this.#lines.delete(tenant);
      if (line.length > 0) this.#lines.set(tenant, line);
      if (entry === undefined) continue;
      this.#inFlight += 1;
      this.#asking.set(tenant, (this.#asking.get(tenant) ?? 0) + 1);
      void this.#ask(entry, endpoint).finally(() => {
        this.#inFlight -= 1;
        const left = (this.#asking.get(tenant) ?? 1) - 1;
        if (left === 0) this.#asking.delete(tenant);
        else this.#asking.set(tenant, left);
        this.#askNext(endpoint);
      });
    }
  }

  async #ask(entry: Entry, endpoint: string): Promise<void> {
    const { name, revision } = entry;
    let answer: HubModel | 'unknown';
    try {
      answer = await lookUpHubModel(name, revision, { endpoint, timeoutMs: this.options.timeoutMs ?? 5000 });
    } catch (error) {
      answer = 'unknown';
      this.options.onFailure?.(name, error);
    }
    this.#settle(entry, answer);
  }

  #settle(entry: Entry, answer: HubModel | 'unknown'): void {
    const { name, revision } = entry;
    entry.answer = answer;
    entry.isAsking = false;
    const isForEver = answer !== 'unknown' && answer.commit === revision;
    entry.expires = isForEver ? Infinity : this.options.now() + LIFETIME_MS;
    // Whoever is pinned to the commit now need not ask about it.
    if (answer !== 'unknown' && !isForEver) this.#knowCommit(name, answer);
    for (const later of entry.waiting) later();
    entry.waiting.clear();
  }

  #knowCommit(name: string, answer: HubModel): void {
    const key = `${name}@${answer.commit}`;
    if (this.#entries.has(key)) return;
    const known = { name, revision: answer.commit, answer, isAsking: false, expires: Infinity };
    this.#remember(key, { ...known, waiting: new Set() });
  }
}

/** The hub as the environment names it: `HF_ENDPOINT`; `HF_HUB_OFFLINE=1` is none. */
export function hubEndpoint(env: NodeJS.ProcessEnv): string | undefined {
  if (/^(1|true|yes|on)$/i.test(env['HF_HUB_OFFLINE'] ?? '')) return undefined;
  return (env['HF_ENDPOINT'] || 'https://huggingface.co').replace(/\/+$/, '');
}
