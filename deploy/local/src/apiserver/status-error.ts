import type { JsonObject } from './json.js';

export interface StatusCause {
  reason: string;
  message: string;
  field: string;
}

export interface StatusDetails {
  name?: string;
  group?: string;
  kind?: string;
  uid?: string;
  causes?: StatusCause[];
  retryAfterSeconds?: number;
}

/** An answer other than success, as the Kubernetes API states it (`kind: Status`). */
export class StatusError extends Error {
  override readonly name = 'StatusError';
  constructor(
    /** HTTP status code. */
    readonly code: number,
    /** Machine-readable reason, e.g. NotFound. */
    readonly reason: string,
    message: string,
    readonly details: StatusDetails = {},
  ) {
    super(message);
  }

  toStatus(): JsonObject {
    return {
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Failure',
      message: this.message,
      reason: this.reason,
      ...(Object.keys(this.details).length > 0 ? { details: this.details } : {}),
      code: this.code,
    };
  }
}

/** What an error speaks about: the served resource and, where there is one, its kind. */
export interface ErrorSubject {
  group: string;
  resource: string;
  kind?: string;
}

const qualified = (subject: ErrorSubject): string =>
  subject.group ? `${subject.resource}.${subject.group}` : subject.resource;

const detailsOf = (subject: ErrorSubject, name: string): StatusDetails => ({
  name,
  ...(subject.group ? { group: subject.group } : {}),
  kind: subject.resource,
});

export const notFound = (subject: ErrorSubject, name: string): StatusError =>
  new StatusError(404, 'NotFound', `${qualified(subject)} "${name}" not found`, detailsOf(subject, name));

export const noSuchPath = (): StatusError =>
  new StatusError(404, 'NotFound', 'the server could not find the requested resource');

export const alreadyExists = (subject: ErrorSubject, name: string): StatusError =>
  new StatusError(
    409,
    'AlreadyExists',
    `${qualified(subject)} "${name}" already exists`,
    detailsOf(subject, name),
  );

export const conflict = (subject: ErrorSubject, name: string, why: string): StatusError =>
  new StatusError(
    409,
    'Conflict',
    `Operation cannot be fulfilled on ${qualified(subject)} "${name}": ${why}`,
    detailsOf(subject, name),
  );

export const modified = (subject: ErrorSubject, name: string): StatusError =>
  conflict(
    subject,
    name,
    'the object has been modified; please apply your changes to the latest version and try again',
  );

export const badRequest = (message: string): StatusError => new StatusError(400, 'BadRequest', message);

export const forbidden = (subject: ErrorSubject, name: string, why: string): StatusError =>
  new StatusError(
    403,
    'Forbidden',
    `${qualified(subject)}${name ? ` "${name}"` : ''} is forbidden: ${why}`,
    detailsOf(subject, name),
  );

export const methodNotAllowed = (): StatusError =>
  new StatusError(405, 'MethodNotAllowed', 'the server does not allow this method on the requested resource');

export const unsupportedMedia = (message: string): StatusError =>
  new StatusError(415, 'UnsupportedMediaType', message);

export const expired = (message: string): StatusError => new StatusError(410, 'Expired', message);

export const tooManyRequests = (message: string, retryAfterSeconds: number): StatusError =>
  new StatusError(429, 'TooManyRequests', message, { retryAfterSeconds });

/** 422 with one cause per bad field; the message lists them as kubectl shows them. */
export function invalid(group: string, kind: string, name: string, causes: StatusCause[]): StatusError {
  const texts = causes.map((cause) => `${cause.field}: ${cause.message}`);
  const list = texts.length === 1 ? texts[0] : `[${texts.join(', ')}]`;
  const subject = group ? `${kind}.${group}` : kind;
  return new StatusError(422, 'Invalid', `${subject} "${name}" is invalid: ${list}`, {
    name,
    ...(group ? { group } : {}),
    kind,
    causes,
  });
}
