import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse, parseAllDocuments, stringify } from 'yaml';

/**
 * Renders the chart without helm: a Go template engine for JavaScript, with the functions that helm adds to it.
 * It knows what this chart uses, not all of helm; `helm lint` and `helm template` remain the last word.
 */

export const CHART = fileURLToPath(new URL('../../helm/tuneyard/', import.meta.url));

export interface KubeObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    /** What installs it, as a label says; default Helm. */
    readonly service?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly [field: string]: unknown;
}

export interface RenderOptions {
  /** Over the chart's defaults; maps are merged, everything else replaced, as helm does. */
  readonly values?: Values;
  readonly release?: string;
  readonly namespace?: string;
  /** What installs it, as a label says; default Helm. */
  readonly service?: string;
  /** API versions of the cluster beyond Kubernetes' own. */
  readonly apiVersions?: readonly string[];
  /** Of the cluster's Kubernetes, 1.x. @default 33 */
  readonly kubeMinor?: number;
  /** Answers `lookup`; default: nothing is there. */
  readonly lookup?: (kind: string, namespace: string, name: string) => unknown;
}

export type Values = { readonly [key: string]: unknown };

export interface Rendered {
  readonly objects: readonly KubeObject[];
  readonly notes: string;
}

interface TemplateFunction {
  readonly fn: (...args: never[]) => unknown;
  /** What each argument may be; here anything. */
  readonly argTypes: readonly string[];
}
interface Engine {
  parse(source: string): { evaluate(scope: unknown): string[] };
}
type EngineModule = {
  createEngine(config: object): Engine;
} & Record<string, (...args: never[]) => Record<string, TemplateFunction>>;

const ENGINE = '@promptctl/go-template-js';

/** The template engine, or undefined where it is not installed. */
export const engineModule = (await import(/* @vite-ignore */ ENGINE).catch(() => undefined)) as
  EngineModule | undefined;

const SPRIG = [
  'sprigDefaults',
  'sprigStrings',
  'sprigMath',
  'sprigLists',
  'sprigDicts',
  'sprigTypes',
  'sprigConversions',
  'sprigHash',
  'sprigFlow',
];

export function renderChart(options: RenderOptions = {}): Rendered {
  if (engineModule === undefined) throw new Error(`${ENGINE} is not installed`);
  const { module, templates } = { module: engineModule, templates: readTemplates() };
  const chart = parse(readFileSync(join(CHART, 'Chart.yaml'), 'utf8')) as Record<string, string>;
  const scope = {
    Values: mergeValues(
      parse(readFileSync(join(CHART, 'values.yaml'), 'utf8')) as Values,
      options.values ?? {},
    ),
    Chart: { Name: chart.name, Version: chart.version, AppVersion: chart.appVersion },
    Release: {
      Name: options.release ?? 'tuneyard',
      Namespace: options.namespace ?? 'tuneyard-system',
      Service: options.service ?? 'Helm',
      IsInstall: true,
      IsUpgrade: false,
      Revision: 1,
    },
    Capabilities: { KubeVersion: { Major: '1', Minor: String(options.kubeMinor ?? 33) } },
  };
  const partials = templates
    .filter(({ path }) => path.endsWith('.tpl'))
    .map(({ source }) => source)
    .join('\n');
  const evaluate = (source: string, data: unknown): string =>
    module
      .createEngine({ fromString: (text: string) => text, funcs: functions() })
      .parse(callable(`${partials}\n${source}`))
      .evaluate(data)
      .join('');
  const functions = (): Record<string, TemplateFunction> => ({
    ...Object.assign({}, ...SPRIG.map((name) => module[name]?.())),
    include: taking(2, (name: string, data: unknown) => evaluate(`{{ template "${name}" . }}`, data)),
    fromYaml: taking(1, (text: string) => parse(text) as unknown),
    fromYamlArray: taking(1, (text: string) => parse(text) as unknown),
    toJson: taking(1, (value: unknown) => JSON.stringify(value)),
    toYaml: taking(1, (value: unknown) => stringify(value, { lineWidth: 0 }).trimEnd()),
    // The engine's own does not escape inner quotes.
    quote: taking(1, (value: unknown) => JSON.stringify(String(value))),
    squote: taking(1, (value: unknown) => `'${String(value)}'`),
    // Sprig draws from the system's randomness; a rendering must be the same every time.
    randAlphaNum: taking(1, (length: number) => 'x'.repeat(length)),
    lookup: taking(4, (_version: string, kind: string, namespace: string, name: string) =>
      options.lookup?.(kind, namespace, name),
    ),
    apiVersionsHas: taking(1, (version: string) => options.apiVersions?.includes(version) ?? false),
    filesGet: taking(1, (path: string) => readFileSync(join(CHART, path), 'utf8')),
  });
  const objects: KubeObject[] = [];
  let notes = '';
  for (const { path, source } of templates) {
    if (path.endsWith('.tpl')) continue;
    const text = evaluate(source, scope);
    if (path.endsWith('NOTES.txt')) notes = text.trim();
    else objects.push(...readObjects(path, text));
  }
  return { objects, notes };
}

const taking = (count: number, fn: TemplateFunction['fn']): TemplateFunction => ({
  fn,
  argTypes: Array.from({ length: count }, () => 'value'),
});

/** The engine calls functions by name, not methods of values. */
const callable = (source: string) =>
  source
    .replaceAll(/\$?\w*\.Capabilities\.APIVersions\.Has\b/g, 'apiVersionsHas')
    .replaceAll(/\$?\w*\.Files\.Get\b/g, 'filesGet');

function readTemplates(): { readonly path: string; readonly source: string }[] {
  const folder = join(CHART, 'templates');
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort()
    .map((file) => ({ path: relative(CHART, file), source: readFileSync(file, 'utf8') }));
}

function readObjects(path: string, text: string): KubeObject[] {
  return parseAllDocuments(text, { uniqueKeys: true }).flatMap((document) => {
    const [error] = document.errors;
    if (error !== undefined) throw new Error(`${path} renders to broken YAML: ${error.message}\n${text}`);
    const object = document.toJS() as KubeObject | null;
    return object === null ? [] : [object];
  });
}

function mergeValues(base: Values, over: Values): Values {
  const merged: Record<string, unknown> = { ...base };
  for (const [key, value] of Object.entries(over)) {
    const before = merged[key];
    merged[key] = isMap(before) && isMap(value) ? mergeValues(before, value) : value;
  }
  return merged;
}

const isMap = (value: unknown): value is Values =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
