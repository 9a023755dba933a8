/** One line of a panel: a name, and values at the times of the query's steps; NaN = none. */
export interface Series {
  readonly name: string;
  readonly values: readonly number[];
}
export interface DrawnPanel {
  readonly title: string;
  readonly type: string;
  readonly unit: string;
  readonly grid: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly series: readonly Series[];
}

const CELL = { width: 46, height: 24 };
const COLOURS = ['#3274d9', '#56a64b', '#e0752d', '#8f3bb8', '#e02f44', '#b7950b', '#17a2b8', '#6c757d'];
const MOST_NAMES = 4;

const escape = (text: string) =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
const at = (value: number) => value.toFixed(1);

/** Largest first: from how many of the unit on a prefix or a larger unit is used, and how many of the unit it is. */
const SCALES = {
  seconds: [
    [2 * 86_400, 86_400, ' d'],
    [2 * 3600, 3600, ' h'],
    [120, 60, ' min'],
    [1, 1, ' s'],
    [1e-3, 1e-3, ' ms'],
    [0, 1e-6, ' µs'],
  ],
  others: [
    [1e9, 1e9, 'G'],
    [1e6, 1e6, 'M'],
    [1e4, 1e3, 'k'],
    [1e-2, 1, ''],
    [1e-5, 1e-3, 'm'],
    [0, 1e-6, 'µ'],
  ],
} as const;
const SUFFIXES: Readonly<Record<string, string>> = { bytes: 'B', Bps: 'B/s', reqps: '/s' };

/** A value as a person reads it; units are those of Grafana. */
export function readable(value: number, unit: string): string {
  if (!Number.isFinite(value)) return '–';
  if (unit === 'percentunit') return `${(value * 100).toFixed(0)} %`;
  const isTime = unit === 's';
  const [, size, prefix] =
    (value === 0
      ? undefined
      : SCALES[isTime ? 'seconds' : 'others'].find(([from]) => Math.abs(value) >= from)) ??
    ([0, 1, isTime ? ' s' : ''] as const);
  return `${Number((value / size).toPrecision(3))}${prefix}${SUFFIXES[unit] ?? ''}`;
}

/** A picture of a dashboard's panels where Grafana would put them, as SVG. */
export function drawDashboard(title: string, panels: readonly DrawnPanel[]): string {
  const bottom = Math.max(...panels.map(({ grid }) => grid.y + grid.h)) * CELL.height;
  const [width, height] = [24 * CELL.width, bottom + 40];
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="sans-serif">`,
    `<rect width="100%" height="100%" fill="#f4f5f5"/><text x="10" y="26" font-size="18" fill="#222">${escape(title)}</text>`,
    ...panels.map(drawPanel),
    '</svg>\n',
  ].join('\n');
}

function drawPanel(panel: DrawnPanel): string {
  const { title, type, unit, grid, series } = panel;
  const [x, y] = [grid.x * CELL.width + 3, grid.y * CELL.height + 42];
  const [width, height] = [grid.w * CELL.width - 6, grid.h * CELL.height - 6];
  if (type === 'row')
    return `<text x="${x + 4}" y="${y + 14}" font-size="13" font-weight="bold" fill="#333">${escape(title)}</text>`;
  const body =
    type === 'timeseries' ? drawLines(series, unit, width, height) : drawNumbers(series, unit, type, width);
  return [
    `<g transform="translate(${x},${y})"><rect width="${width}" height="${height}" fill="#fff" stroke="#d8d9da"/>`,
    `<text x="8" y="17" font-size="12" fill="#222">${escape(title)}</text>${body}</g>`,
  ].join('');
}

function drawLines(series: readonly Series[], unit: string, width: number, height: number): string {
  const known = series.flatMap(({ values }) => values.filter(Number.isFinite));
  if (known.length === 0) return `<text x="8" y="44" font-size="12" fill="#888">no data</text>`;
  const names = series.slice(0, MOST_NAMES);
  const plot = { left: 56, top: 26, width: width - 66, height: height - 50 - 13 * names.length };
  const low = Math.min(0, ...known);
  const most = Math.max(...known);
  const high = most > low ? most : low + 1;
  const px = (index: number, count: number) => plot.left + (plot.width * index) / Math.max(1, count - 1);
  const py = (value: number) => plot.top + plot.height * (1 - (value - low) / (high - low));
  const paths = series.map(({ values }, index) => {
    let pen = 'M';
    const points = values.flatMap((value, i) => {
      if (!Number.isFinite(value)) {
        pen = 'M';
        return [];
      }
      const point = `${pen}${at(px(i, values.length))} ${at(py(value))}`;
      pen = 'L';
      return [point];
    });
    return `<path d="${points.join('')}" fill="none" stroke="${COLOURS[index % COLOURS.length]}" stroke-width="1.5"/>`;
  });
  const axis = [low, high].map(
    (value) =>
      `<text x="${plot.left - 5}" y="${at(py(value) + 4)}" font-size="10" text-anchor="end" fill="#666">${readable(value, unit)}</text>` +
      `<path d="M${plot.left} ${at(py(value))}h${plot.width}" stroke="#e5e5e5"/>`,
  );
  const legend = names.map(({ name, values }, index) => {
    const y = height - 8 - 13 * (names.length - 1 - index);
    const last = readable(values.findLast((value) => Number.isFinite(value)) ?? NaN, unit);
    return `<rect x="8" y="${y - 8}" width="8" height="8" fill="${COLOURS[index]}"/><text x="20" y="${y}" font-size="10" fill="#444">${escape(name)}: ${last}</text>`;
  });
  return [...axis, ...paths, ...legend].join('');
}

function drawNumbers(series: readonly Series[], unit: string, type: string, width: number): string {
  const last = series.map(({ name, values }) => ({ name, value: values.at(-1) ?? NaN }));
  if (type === 'stat' || last.length === 0)
    return `<text x="${width / 2}" y="62" font-size="26" text-anchor="middle" fill="#37872d">${readable(last[0]?.value ?? NaN, unit)}</text>`;
  const most = Math.max(...last.map(({ value }) => value)) || 1;
  return last
    .slice(0, 6)
    .map(({ name, value }, index) => {
      const y = 30 + index * 24;
      const length = Math.max(1, ((width - 16) * Math.max(0, value)) / most);
      return `<rect x="8" y="${y}" width="${at(length)}" height="18" fill="${COLOURS[index]}" opacity="0.35"/><text x="12" y="${y + 13}" font-size="11" fill="#222">${escape(name)}: ${readable(value, unit)}</text>`;
    })
    .join('');
}
