// The few kinds of panels that the dashboards use, as Grafana 10 and newer read them.

const DATASOURCE = { type: 'prometheus', uid: '${datasource}' };

/** A dashboard: rows of panels, each row as high as its panels; widths share the 24 columns of the grid. */
export function dashboard({ uid, title, description, variables, annotations, rows }) {
  const panels = [];
  let y = 0;
  for (const { title: row, height = 8, panels: inRow } of rows) {
    panels.push({
      id: panels.length + 1,
      type: 'row',
      title: row,
      collapsed: false,
      gridPos: { x: 0, y, w: 24, h: 1 },
      panels: [],
    });
    y += 1;
    const w = Math.floor(24 / inRow.length);
    for (const [index, panel] of inRow.entries()) {
      panels.push({ id: panels.length + 1, ...panel, gridPos: { x: index * w, y, w, h: height } });
    }
    y += height;
  }
  return {
    uid,
    title,
    description,
    tags: ['tuneyard'],
    schemaVersion: 39,
    editable: true,
    graphTooltip: 1,
    refresh: '30s',
    time: { from: 'now-3h', to: 'now' },
    templating: {
      list: [
        { name: 'datasource', type: 'datasource', query: 'prometheus', label: 'Data source', current: {} },
        ...variables,
      ],
    },
    annotations: { list: annotations ?? [] },
    links: [
      {
        type: 'dashboards',
        tags: ['tuneyard'],
        title: 'Tuneyard',
        asDropdown: false,
        includeVars: true,
        keepTime: true,
      },
    ],
    panels,
  };
}

/** A choice among the values of a label. */
export const choice = (name, label, query, { all = true } = {}) => ({
  name,
  label,
  type: 'query',
  datasource: DATASOURCE,
  query: { query, refId: name },
  definition: query,
  refresh: 2,
  sort: 1,
  multi: all,
  includeAll: all,
  ...(all ? { allValue: '.*', current: { text: 'All', value: '$__all' } } : { current: {} }),
});

/** Marks moments on every graph of the dashboard. */
export const annotation = (name, color, expr, titleFormat) => ({
  name,
  datasource: DATASOURCE,
  enable: true,
  iconColor: color,
  expr,
  titleFormat,
  step: '60s',
});

const targets = (queries) =>
  queries.map(([expr, legendFormat], index) => ({
    refId: String.fromCodePoint(65 + index),
    datasource: DATASOURCE,
    expr,
    legendFormat,
  }));

/** Lines over time. `stack`: drawn on top of each other; `log`: logarithmic axis. */
export const lines = (title, description, unit, queries, { stack = false, log = false, min, max } = {}) => ({
  type: 'timeseries',
  title,
  description,
  datasource: DATASOURCE,
  targets: targets(queries),
  fieldConfig: {
    defaults: {
      unit,
      ...(min === undefined ? {} : { min }),
      ...(max === undefined ? {} : { max }),
      custom: {
        lineWidth: 2,
        fillOpacity: stack ? 40 : 8,
        showPoints: 'never',
        spanNulls: true,
        ...(stack ? { stacking: { mode: 'normal', group: 'A' } } : {}),
        ...(log ? { scaleDistribution: { type: 'log', log: 10 } } : {}),
      },
    },
    overrides: [],
  },
  options: {
    legend: { displayMode: 'table', placement: 'bottom', calcs: ['lastNotNull', 'max'], showLegend: true },
    tooltip: { mode: 'multi', sort: 'desc' },
  },
});

/** One number; thresholds are [value, color] in rising order, the first being the base. */
export const number = (title, description, unit, expr, thresholds = [[null, 'green']]) => ({
  type: 'stat',
  title,
  description,
  datasource: DATASOURCE,
  targets: [{ ...targets([[expr, '']])[0], instant: true }],
  fieldConfig: {
    defaults: {
      unit,
      noValue: '–',
      thresholds: { mode: 'absolute', steps: thresholds.map(([value, color]) => ({ value, color })) },
    },
    overrides: [],
  },
  options: { colorMode: 'value', graphMode: 'area', reduceOptions: { calcs: ['lastNotNull'] } },
});

/** Bars of one moment, longest first. */
export const bars = (title, description, unit, queries, { max } = {}) => ({
  type: 'bargauge',
  title,
  description,
  datasource: DATASOURCE,
  targets: targets(queries).map((target) => ({ ...target, instant: true })),
  fieldConfig: { defaults: { unit, min: 0, ...(max === undefined ? {} : { max }) }, overrides: [] },
  options: { orientation: 'horizontal', displayMode: 'gradient', reduceOptions: { calcs: ['lastNotNull'] } },
});
