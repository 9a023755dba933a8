import { existsSync } from 'node:fs';
import {
  Agent as HttpAgent,
  request as httpRequest,
  type IncomingMessage,
  type RequestOptions,
} from 'node:http';
import {
  Agent as HttpsAgent,
  request as httpsRequest,
  type RequestOptions as HttpsOptions,
} from 'node:https';
import { createInterface } from 'node:readline';
import { KubeConfig } from '@kubernetes/client-node';
import { isObject, type JsonObject, textOf } from '../apiserver/json.js';
import type { KubeObject } from '../apiserver/kube-object.js';
import { UserError, messageOf } from '../errors.js';

/** The server answered with something other than success. */
export class KubeError extends Error {
  override readonly name = 'KubeError';
  constructor(
    /** HTTP status code. */
    readonly code: number,
    readonly reason: string,
    message: string,
  ) {
    super(message);
  }
}

export interface WatchEvent {
  type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK' | 'ERROR';
  object: KubeObject;
}

const requestTimeoutMilliseconds = 30_000;

/** A small client for any API server, configured and authenticated by a kubeconfig. */
export class KubeClient {
  private constructor(
    private readonly base: URL,
    private readonly options: HttpsOptions,
    private readonly agent: HttpAgent,
    /** Credentials that go as headers. */
    private readonly headers: Record<string, string>,
    private readonly userAgent: string,
  ) {}

  /** Reads a kubeconfig file; throws UserError when it cannot be used. */
  static async fromKubeconfig(file: string, userAgent: string): Promise<KubeClient> {
    if (!existsSync(file))
      throw new UserError(`The kubeconfig ${file} does not exist; give its path with --kubeconfig.`);
    const config = new KubeConfig();
    try {
      config.loadFromFile(file);
    } catch (error) {
      throw new UserError(`The kubeconfig ${file} cannot be read: ${messageOf(error)}`);
    }
    const cluster = config.getCurrentCluster();
    if (!cluster) throw new UserError(`The kubeconfig ${file} has no current context with a cluster.`);
    const options: HttpsOptions = {};
    await config.applyToHTTPSOptions(options);
    const { ca, cert, key, rejectUnauthorized, servername } = options;
    const base = new URL(cluster.server);
    const trust = { ca, cert, key, rejectUnauthorized, servername };
    const tls = Object.fromEntries(
      Object.entries(trust).filter(([, value]) => value !== undefined && value !== null),
    );
    const agent =
      base.protocol === 'https:'
        ? new HttpsAgent({ ...tls, keepAlive: true })
        : new HttpAgent({ keepAlive: true });
    const credentials: Record<string, string> = {};
    for (const [name, value] of Object.entries(options.headers ?? {})) credentials[name] = String(value);
    return new KubeClient(base, { ...options, agent }, agent, credentials, userAgent);
  }

  /** Closes idle connections. */
  close(): void {
    this.agent.destroy();
  }

  get<T extends JsonObject = KubeObject>(path: string): Promise<T> {
    return this.send<T>('GET', path);
  }

  create(path: string, body: JsonObject): Promise<KubeObject> {
    return this.send('POST', path, body);
  }

  replace(path: string, body: JsonObject): Promise<KubeObject> {
    return this.send('PUT', path, body);
  }

  mergePatch(path: string, body: JsonObject): Promise<KubeObject> {
    return this.send('PATCH', path, body, 'application/merge-patch+json');
  }

  remove(path: string, body: JsonObject): Promise<KubeObject> {
    return this.send('DELETE', path, body);
  }

  private open(
    method: string,
    path: string,
    headers: Record<string, string>,
    onAnswer: (answer: IncomingMessage) => void,
  ) {
    const url = new URL(this.base.pathname.replace(/\/$/, '') + path, this.base);
    const options: RequestOptions = {
      ...this.options,
      method,
      headers: {
        ...this.headers,
        'user-agent': this.userAgent,
        accept: 'application/json',
        ...headers,
      },
    };
    return url.protocol === 'https:'
      ? httpsRequest(url, options as HttpsOptions, onAnswer)
      : httpRequest(url, options, onAnswer);
  }

  private send<T extends JsonObject = KubeObject>(
    method: string,
    path: string,
    body?: JsonObject,
    contentType = 'application/json',
  ): Promise<T> {
    return new Promise((resolve, reject) => {
      const bytes = body && Buffer.from(JSON.stringify(body));
      const headers: Record<string, string> = bytes
        ? { 'content-type': contentType, 'content-length': String(bytes.length) }
        : {};
      const call = this.open(method, path, headers, (answer) => {
        readAll(answer).then((text) => {
          const code = answer.statusCode ?? 0;
          if (code >= 200 && code < 300) resolve(JSON.parse(text));
          else reject(errorOf(code, text));
        }, reject);
      });
      call.setTimeout(requestTimeoutMilliseconds, () =>
        call.destroy(new Error(`no answer from ${this.base.host} in 30 s`)),
      );
      call.on('error', reject);
      call.end(bytes);
    });
  }

  /** Streams watch events until the server ends the stream or `signal` aborts. Throws KubeError or a socket error. */
  async *watch(path: string, signal: AbortSignal): AsyncGenerator<WatchEvent> {
    const answer = await new Promise<IncomingMessage>((resolve, reject) => {
      const call = this.open('GET', path, {}, resolve);
      call.on('error', reject);
      signal.addEventListener('abort', () => call.destroy(), { once: true });
      call.end();
    });
    if (answer.statusCode !== 200) throw errorOf(answer.statusCode ?? 0, await readAll(answer));
    answer.on('error', () => undefined);
    for await (const line of createInterface({ input: answer, crlfDelay: Number.POSITIVE_INFINITY })) {
      if (signal.aborted) return;
      if (line) yield parseEvent(line);
    }
  }
}

function parseEvent(line: string): WatchEvent {
  return JSON.parse(line);
}

async function readAll(answer: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of answer as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
}

function errorOf(code: number, text: string): KubeError {
  try {
    const status: unknown = JSON.parse(text);
    if (isObject(status))
      return new KubeError(code, textOf(status['reason']), textOf(status['message']) || text);
  } catch {
    // Not a Status; the text is all there is.
  }
  return new KubeError(code, '', text.slice(0, 500) || `HTTP ${code}`);
}
