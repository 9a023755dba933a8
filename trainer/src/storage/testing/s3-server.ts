import { createHash, createHmac } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { FaultServer, sendFile } from './fault-server.js';

export interface S3Keys {
  readonly id: string;
  readonly secret: string;
}

export interface S3Store {
  readonly server: FaultServer;
  /** `bucket/key` to content. */
  readonly objects: Map<string, Buffer>;
  /** Multipart uploads that were begun and neither completed nor aborted: id to `bucket/key`. */
  readonly uploads: Map<string, string>;
}

/** An object store on this machine: signed requests, listing by pages, ranges, multipart uploads. One region, addressed by path. */
export async function startS3Server(keys: S3Keys): Promise<S3Store> {
  const objects = new Map<string, Buffer>();
  const uploads = new Map<string, string>();
  const parts = new Map<string, Map<number, Buffer>>();
  let uploadCount = 0;
  const server = await FaultServer.start((self) => async (request, response) => {
    const fault = self().faultFor(request);
    const body = await buffer(request);
    const url = new URL(request.url ?? '', self().url);
    const [bucket = '', ...rest] = url.pathname.slice(1).split('/').map(decodeURIComponent);
    const key = rest.join('/');
    const at = `${bucket}/${key}`;
    const query = url.searchParams;
    const answer = (status: number, text = '', headers: Record<string, string> = {}) =>
      void response.writeHead(status, { 'content-type': 'application/xml', ...headers }).end(text);
    if (fault?.kind === 'status') return answer(fault.status, '<Error/>', { 'retry-after': '0' });
    if (!isSigned(request, url, body, keys))
      return answer(403, '<Error><Code>SignatureDoesNotMatch</Code></Error>');
    if (bucket !== 'bucket') return answer(404, '<Error><Code>NoSuchBucket</Code></Error>');
    const uploadId = query.get('uploadId') ?? '';
    switch (request.method) {
      case 'GET': {
        if (query.has('uploads')) return answer(200, listUploads());
        if (key === '') return answer(200, listObjects());
        const content = objects.get(at);
        if (content === undefined) return answer(404, '<Error><Code>NoSuchKey</Code></Error>');
        const etag = etagOf(content);
        if ((request.headers['if-match'] ?? etag) !== etag) return answer(412);
        return sendFile(request, response, content, { etag, fault });
      }
      case 'PUT': {
        if (uploadId === '') objects.set(at, body);
        else if (uploads.get(uploadId) !== at) return answer(404, '<Error><Code>NoSuchUpload</Code></Error>');
        else parts.get(uploadId)?.set(Number(query.get('partNumber')), body);
        return answer(200, '', { etag: etagOf(body) });
      }
      case 'POST': {
        if (query.has('uploads')) {
          const id = `upload-${++uploadCount}`;
          uploads.set(id, at);
          parts.set(id, new Map());
          return answer(
            200,
            `<InitiateMultipartUploadResult><UploadId>${id}</UploadId></InitiateMultipartUploadResult>`,
          );
        }
        const sent = parts.get(uploadId);
        if (uploads.get(uploadId) !== at || sent === undefined) return answer(404, '<Error/>');
        const numbers = [...body.toString().matchAll(/<PartNumber>(\d+)</g)].map(([, number]) =>
          Number(number),
        );
        const etags = [...body.toString().matchAll(/<ETag>([^<]*)</g)].map(([, etag]) =>
          etag?.replaceAll('&quot;', '"'),
        );
        const pieces = numbers.map((number, index) => {
          const piece = sent.get(number);
          return piece !== undefined && etagOf(piece) === etags[index] ? piece : undefined;
        });
        // As the real one does: an error, with status 200.
        if (pieces.includes(undefined)) return answer(200, '<Error><Code>InvalidPart</Code></Error>');
        objects.set(at, Buffer.concat(pieces as Buffer[]));
        uploads.delete(uploadId);
        return answer(200, '<CompleteMultipartUploadResult><Key>x</Key></CompleteMultipartUploadResult>');
      }
      case 'DELETE': {
        if (uploadId === '') objects.delete(at);
        else uploads.delete(uploadId);
        return answer(204);
      }
      default:
        return answer(405);
    }

    function listObjects(): string {
      const prefix = query.get('prefix') ?? '';
      const from = query.get('continuation-token') ?? '';
      // Three objects a page, whatever is asked for.
      const most = Math.min(3, Number(query.get('max-keys')));
      const names = [...objects.keys()]
        .filter((name) => name.startsWith(`${bucket}/${prefix}`))
        .map((name) => name.slice(bucket.length + 1))
        .sort()
        .filter((name) => name > from);
      const page = names.slice(0, most);
      const contents = page.map((name) => {
        const content = objects.get(`${bucket}/${name}`)!;
        const encoded = encodeURIComponent(name).replaceAll('%2F', '/').replaceAll('%20', '+');
        return `<Contents><Key>${encoded}</Key><Size>${content.length}</Size><ETag>${etagOf(content).replaceAll('"', '&quot;')}</ETag></Contents>`;
      });
      const more = names.length > page.length;
      const token = more ? `<NextContinuationToken>${page.at(-1)}</NextContinuationToken>` : '';
      return `<?xml version="1.0"?><ListBucketResult><IsTruncated>${more}</IsTruncated>${contents.join('')}${token}</ListBucketResult>`;
    }

    function listUploads(): string {
      const found = [...uploads].filter(([, name]) =>
        name.startsWith(`${bucket}/${query.get('prefix') ?? ''}`),
      );
      const items = found.map(
        ([id, name]) =>
          `<Upload><Key>${name.slice(bucket.length + 1)}</Key><UploadId>${id}</UploadId></Upload>`,
      );
      return `<ListMultipartUploadsResult><Bucket>${bucket}</Bucket>${items.join('')}</ListMultipartUploadsResult>`;
    }
  });
  return { server, objects, uploads };
}

const etagOf = (content: Buffer) => `"${createHash('md5').update(content).digest('hex')}"`;

/** AWS signature version 4, computed anew from what arrived. */
function isSigned(request: IncomingMessage, url: URL, body: Buffer, { id, secret }: S3Keys): boolean {
  const header =
    /Credential=([^/]+)\/(\d+)\/([^/]+)\/s3\/aws4_request, SignedHeaders=([^,]+), Signature=(\w+)/.exec(
      request.headers.authorization ?? '',
    );
  if (header === null || header[1] !== id) return false;
  const [, , day = '', region = '', signed = '', signature] = header;
  const digest = createHash('sha256').update(body).digest('hex');
  if (request.headers['x-amz-content-sha256'] !== digest) return false;
  const query = [...url.searchParams]
    .map(([name, value]) => `${strictly(name)}=${strictly(value)}`)
    .sort()
    .join('&');
  const headers = signed.split(';').map((name) => `${name}:${String(request.headers[name]).trim()}\n`);
  const canonical = [request.method, url.pathname, query, headers.join(''), signed, digest].join('\n');
  const scope = `${day}/${region}/s3/aws4_request`;
  const text = [
    'AWS4-HMAC-SHA256',
    request.headers['x-amz-date'],
    scope,
    createHash('sha256').update(canonical).digest('hex'),
  ].join('\n');
  const sign = (key: string | Buffer, value: string) => createHmac('sha256', key).update(value).digest();
  const key = sign(sign(sign(sign(`AWS4${secret}`, day), region), 's3'), 'aws4_request');
  return createHmac('sha256', key).update(text).digest('hex') === signature;
}

const strictly = (text: string) =>
  encodeURIComponent(text).replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);
