import { readFileSync } from 'node:fs';
import { parse } from 'yaml';

export interface Query {
  /** Where a person finds it. */
  readonly place: string;
  readonly expr: string;
}

interface Panel {
  readonly title: string;
  readonly targets?: readonly { readonly expr: string }[];
}
export interface Dashboard {
  readonly title: string;
  readonly panels: readonly Panel[];
  readonly annotations: { readonly list: readonly { readonly name: string; readonly expr: string }[] };
  readonly templating: { readonly list: readonly { readonly name: string; readonly definition?: string }[] };
}
export interface Rules {
  readonly groups: readonly {
    readonly rules: readonly {
      readonly alert: string;
      readonly expr: string;
      readonly labels: Readonly<Record<string, string>>;
      readonly annotations: Readonly<Record<string, string>>;
    }[];
  }[];
}

const read = (path: string) => readFileSync(new URL(`../../deploy/${path}`, import.meta.url), 'utf8');

export const dashboards = ['pool', 'job'].map(
  (name) => JSON.parse(read(`grafana/${name}.json`)) as Dashboard,
);
export const rules = parse(read('prometheus/rules.yaml')) as Rules;

export const panelQueries: readonly Query[] = dashboards.flatMap(({ title, panels, annotations }) => [
  ...panels.flatMap((panel) =>
    (panel.targets ?? []).map(({ expr }) => ({ place: `${title}: ${panel.title}`, expr })),
  ),
  ...annotations.list.map(({ name, expr }) => ({ place: `${title}: marks of ${name}`, expr })),
]);

export const alertQueries: readonly Query[] = rules.groups.flatMap(({ rules: alerts }) =>
  alerts.map(({ alert, expr }) => ({ place: alert, expr })),
);

/** What Grafana puts in place of its variables before it asks Prometheus. */
export const resolved = (expr: string) =>
  expr
    .replaceAll('$__rate_interval', '1m')
    .replaceAll('$queue', '.*')
    .replaceAll('$namespace', 'team-legal')
    .replaceAll('$job', 'contracts');
