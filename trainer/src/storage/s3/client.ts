import { createHash } from 'node:crypto';
import { AwsV4Signer } from 'aws4fetch';
import { XMLParser } from 'fast-xml-parser';
import { settingOf, type Credentials } from '../credentials.js';
import { checkAnswer, textOf, type Refusal } from '../http/answers.js';
import type { Response } from '../http/web-client.js';
import { retrying } from '../retry.js';
import type { SourceContext } from '../source.js';

export const S3_KEYS = 'AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY';
/** Answers in XML have at most 1000 entries. */
const MOST_XML_BYTES = 16 * 1024 * 1024;

export interface S3Object {
  readonly key: string;
  readonly size: number;
  readonly etag: string;
}

export interface S3Request {
  readonly method: 'GET' | 'PUT' | 'POST' | 'DELETE';
  readonly key: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
}

/** One bucket of an S3-compatible store, addressed by path, which every such store understands. */
export class S3Client {
  readonly endpoint: string;
  /** Who asks: the key id, or '' for nobody. */
  readonly keyId: string;
  private readonly region: string;
  private readonly refusal: Refusal;
  private readonly xml = new XMLParser({
    parseTagValue: false,
    isArray: (name) => name === 'Contents' || name === 'Upload',
  });

  constructor(
    private readonly context: SourceContext,
    readonly bucket: string,
    place: string,
    /** Read anew for every request, so that renewed ones count. */
    readonly access: Credentials,
  ) {
    const setting = (...keys: string[]) => settingOf(access, context.env, ...keys);
    this.region = setting('AWS_REGION', 'AWS_DEFAULT_REGION') ?? 'us-east-1';
    const endpoint = setting('AWS_ENDPOINT_URL_S3', 'AWS_ENDPOINT_URL');
    this.endpoint = (endpoint ?? `https://s3.${this.region}.amazonaws.com`).replace(/\/+$/, '');
    this.keyId = access.get('AWS_ACCESS_KEY_ID') ?? '';
    this.refusal = { place, credentials: access, keys: S3_KEYS };
  }

  /** Sends one request, signed when there is a key; the answer is as the server gave it. */
  async send({ method, key, query = {}, headers = {}, body }: S3Request): Promise<Response> {
    const path = [this.bucket, ...key.split('/')].map(encodeStrictly).join('/');
    const url = new URL(`${this.endpoint}/${path}`);
    for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
    const digest = createHash('sha256')
      .update(body ?? '')
      .digest('hex');
    const signed = await this.signed(method, url.href, { ...headers, 'x-amz-content-sha256': digest });
    return this.context.web(url.href, { method, headers: signed, ...(body === undefined ? {} : { body }) });
  }

  /** Sends a request until it is answered well. @throws UserError when it is refused, TransferError when it failed too often */
  ask(request: S3Request): Promise<Response> {
    return retrying(this.refusal.place, this.context.retry, async () => {
      const response = await this.send(request);
      await checkAnswer(response, this.refusal);
      return response;
    });
  }

  /** As {@link ask}; the answer's root element. An error that comes with status 200 is one all the same. */
  askXml(request: S3Request, root: string): Promise<Readonly<Record<string, unknown>>> {
    return retrying(this.refusal.place, this.context.retry, async () => {
      const response = await this.send(request);
      await checkAnswer(response, this.refusal);
      const text = await textOf(
        (response.body ?? []) as AsyncIterable<Uint8Array>,
        MOST_XML_BYTES,
        this.refusal.place,
      );
      const element = (this.xml.parse(text) as Record<string, unknown>)[root];
      if (typeof element !== 'object' || element === null)
        throw new Error(`the server's answer is no ${root}`);
      return element as Record<string, unknown>;
    });
  }

  /** Objects whose key begins so, in order of keys. @param most stop after so many */
  async *list(prefix: string, most = Infinity): AsyncGenerator<S3Object> {
    let continuation: string | undefined;
    let count = 0;
    do {
      const query: Record<string, string> = {
        'list-type': '2',
        prefix,
        'encoding-type': 'url',
        'max-keys': String(Math.min(1000, most)),
        ...(continuation === undefined ? {} : { 'continuation-token': continuation }),
      };
      const page = await this.askXml({ method: 'GET', key: '', query }, 'ListBucketResult');
      for (const entry of (page['Contents'] ?? []) as Record<string, string>[]) {
        // With encoding-type=url a space is "+".
        const key = decodeURIComponent((entry['Key'] ?? '').replaceAll('+', ' '));
        yield { key, size: Number(entry['Size']), etag: (entry['ETag'] ?? '').replaceAll('&quot;', '"') };
        if (++count >= most) return;
      }
      continuation = page['IsTruncated'] === 'true' ? String(page['NextContinuationToken']) : undefined;
    } while (continuation !== undefined);
  }

  private async signed(
    method: string,
    url: string,
    headers: Record<string, string>,
  ): Promise<Record<string, string>> {
    const secretAccessKey = this.access.get('AWS_SECRET_ACCESS_KEY');
    if (this.keyId === '' || secretAccessKey === undefined) return headers;
    const sessionToken = this.access.get('AWS_SESSION_TOKEN');
    // Not signed, because fetch adds to it when a range is asked for.
    const { 'accept-encoding': encoding, ...signable } = headers;
    const signer = new AwsV4Signer({
      method,
      url,
      headers: signable,
      accessKeyId: this.keyId,
      secretAccessKey,
      ...(sessionToken === undefined ? {} : { sessionToken }),
      service: 's3',
      region: this.region,
    });
    const signed = Object.fromEntries((await signer.sign()).headers);
    return encoding === undefined ? signed : { ...signed, 'accept-encoding': encoding };
  }
}

/** As the signature wants it: everything but letters, digits and `-_.~`. */
function encodeStrictly(part: string): string {
  return encodeURIComponent(part).replace(
    /[!'()*]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}
