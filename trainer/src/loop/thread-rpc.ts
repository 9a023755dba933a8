import type { MessagePort, Worker } from 'node:worker_threads';
import { DivergedError, ResourceError, UserError } from '../errors.js';

/** Errors whose class decides what happens to the job, so that it must survive the way between threads. */
const CLASSES = { UserError, ResourceError, DivergedError } as const;
type ErrorClass = keyof typeof CLASSES;

interface Call {
  readonly id: number;
  readonly method: string;
  readonly args: readonly unknown[];
}

type Reply = { readonly id: number } & (
  | { readonly ok: true; readonly value: unknown }
  | {
      readonly ok: false;
      /** Undefined for any other error. */
      readonly kind: ErrorClass | undefined;
      readonly message: string;
      readonly stack: string | undefined;
    }
);

type Methods = Record<string, (...args: never[]) => Promise<unknown>>;

/**
 * Serves `methods` to the other end of the port, one call at a time in the order of arrival. A byte array that a method
 * returns is given away, not copied.
 */
export function serveCalls(port: MessagePort, methods: Methods): void {
  let last: Promise<void> = Promise.resolve();
  port.on('message', (call: Call) => {
    last = last.then(async () => {
      const reply = await answer(call, methods);
      port.postMessage(reply, reply.ok ? givenAway(reply.value) : []);
    });
  });
}

async function answer(call: Call, methods: Methods): Promise<Reply> {
  try {
    const method = methods[call.method] as ((...args: readonly unknown[]) => Promise<unknown>) | undefined;
    if (!method) throw new Error(`no method ${call.method} in this thread`);
    return { id: call.id, ok: true, value: await method(...call.args) };
  } catch (error) {
    const { message, stack } = error instanceof Error ? error : new Error(String(error));
    return { id: call.id, ok: false, kind: classOf(error), message, stack };
  }
}

/** Buffers that one argument or result fills alone: they can change hands without a copy, however large they are. */
function givenAway(value: unknown): ArrayBuffer[] {
  const fills =
    value instanceof Uint8Array &&
    value.buffer instanceof ArrayBuffer &&
    value.byteLength === value.buffer.byteLength;
  return fills ? [value.buffer] : [];
}

const classOf = (error: unknown) =>
  (Object.keys(CLASSES) as ErrorClass[]).find((kind) => error instanceof CLASSES[kind]);

/**
 * Calls methods that a worker thread serves; every open call is rejected when the thread ends. A byte array among the
 * arguments is given away, not copied.
 */
export class ThreadCaller {
  private readonly open = new Map<
    number,
    { resolve: (value: unknown) => void; reject: (error: Error) => void }
  >();
  private nextId = 0;
  private ended: Error | undefined;

  constructor(private readonly worker: Worker) {
    worker.on('message', (reply: Reply) => this.settle(reply));
    worker.on('error', (error) =>
      this.end(new Error(`the compute thread failed: ${error.message}`, { cause: error })),
    );
    worker.on('exit', (code) => this.end(new Error(`the compute thread ended with code ${code}`)));
  }

  call<T>(method: string, ...args: readonly unknown[]): Promise<T> {
    if (this.ended) return Promise.reject(this.ended);
    const id = this.nextId++;
    return new Promise<T>((resolve, reject) => {
      this.open.set(id, { resolve: resolve as (value: unknown) => void, reject });
      this.worker.postMessage({ id, method, args } satisfies Call, args.flatMap(givenAway));
    });
  }

  private settle(reply: Reply): void {
    const call = this.open.get(reply.id);
    if (!call) return;
    this.open.delete(reply.id);
    if (reply.ok) return call.resolve(reply.value);
    const error = new (reply.kind === undefined ? Error : CLASSES[reply.kind])(reply.message);
    if (reply.stack) error.stack = reply.stack;
    call.reject(error);
  }

  private end(error: Error): void {
    this.ended ??= error;
    for (const call of this.open.values()) call.reject(error);
    this.open.clear();
  }
}
