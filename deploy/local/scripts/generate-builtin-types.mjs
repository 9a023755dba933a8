// Writes data/builtin-types.json: the field tables of the built-in kinds that the server serves, taken from the
// models of @kubernetes/client-node (types, required fields, descriptions) so that nothing is typed by hand.
// Run: node deploy/local/scripts/generate-builtin-types.mjs
import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const roots = [
  'V1Namespace',
  'V1Pod',
  'V1Node',
  'V1ConfigMap',
  'V1Secret',
  'V1Service',
  'V1Endpoints',
  'V1ServiceAccount',
  'CoreV1Event',
  'EventsV1Event',
  'V1PersistentVolumeClaim',
  'V1PersistentVolume',
  'V1ResourceQuota',
  'V1LimitRange',
  'V1Deployment',
  'V1StatefulSet',
  'V1ReplicaSet',
  'V1DaemonSet',
  'V1Job',
  'V1CronJob',
  'V1Lease',
  'V1Role',
  'V1ClusterRole',
  'V1RoleBinding',
  'V1ClusterRoleBinding',
  'V1PriorityClass',
  'V1PodDisruptionBudget',
  'V1StorageClass',
  'V1NetworkPolicy',
  'V1Ingress',
  'V1IngressClass',
  'V1Ingress',
  'V1EndpointSlice',
  'V1ValidatingAdmissionPolicy',
  'V1ValidatingAdmissionPolicyBinding',
  'V1CustomResourceDefinition',
  'V1Scale',
  'V1Eviction',
  'V1Binding',
  'AuthenticationV1TokenRequest',
  'V1PodTemplate',
  'V1HorizontalPodAutoscaler',
  'V2HorizontalPodAutoscaler',
];
const quantityMaps = new Set([
  'limits',
  'requests',
  'capacity',
  'allocatable',
  'hard',
  'used',
  'overhead',
  'allocatedResources',
  'max',
  'min',
  'default',
  'defaultRequest',
  'maxLimitRequestRatio',
]);
const quantities = new Set(['sizeLimit', 'divisor', 'averageValue']);

const require = createRequire(import.meta.url);
const models = path.join(path.dirname(require.resolve('@kubernetes/client-node')), 'gen/models');
const types = {};

function typeOf(attribute) {
  const { type, format, baseName } = attribute;
  if (quantities.has(baseName) && type === 'string') return 'quantity';
  const map = /^\{ \[key: string\]: (.+); \}$/.exec(type);
  if (map)
    return quantityMaps.has(baseName) && map[1] === 'string'
      ? 'map:quantity'
      : `map:${typeOf({ type: map[1], baseName: '' })}`;
  const list = /^Array<(.+)>$/.exec(type);
  if (list) return `list:${typeOf({ type: list[1], baseName: '' })}`;
  if (type === 'IntOrString') return 'int-or-string';
  if (type === 'any' || type === 'object') return 'any';
  if (type === 'Date' || type === 'V1MicroTime') return 'time';
  if (type === 'number') return format === 'double' || format === 'float' ? 'number' : 'integer';
  if (type === 'string' || type === 'boolean') return format === 'byte' ? 'byte' : type;
  visit(type);
  return type;
}

function visit(name) {
  if (types[name]) return;
  const entry = (types[name] = { d: '', r: [], p: {} });
  const declaration = readFileSync(path.join(models, `${name}.d.ts`), 'utf8');
  const source = readFileSync(path.join(models, `${name}.js`), 'utf8');
  entry.d = /\/\*\*\n\* ([^\n]*)\n\*\/\nexport declare class/.exec(declaration)?.[1] ?? '';
  const literal = /attributeTypeMap = (\[[\s\S]*?\n\]);/.exec(source)?.[1] ?? '[]';
  for (const attribute of JSON.parse(literal)) {
    const doc = new RegExp(`/\\*\\*\\n    \\* ([^\\n]*)\\n    \\*/\\n    '${attribute.name}'(\\??):`).exec(
      declaration,
    );
    const required = new RegExp(`'${attribute.name}': `).test(declaration);
    if (required) entry.r.push(attribute.baseName);
    entry.p[attribute.baseName] = [typeOf(attribute), doc?.[1] ?? ''];
  }
}

for (const root of roots) visit(root);
const out = fileURLToPath(new URL('../data/builtin-types.json', import.meta.url));
const lines = Object.keys(types)
  .sort()
  .map((name) => `${JSON.stringify(name)}:${JSON.stringify(types[name])}`);
writeFileSync(out, `{\n${lines.join(',\n')}\n}\n`);
console.log(`${Object.keys(types).length} types written to ${out}`);
