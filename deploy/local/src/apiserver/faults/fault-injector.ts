import { isObject } from '../json.js';
import { badRequest, StatusError } from '../status-error.js';

/** A disturbance that tests order. Every condition that is left out matches everything. */
export interface Fault {
  /** HTTP status to answer with instead of doing the request; left out: only delay. */
  code?: number;
  /** Wait this long before going on, in milliseconds, at most 60,000. */
  delayMilliseconds?: number;
  /** Requests that it hits before it goes away; default 1, or any number where `forMilliseconds` is given. */
  count: number;
  /** Time from its order until it goes away, such as that in which a server that has just started answers 403. */
  forMilliseconds?: number;
  /** Of the answer; default `injected fault <code>`. */
  message?: string;
  /** HTTP method, upper case. */
  method?: string;
  /** Plural resource name. */
  resource?: string;
  /** Only watch requests, or only others. */
  watch?: boolean;
  /** Seconds for the Retry-After header of a 429. */
  retryAfterSeconds?: number;
}

const reasons: Record<number, string> = {
  400: 'BadRequest',
  403: 'Forbidden',
  404: 'NotFound',
  409: 'Conflict',
  410: 'Expired',
  422: 'Invalid',
  429: 'TooManyRequests',
  500: 'InternalError',
  503: 'ServiceUnavailable',
  504: 'Timeout',
};

/** Holds the ordered faults and applies them to requests, first match first. */
export class FaultInjector {
  private faults: Fault[] = [];
  private readonly ends = new WeakMap<Fault, number>();

  constructor(private readonly now: () => number = Date.now) {}

  order(body: unknown): Fault {
    if (!isObject(body)) throw badRequest('a fault must be an object');
    const unlimited = body['forMilliseconds'] === undefined ? 1 : Number.MAX_SAFE_INTEGER;
    const count = typeof body['count'] === 'number' ? body['count'] : unlimited;
    const fault: Fault = Object.assign({ count }, pick(body));
    if (fault.code === undefined && fault.delayMilliseconds === undefined) {
      throw badRequest('a fault needs "code" or "delayMilliseconds"');
    }
    this.faults.push(fault);
    if (fault.forMilliseconds !== undefined) this.ends.set(fault, this.now() + fault.forMilliseconds);
    return fault;
  }

  clear(): void {
    this.faults = [];
  }

  list(): readonly Fault[] {
    return this.faults;
  }

  /** Delays or throws (StatusError) when a fault matches the request. */
  async disturb(method: string, resource: string, watch: boolean): Promise<void> {
    if (this.faults.length === 0) return;
    this.faults = this.faults.filter((fault) => (this.ends.get(fault) ?? Infinity) > this.now());
    const fault = this.faults.find(
      (candidate) =>
        (candidate.method === undefined || candidate.method === method) &&
        (candidate.resource === undefined || candidate.resource === resource) &&
        (candidate.watch === undefined || candidate.watch === watch),
    );
    if (!fault) return;
    fault.count -= 1;
    if (fault.count <= 0) this.faults = this.faults.filter((other) => other !== fault);
    if (fault.delayMilliseconds) {
      const delay = Math.min(fault.delayMilliseconds, 60_000);
      await new Promise<void>((resolve) => {
        setTimeout(resolve, delay);
      });
    }
    if (fault.code === undefined) return;
    const details = fault.code === 429 ? { retryAfterSeconds: fault.retryAfterSeconds ?? 1 } : {};
    throw new StatusError(
      fault.code,
      reasons[fault.code] ?? 'Unknown',
      fault.message ?? `injected fault ${fault.code}`,
      details,
    );
  }
}

function pick(body: Record<string, unknown>): Record<string, unknown> {
  const kinds: Record<string, string> = {
    code: 'number',
    delayMilliseconds: 'number',
    method: 'string',
    resource: 'string',
    watch: 'boolean',
    retryAfterSeconds: 'number',
    forMilliseconds: 'number',
    message: 'string',
  };
  const result: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(body)) {
    if (key === 'count') continue;
    if (kinds[key] === undefined) throw badRequest(`a fault has no member "${key}"`);
    if (typeof value !== kinds[key]) throw badRequest(`"${key}" of a fault must be a ${kinds[key]}`);
    result[key] = value;
  }
  return result;
}
