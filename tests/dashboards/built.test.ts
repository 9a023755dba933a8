import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';

const folder = new URL('../../deploy/grafana/', import.meta.url);
const { DASHBOARDS } = (await import(new URL('build.mjs', folder).href)) as {
  DASHBOARDS: Record<string, object>;
};

it.each(Object.keys(DASHBOARDS))('%s is as its source says (node deploy/grafana/build.mjs)', (file) => {
  expect(JSON.parse(readFileSync(new URL(file, folder), 'utf8'))).toEqual(
    JSON.parse(JSON.stringify(DASHBOARDS[file])),
  );
});
