#!/usr/bin/env node
import { existsSync } from 'node:fs';

const main = new URL('../dist/apiserver/main.js', import.meta.url);
if (!existsSync(main)) {
  console.error('tuneyard-apiserver: not built yet; run "npm run build" in the repository root first.');
  process.exit(2);
}
await import(main.href);
