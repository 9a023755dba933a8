// Fetches a model as a worker does, prints where it is, and keeps it in use until it is ended:
//   node fetch-process.js URI
import { fetchSource } from '../fetch-source.js';
import { openStorage } from '../open-storage.js';

const [, , uri = ''] = process.argv;
const log = { info: (message: string) => console.error(message), received: () => undefined };
const wanted = { uri, purpose: 'model', revision: '', secret: '', field: 'model.source' } as const;
const fetched = await fetchSource(wanted, openStorage(process.env, log));
console.log(fetched.uri);
process.stdin.resume().on('end', () => process.exit(0));
