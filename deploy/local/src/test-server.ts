import {
  startControlPlane,
  type ControlPlane,
  type ControlPlaneOptions,
} from './apiserver/start-control-plane.js';
import { arrayOr, isObject, type JsonObject } from './apiserver/json.js';

export interface Answer {
  status: number;
  body: JsonObject;
  headers: Headers;
}

/** A control plane for tests, over plain HTTP, with a bare client. */
export class TestServer {
  private constructor(readonly plane: ControlPlane) {}

  static async start(options: ControlPlaneOptions = {}): Promise<TestServer> {
    return new TestServer(await startControlPlane({ tls: false, ...options }));
  }

  close(): Promise<void> {
    return this.plane.close();
  }

  async call(
    method: string,
    path: string,
    body?: unknown,
    headers: Record<string, string> = {},
  ): Promise<Answer> {
    const response = await fetch(this.plane.url + path, {
      method,
      headers: { 'content-type': 'application/json', ...headers },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    const parsed: unknown = text.startsWith('{') ? JSON.parse(text) : { text };
    return { status: response.status, body: isObject(parsed) ? parsed : {}, headers: response.headers };
  }

  get(path: string, headers?: Record<string, string>): Promise<Answer> {
    return this.call('GET', path, undefined, headers);
  }

  patch(path: string, kind: 'merge' | 'json' | 'strategic-merge' | 'apply', body: unknown): Promise<Answer> {
    const type = kind === 'apply' ? 'application/apply-patch+yaml' : `application/${kind}-patch+json`;
    return this.call('PATCH', path, body, { 'content-type': type });
  }

  /** Reads a watch until `count` events came or the stream ended. */
  async watch(path: string, count: number): Promise<JsonObject[]> {
    const stopper = new AbortController();
    const response = await fetch(this.plane.url + path, { signal: stopper.signal });
    const events: JsonObject[] = [];
    let rest = '';
    try {
      for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) {
        const lines = (rest + chunk).split('\n');
        rest = lines.pop() ?? '';
        for (const line of lines) events.push(JSON.parse(line));
        if (events.length >= count) break;
      }
    } finally {
      stopper.abort();
    }
    return events;
  }

  /** Waits until `check` holds for the answer to a GET; throws after 10 seconds. */
  async until(path: string, check: (answer: Answer) => boolean): Promise<Answer> {
    const deadline = Date.now() + 10_000;
    for (;;) {
      const answer = await this.get(path);
      if (check(answer)) return answer;
      if (Date.now() > deadline) throw new Error(`${path} stayed ${JSON.stringify(answer.body)}`);
      await new Promise<void>((resolve) => {
        setTimeout(resolve, 20);
      });
    }
  }
}

export function names(list: JsonObject): string[] {
  return arrayOr(list['items']).map((item) =>
    isObject(item) && isObject(item['metadata']) ? String(item['metadata']['name']) : '',
  );
}
