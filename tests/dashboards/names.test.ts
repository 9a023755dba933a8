import { describe, expect, it } from 'vitest';
import { alertQueries, dashboards, panelQueries, rules } from './queries.js';
import { exportedMetrics } from './registries.js';

/** Counters of NVIDIA's DCGM exporter that its default list has, and the labels by which it names pods. */
const DCGM = ['DCGM_FI_DEV_GPU_UTIL', 'DCGM_FI_DEV_FB_USED'];
const DCGM_LABELS = ['pod', 'namespace', 'exported_pod', 'exported_namespace'];

const series = new Map<string, readonly string[]>(DCGM.map((name) => [name, DCGM_LABELS]));
for (const { name, type, labels } of exportedMetrics) {
  series.set(name, labels);
  if (type === 'histogram') {
    series.set(`${name}_bucket`, [...labels, 'le']);
    for (const part of ['sum', 'count']) series.set(`${name}_${part}`, labels);
  }
}

/** Names of series in a query, each with the labels that its selector asks for. */
function selected(expr: string): { name: string; labels: string[] }[] {
  const names = /\b((?:tuneyard|workqueue|process|nodejs|DCGM)_\w+)(?:\{([^}]*)\})?/g;
  return [...expr.matchAll(names)].map(([, name = '', selector = '']) => ({
    name,
    labels: [...selector.matchAll(/(\w+)\s*(?:=~|!~|!=|=)/g)].map(([, label = '']) => label),
  }));
}

const queries = [...panelQueries, ...alertQueries];

describe('dashboards and alerts', () => {
  it('name only metrics that the programs export, with labels that these have', () => {
    const unknown: string[] = [];
    for (const { place, expr } of queries) {
      const found = selected(expr);
      expect(found.length, place).toBeGreaterThan(0);
      for (const { name, labels } of found) {
        const known = series.get(name);
        if (known === undefined) unknown.push(`${place}: ${name}`);
        for (const label of labels)
          if (known?.includes(label) === false) unknown.push(`${place}: ${name}{${label}}`);
      }
    }
    expect(unknown).toEqual([]);
  });

  it('group by labels that some series of the query has', () => {
    for (const { place, expr } of queries) {
      const known = new Set(selected(expr).flatMap(({ name }) => series.get(name) ?? []));
      for (const [, list = ''] of expr.matchAll(/\b(?:by|on)\s*\(([^)]*)\)/g))
        for (const label of list.split(',').map((text) => text.trim()))
          if (label !== '') expect([...known], `${place}: ${label}`).toContain(label);
    }
  });

  it('show every metric of a job and of the pool somewhere', () => {
    const shown = new Set(
      queries
        .flatMap(({ expr }) => selected(expr))
        .map(({ name }) => name.replace(/_(bucket|sum|count)$/, '')),
    );
    const hidden = exportedMetrics
      .map(({ name }) => name)
      .filter((name) => name.startsWith('tuneyard_') && !shown.has(name));
    // Figures of the programs' inner life, for whoever looks for them.
    expect(hidden.sort()).toEqual([
      'tuneyard_reconcile_seconds',
      'tuneyard_status_writes_total',
      'tuneyard_trainer_downloaded_bytes_total',
      'tuneyard_trainer_trainable_parameters',
    ]);
  });

  it('ask for variables by metrics and labels that exist', () => {
    for (const { templating } of dashboards)
      for (const { definition } of templating.list) {
        if (definition === undefined) continue;
        const [{ name } = { name: '' }] = selected(definition);
        const label = /,\s*(\w+)\)$/.exec(definition)?.[1] ?? '';
        expect(series.get(name), definition).toContain(label);
      }
  });

  it('explain every panel of doubt and every alert', () => {
    for (const { alert, annotations, labels } of rules.groups.flatMap((group) => group.rules)) {
      expect(annotations['summary'], alert).toMatch(/\w/);
      expect(annotations['runbook']?.length, alert).toBeGreaterThan(60);
      expect(['critical', 'warning', 'info'], alert).toContain(labels['severity']);
    }
  });

  it('have a title for every panel, and no two panels of one title', () => {
    for (const { title, panels } of dashboards) {
      const titles = panels.map((panel) => panel.title);
      expect(
        titles.every((text) => text !== ''),
        title,
      ).toBe(true);
      expect(new Set(titles).size, title).toBe(titles.length);
    }
  });
});
