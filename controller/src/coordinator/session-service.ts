import { status, type ServerDuplexStream } from '@grpc/grpc-js';
import type { Directive, Hello, WorkerMessage } from '@tuneyard/proto';

import type { PeerCertificate } from 'node:tls';
import { jobAuthorityName } from '../certificates/names.js';
import type { JobRuntime } from './job-runtime.js';
import type { WorkerChannel } from './job-runtime-options.js';
import { hostOfPeer, type PendingHellos } from './pending-hellos.js';
import { sameToken } from './token.js';
import { soundReport, weightOf } from './worker-report.js';

/** Directives that a worker has not taken yet; more means that it does not read. */
const MAX_UNREAD_DIRECTIVES = 256;
const MAX_NAME_LENGTH = 253;

export interface SessionSettings {
  /** A stream that has not said hello by then ends. */
  readonly helloTimeoutMs: number;
  readonly heartbeatIntervalSeconds: number;
  readonly heartbeatTimeoutSeconds: number;
  /** Those of all streams of the server. */
  readonly pendingHellos: PendingHellos;
  /** A worker's certificate must come from its job's authority and name its member id. */
  readonly requireCertificate: boolean;
}

type SessionCall = ServerDuplexStream<WorkerMessage, Directive>;

/** Handles one worker's stream: checks Hello, then passes messages on until either side ends. */
export function serveSession(
  call: SessionCall,
  findJob: (uid: string) => JobRuntime | undefined,
  settings: SessionSettings,
): void {
  let joined: { readonly runtime: JobRuntime; readonly memberId: string } | undefined;
  let ended = false;
  let finishing = false;
  let unread = 0;

  const greeted = settings.pendingHellos.enter(hostOfPeer(call.getPeer()));
  const refuse = (code: status, details: string): void => {
    if (ended) return;
    ended = true;
    clearTimeout(deadline);
    greeted?.();
    call.emit('error', { code, details });
  };
  const deadline = setTimeout(
    () => refuse(status.DEADLINE_EXCEEDED, 'no Hello in time'),
    settings.helloTimeoutMs,
  );
  const channel: WorkerChannel = {
    send: (directive) => {
      if (ended) return;
      unread += 1;
      if (unread > MAX_UNREAD_DIRECTIVES) return channel.end('the worker does not read its directives');
      call.write(directive, () => (unread -= 1));
    },
    end: (reason) => {
      if (reason !== undefined) return refuse(status.UNAVAILABLE, reason);
      if (ended) return;
      ended = true;
      call.end();
    },
  };
  const leave = (): void => {
    clearTimeout(deadline);
    greeted?.();
    ended = true;
    joined?.runtime.detach(joined.memberId, channel);
    joined = undefined;
  };

  call.on('data', (said: WorkerMessage) => {
    if (ended) return;
    const message = soundReport(said);
    if (joined !== undefined) {
      finishing ||= message.body?.$case === 'finished';
      return joined.runtime.receive(joined.memberId, message, channel, weightOf(said));
    }
    clearTimeout(deadline);
    greeted?.();
    if (message.body?.$case !== 'hello')
      return refuse(status.FAILED_PRECONDITION, 'the first message must be Hello');
    const hello = message.body.value;
    const runtime = findJob(hello.job?.uid ?? '');
    const refusal =
      checkHello(hello, runtime) ??
      (settings.requireCertificate
        ? checkCertificate(hello, call.getAuthContext().sslPeerCertificate)
        : undefined);
    if (refusal !== undefined) return refuse(refusal.code, refusal.details);
    if (runtime === undefined) return;
    joined = { runtime, memberId: hello.memberId };
    if (!runtime.attach(hello, channel, welcome(runtime, settings))) {
      joined = undefined;
      refuse(status.ALREADY_EXISTS, `member id ${hello.memberId} belongs to a running worker`);
    }
  });
  // A worker that closes its side leaves; after Finished the runtime ends the stream, once the store has it.
  call.on('end', () => {
    if (!finishing) channel.end();
  });
  call.on('cancelled', leave);
  call.on('close', leave);
  call.on('error', leave);
  call.on('finish', leave);
  if (greeted === undefined)
    refuse(status.RESOURCE_EXHAUSTED, 'too many streams of this address have not said hello yet');
}

function welcome(runtime: JobRuntime, settings: SessionSettings): Directive {
  return {
    body: {
      $case: 'welcome',
      value: {
        config: runtime.job.config,
        heartbeatIntervalSeconds: settings.heartbeatIntervalSeconds,
        heartbeatTimeoutSeconds: settings.heartbeatTimeoutSeconds,
      },
    },
  };
}

function checkHello(
  hello: Hello,
  runtime: JobRuntime | undefined,
): { readonly code: status; readonly details: string } | undefined {
  const { ref, token } = runtime?.job ?? {};
  // Unknown jobs and wrong tokens take the same path as far as they can: both compare a token.
  const trusted = sameToken(hello.token, token ?? 'no such job');
  if (ref === undefined) return { code: status.NOT_FOUND, details: 'no such job here (yet)' };
  const bound = hello.job?.namespace === ref.namespace && hello.job.name === ref.name;
  if (!trusted || !bound)
    return { code: status.UNAUTHENTICATED, details: 'the token does not belong to this job' };
  const named = [hello.memberId, hello.incarnation, hello.address];
  if (
    named.some((name) => name === '' || name.length > MAX_NAME_LENGTH) ||
    hello.bulkAddress.length > MAX_NAME_LENGTH ||
    (hello.node ?? '').length > MAX_NAME_LENGTH
  )
    return {
      code: status.FAILED_PRECONDITION,
      details: `Hello needs member_id, incarnation and address of 1 to ${MAX_NAME_LENGTH} characters`,
    };
  return undefined;
}

/** The connection's certificate is sound, or there would be no connection; here: is it this member's of this job? */
function checkCertificate(
  { job, memberId }: Hello,
  certificate: PeerCertificate | undefined,
): { readonly code: status; readonly details: string } | undefined {
  const isOfJob = certificate?.issuer?.CN === jobAuthorityName(job?.uid ?? '');
  if (isOfJob && certificate.subjectaltname === `DNS:${memberId}`) return undefined;
  return {
    code: status.UNAUTHENTICATED,
    details: `the certificate is not that of member ${memberId} of this job`,
  };
}
