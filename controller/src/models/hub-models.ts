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
  /** undefined before the first answer; 'unknown' when there was none. */
  answer: HubModel | 'unknown' | undefined;
  isAsking: boolean;
  /** When the answer is no longer good. */
  expires: number;
  readonly waiting: Set<() => void>;
}

/** Models that are remembered. */
const MOST = 2000;
/** Branches move and failures pass: a job that comes later sees how it is then. A commit stays as it is. */
const LIFETIME_MS = 60_000;

/** What the hub says of public models: asked once for all jobs that name the same, and never waited for by a loop. */
export class HubModels {
  readonly #entries = new Map<string, Entry>();

  constructor(private readonly options: HubModelsOptions) {}

  /** As far as it is known now; asks for it when it was not asked for before. */
  known(name: string, revision: string): HubModel | undefined {
    const answer = this.#entry(name, revision)?.answer;
    return answer === 'unknown' ? undefined : answer;
  }

  /** Whether the hub has answered, or will not. `later` is called once it has. */
  isSettled(name: string, revision: string, later: () => void): boolean {
    const entry = this.#entry(name, revision);
    if (entry === undefined || entry.answer !== undefined) return true;
    entry.waiting.add(later);
    return false;
  }

  #entry(name: string, revision: string): Entry | undefined {
    const { endpoint, now } = this.options;
    if (endpoint === undefined) return undefined;
    const key = `${name}@${revision}`;
    const before = this.#entries.get(key);
    const isGood = before !== undefined && before.expires > now();
    if (before !== undefined && (isGood || before.isAsking)) return before;
    // Who already does without an answer goes on so while it is asked for again.
    const answer = before?.answer === 'unknown' ? before.answer : undefined;
    const entry: Entry = { answer, isAsking: true, expires: 0, waiting: new Set() };
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    const [oldest] = this.#entries.keys();
    if (this.#entries.size > MOST && oldest !== undefined) this.#entries.delete(oldest);
    void this.#ask(entry, endpoint, { name, revision });
    return entry;
  }

  async #ask(
    entry: Entry,
    endpoint: string,
    { name, revision }: { readonly name: string; readonly revision: string },
  ): Promise<void> {
    try {
      entry.answer = await lookUpHubModel(name, revision, {
        endpoint,
        timeoutMs: this.options.timeoutMs ?? 5000,
      });
    } catch (error) {
      entry.answer = 'unknown';
      this.options.onFailure?.(name, error);
    }
    entry.isAsking = false;
    const isForEver = entry.answer !== 'unknown' && entry.answer.commit === revision;
    entry.expires = isForEver ? Infinity : this.options.now() + LIFETIME_MS;
    for (const later of entry.waiting) later();
    entry.waiting.clear();
  }
}

/** The hub as the environment names it: `HF_ENDPOINT`; `HF_HUB_OFFLINE=1` is none. */
export function hubEndpoint(env: NodeJS.ProcessEnv): string | undefined {
  if (/^(1|true|yes|on)$/i.test(env['HF_HUB_OFFLINE'] ?? '')) return undefined;
  return (env['HF_ENDPOINT'] || 'https://huggingface.co').replace(/\/+$/, '');
}
